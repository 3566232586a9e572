// SPDX-License-Identifier: ISC
/*
 * Replies of a server: the lines that are found in a stream which comes in pieces are
 * those that are found byte by byte, with the same fault at the same place. The input is
 * the size of the pieces less 1, then the stream.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/server_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is left of a reading: enough to tell two apart. */
struct found {
	size_t lines, last, consumed, text;
	uint64_t sum;
	enum smtp_server_fault fault;
	struct smtp_server_offers offers;
};

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
take_line(struct found *f, const struct smtp_server_line *line)
{
	require(line->code >= 200 && line->code <= 599);
	require(line->len >= 3 && line->len <= SMTP_SERVER_LINE_MAX - 2);
	require(line->text + line->text_len == line->line + line->len);
	require(!memchr(line->line, '\r', line->len));
	require(!memchr(line->line, '\n', line->len));
	require(!memchr(line->line, '\0', line->len));
	require(smtp_server_fault_text(SMTP_SERVER_FINE) != NULL);
	f->lines++;
	f->last += line->last;
	f->text += line->text_len;
	f->sum = f->sum * 31 + line->code;
	smtp_server_offers_read(&f->offers, line->text, line->text_len);
}

static void
read_stream(const char *in, size_t size, size_t piece, struct found *f)
{
	struct smtp_server_reply reply = { 0 };
	size_t end = 0;

	while (end < size) {
		int r = 1;

		end = size - end < piece ? size : end + piece;
		while (r > 0) {
			struct smtp_server_line line;
			size_t len = end - f->consumed;
			size_t consumed = 0;
			/* Copied, so that a read beyond it is seen. */
			char *copy = malloc(len + 1);

			memcpy(copy, in + f->consumed, len);
			r = smtp_server_reply_line(&reply, copy, len, &line, &consumed);
			require(consumed <= len && (r > 0) == (consumed > 0));
			if (r > 0)
				take_line(f, &line);
			free(copy);
			f->consumed += consumed;
		}
		f->fault = reply.fault;
		require((r < 0) == (f->fault != SMTP_SERVER_FINE));
		if (r < 0)
			return;
		require(end - f->consumed <= SMTP_SERVER_LINE_MAX);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct found whole = { 0 };
	struct found pieces = { 0 };

	if (size < 1)
		return 0;
	read_stream((const char *)data + 1, size - 1, data[0] + 1u, &pieces);
	read_stream((const char *)data + 1, size - 1, size, &whole);
	require(whole.lines == pieces.lines && whole.last == pieces.last);
	require(whole.consumed == pieces.consumed && whole.text == pieces.text);
	require(whole.sum == pieces.sum && whole.fault == pieces.fault);
	require(whole.offers.auth == pieces.offers.auth);
	require(whole.offers.max_size == pieces.offers.max_size);
	require(whole.offers.max_messages == pieces.offers.max_messages);
	require(whole.offers.max_recipients <= SMTP_SERVER_LIMIT_MAX);
	return 0;
}
