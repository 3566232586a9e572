// SPDX-License-Identifier: ISC
/*
 * The order of lines. Keys are copied; a key of no length is smaller than all others.
 */
#include "auth/order.h"

#include <string.h>

static void
keep_last(struct auth_order *o, const char *key, size_t len)
{
	memcpy(o->last, key, len);
	o->last_len = len;
}

enum auth_place
auth_order_next(struct auth_order *o, const char *key, size_t len)
{
	if (auth_key_compare(key, len, o->last, o->last_len) > 0) {
		memcpy(o->before, o->last, o->last_len);
		o->before_len = o->last_len;
		keep_last(o, key, len);
		return AUTH_PLACE_RIGHT;
	}
	/* Two of the same key: the second is the wrong one. */
	if (auth_key_compare(key, len, o->last, o->last_len) < 0 &&
		auth_key_compare(key, len, o->before, o->before_len) > 0) {
		keep_last(o, key, len);
		return AUTH_PLACE_BEFORE;
	}
	return AUTH_PLACE_WRONG;
}
