// SPDX-License-Identifier: ISC
/*
 * Lines of a stream that comes in pieces, against those of the same stream cut whole. The
 * input is the limit less 2, the size of the pieces less 1, then the stream.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The line that begins at from, by walking it: where the next one begins, or 0. */
static size_t
walk_line(
	const char *in, size_t len, size_t from, size_t limit, enum smtp_line_fault *ret)
{
	enum smtp_line_fault fault = SMTP_LINE_FINE, found;

	for (size_t i = from; i < len; i++) {
		bool after_cr = i > from && in[i - 1] == '\r';

		if (in[i] == '\n' && after_cr) {
			*ret = i + 1 - from > limit ? SMTP_LINE_TOO_LONG : fault;
			return i + 1;
		}
		found = after_cr ? SMTP_LINE_BARE_CR : SMTP_LINE_FINE;
		if (found == SMTP_LINE_FINE && in[i] == '\n')
			found = SMTP_LINE_BARE_LF;
		if (found == SMTP_LINE_FINE && in[i] == '\0')
			found = SMTP_LINE_NUL;
		fault = fault == SMTP_LINE_FINE ? found : fault;
	}
	return 0;
}

static void
require(bool holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t limit, piece, at = 0, end = 0, held = 0;
	struct smtp_line l = { 0 };
	const char *in;

	if (size < 2)
		return 0;
	limit = data[0] + 2u;
	piece = data[1] + 1u;
	in = (const char *)data + 2;
	size -= 2;
	while (end < size) {
		bool found = true;

		end = size - end < piece ? size : end + piece;
		while (found) {
			enum smtp_line_fault fault, expected;
			size_t len, consumed, next;
			/* Copied, so that a read beyond it is seen. */
			char *copy = malloc(end - held + 1);

			memcpy(copy, in + held, end - held);
			found = smtp_line_next(
				&l, copy, end - held, limit, &len, &consumed, &fault);
			free(copy);
			require(consumed <= end - held);
			held += consumed;
			if (!found)
				continue;
			next = walk_line(in, size, at, limit, &expected);
			require(next > 0 && next == held && fault == expected);
			require(fault != SMTP_LINE_FINE || len == next - 2 - at);
			require(fault != SMTP_LINE_TOO_LONG ||
				(len == 0 && l.head_len > 0 &&
					memcmp(l.head, in + at, l.head_len) == 0));
			at = next;
		}
		require(end - held < limit);
	}
	require(walk_line(in, size, at, limit, &(enum smtp_line_fault){ 0 }) == 0);
	return 0;
}
