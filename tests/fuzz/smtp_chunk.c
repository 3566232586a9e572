// SPDX-License-Identifier: ISC
/*
 * What stands behind BDAT, and the octets of chunks, against the naive reader of the unit
 * tests. The input is a byte of the kind of body and of the greatest size, the sizes of
 * two kinds of pieces less 1, then chunks: a line that ends in LF as it stands behind
 * BDAT, and as many octets as that says, or as there are.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/smtp_data_naive.h"
#include "smtp/chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER = 3 };

struct reading {
	const uint8_t *pieces;
	unsigned turn;
	struct smtp_data data;
	char *message, *stored;
	size_t message_len, stored_len;
};

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* The chunk's octets, of which there may be fewer than it says; true where all came. */
static bool
read_octets(struct reading *r, struct smtp_chunk *c, const char *in, size_t len)
{
	size_t at = 0;
	bool ended = c->octets == 0;

	if (ended && c->last)
		smtp_data_finish(&r->data);
	while (!ended && at < len) {
		size_t piece = r->pieces[r->turn++ % 2] + 1u, got, consumed;
		char *copy;

		piece = piece < len - at ? piece : len - at;
		copy = malloc(piece);
		memcpy(copy, in + at, piece);
		ended = smtp_chunk_scan(c, &r->data, copy, piece, copy, &got, &consumed);
		require(got <= consumed && consumed <= piece);
		require(ended || consumed == piece);
		memcpy(r->stored + r->stored_len, copy, got);
		free(copy);
		r->stored_len += got;
		at += consumed;
	}
	require(at <= c->octets && c->left == c->octets - at);
	memcpy(r->message + r->message_len, in, at);
	r->message_len += at;
	return ended;
}

/* True where a whole message has come. */
static bool
read_chunks(struct reading *r, const char *in, size_t len)
{
	for (;;) {
		const char *end = memchr(in, '\n', len);
		struct smtp_chunk c;
		int parsed;

		if (!end)
			return false;
		parsed = smtp_chunk_parse(in, (size_t)(end - in), &c);
		require(parsed == 0 || parsed == -EINVAL || parsed == -ERANGE);
		require(parsed == -ERANGE || c.left == c.octets);
		if (parsed < 0)
			return false;
		len -= (size_t)(end + 1 - in);
		in = end + 1;
		if (!read_octets(r, &c, in, len))
			return false;
		if (c.last)
			return true;
		in += c.octets;
		len -= (size_t)c.octets;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reading r = { .pieces = data + 1 };
	struct naive naive;
	bool binary;
	char *expected;

	if (size < HEADER)
		return 0;
	binary = data[0] & 1;
	r.message = malloc(size);
	r.stored = malloc(size);
	expected = malloc(size);
	smtp_data_init_counted(
		&r.data, data[0] >> 1, binary ? SMTP_BODY_BINARY : SMTP_BODY_TEXT);
	if (read_chunks(&r, (const char *)data + HEADER, size - HEADER)) {
		naive = naive_counted(
			r.message, r.message_len, data[0] >> 1, binary, expected);
		require(r.data.fault == naive.fault && r.data.size == naive.size);
		require(r.stored_len == naive.stored);
		require(memcmp(r.stored, expected, naive.stored) == 0);
	}
	free(r.message);
	free(r.stored);
	free(expected);
	return 0;
}
