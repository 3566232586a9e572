// SPDX-License-Identifier: ISC
/*
 * The header reader, over a message in pieces, byte by byte and whole, against the naive
 * one of the unit tests; and what it stores is read once more, which may change nothing.
 * The input is the line ends (odd: CRLF), the size of the pieces less 1, then the
 * message.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/smtp_header_naive.h"

#define DATE "Sun, 06 Nov 1994 08:49:37 +0000"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* Reads the message in pieces; appends all that is stored of it. */
static enum smtp_data_fault
read_pieces(const struct smtp_header_facts *facts, const char *in, size_t len,
	size_t piece, struct buffer *out)
{
	struct smtp_header h;

	smtp_header_init(&h, facts);
	for (size_t at = 0; at < len; at += piece) {
		size_t n = len - at < piece ? len - at : piece, taken = 0;
		char *copy = malloc(n);

		memcpy(copy, in + at, n);
		if (!smtp_header_ended(&h))
			smtp_header_feed(&h, copy, n, out, &taken);
		require(taken == n || smtp_header_ended(&h));
		buffer_append(out, copy + taken, n - taken);
		free(copy);
	}
	smtp_header_finish(&h, out);
	return h.fault;
}

static void
check(const struct smtp_header_facts *facts, const char *in, size_t len, size_t piece)
{
	struct naive n = naive_header(facts, DATE, in, len);
	struct buffer out = { 0 }, again = { 0 };

	require(read_pieces(facts, in, len, piece, &out) == n.fault);
	if (n.fault == SMTP_DATA_FINE) {
		size_t body = len - n.body_at;

		require(buffer_len(&out) == n.stored + body);
		require(memcmp(buffer_data(&out), n.out, n.stored) == 0);
		if (body > 0)
			require(memcmp(buffer_data(&out) + n.stored, in + n.body_at,
					body) == 0);
		/* What was added may be over a limit. */
		if (read_pieces(facts, buffer_data(&out), buffer_len(&out), piece,
			    &again) == SMTP_DATA_FINE) {
			require(buffer_len(&again) == buffer_len(&out));
			require(memcmp(buffer_data(&again), buffer_data(&out),
					buffer_len(&out)) == 0);
		}
	}
	buffer_free(&again);
	buffer_free(&out);
	free(n.out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char domain[] = "447.edu";
	static char *domains[] = { domain };
	const struct smtp_header_facts facts = {
		.ours = { "mail.447.edu", domains, 1 },
		.id = "abc123",
		.time = 784111777,
		.crlf = size > 0 && data[0] % 2,
	};
	const char *in = (const char *)data + 2;

	if (size < 2)
		return 0;
	check(&facts, in, size - 2, data[1] + 1u);
	check(&facts, in, size - 2, 1);
	check(&facts, in, size - 2, SIZE_MAX / 2);
	return 0;
}
