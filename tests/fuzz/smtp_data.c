// SPDX-License-Identifier: ISC
/*
 * The message scanner, over a stream in pieces and in place, against the naive one of the
 * unit tests. The input is the greatest size (0: none), the sizes of two kinds of pieces
 * less 1, which take turns, then the stream.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/smtp_data_naive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t consumed = 0, stored = 0;
	char *expected, *got;
	struct smtp_data d;
	struct naive naive;
	bool ended = false;
	const char *in;

	if (size < 3)
		return 0;
	in = (const char *)data + 3;
	expected = malloc(size);
	got = malloc(size);
	naive = naive_scan(in, size - 3, data[0], expected);
	smtp_data_init(&d, data[0]);
	for (unsigned turn = 0; !ended && consumed < size - 3; turn++) {
		size_t piece = data[1 + turn % 2] + 1u, out, taken;
		char *copy;

		if (piece > size - 3 - consumed)
			piece = size - 3 - consumed;
		copy = malloc(piece);
		memcpy(copy, in + consumed, piece);
		ended = smtp_data_scan(&d, copy, piece, copy, &out, &taken);
		require(out <= taken && taken <= piece && (ended || taken == piece));
		memcpy(got + stored, copy, out);
		free(copy);
		stored += out;
		consumed += taken;
	}
	require(ended == naive.ended && consumed == naive.consumed);
	require(d.fault == naive.fault && d.size == naive.size);
	require(stored == naive.stored && memcmp(got, expected, stored) == 0);
	free(expected);
	free(got);
	return 0;
}
