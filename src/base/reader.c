// SPDX-License-Identifier: ISC
/*
 * Owns nothing: what is read stays in the caller's memory. The one fault is a reader that
 * is bad.
 */
#include "base/reader.h"

const void *
reader_run(struct reader *r, size_t len)
{
	const uint8_t *at = r->at;

	if (r->bad || r->left < len) {
		r->bad = true;
		return NULL;
	}
	r->at += len;
	r->left -= len;
	return at;
}

uint32_t
reader_number(struct reader *r, size_t bytes)
{
	const uint8_t *p = reader_run(r, bytes);
	uint32_t n = 0;

	for (size_t i = 0; p && i < bytes; i++)
		n = n << 8 | p[i];
	return n;
}

uint32_t
reader_below(struct reader *r, size_t bytes, uint32_t limit)
{
	uint32_t n = reader_number(r, bytes);

	if (n < limit)
		return n;
	r->bad = true;
	return 0;
}

struct reader
reader_inner(struct reader *r, size_t bytes)
{
	size_t len = reader_number(r, bytes);
	const uint8_t *at = reader_run(r, len);

	return (struct reader){ .at = at, .left = at ? len : 0, .bad = r->bad };
}

void
reader_leave(struct reader *r, const struct reader *inner)
{
	r->bad |= inner->bad || inner->left > 0;
}
