// SPDX-License-Identifier: ISC
/*
 * Tells lines out of their place while a sorted file is read from its beginning: it needs
 * the keys of the last two lines that were in place and no more. A line whose key was
 * destroyed into another key shows when the next one comes.
 */
#ifndef AUTH_ORDER_H
#define AUTH_ORDER_H

#include <stddef.h>

#include "auth/line.h"

enum auth_place {
	AUTH_PLACE_RIGHT,
	AUTH_PLACE_WRONG,  /* this line */
	AUTH_PLACE_BEFORE, /* the last line that was called right, after all */
};

/* A zeroed one stands at the beginning. */
struct auth_order {
	char last[AUTH_KEY_SIZE];
	size_t last_len;
	char before[AUTH_KEY_SIZE];
	size_t before_len;
};

enum auth_place auth_order_next(struct auth_order *o, const char *key, size_t len);

#endif
