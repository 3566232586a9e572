// SPDX-License-Identifier: ISC
/*
 * Counting. A number of octets is at most what 64 bits hold, and only ever counted down.
 */
#include "smtp/chunk.h"

#include <errno.h>

#include "base/number.h"
#include "base/text.h"
#include "smtp/command.h"

int
smtp_chunk_parse(const char *text, size_t len, struct smtp_chunk *ret)
{
	struct smtp_chunk c = { .last = false };
	const char *word;
	size_t n;

	if (!smtp_command_word(&text, &len, &word, &n) ||
		number_parse(word, n, 0, UINT64_MAX, &c.octets) < 0)
		return -ERANGE;
	c.left = c.octets;
	c.last = text_equal(text, len, "LAST");
	*ret = c;
	return len == 0 || c.last ? 0 : -EINVAL;
}

static bool
is_break(char c)
{
	return c == '\0' || c == '\r' || c == '\n';
}

bool
smtp_chunk_is_meant(const char *line, size_t len)
{
	const char *unused;
	size_t unused_len;

	for (size_t from = 0, to; from < len; from = to + 1) {
		const struct smtp_command *command;

		to = from;
		while (to < len && !is_break(line[to]))
			to++;
		command = smtp_command_parse(
			line + from, to - from, &unused, &unused_len);
		if (command->verb == SMTP_VERB_BDAT)
			return true;
	}
	return false;
}

bool
smtp_chunk_scan(struct smtp_chunk *c, struct smtp_data *d, const char *in, size_t len,
	char *out, size_t *ret_out, size_t *ret_consumed)
{
	size_t n = c->left < len ? (size_t)c->left : len;

	*ret_out = 0;
	if (d)
		smtp_data_scan(d, in, n, out, ret_out, ret_consumed);
	*ret_consumed = n;
	c->left -= n;
	if (c->left > 0)
		return false;
	if (d && c->last)
		smtp_data_finish(d);
	return true;
}
