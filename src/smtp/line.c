// SPDX-License-Identifier: ISC
/*
 * The search goes from LF to LF and looks at each byte of an unfinished line once; a line
 * is examined for what it must not hold when its end is known.
 */
#include "smtp/line.h"

#include <string.h>

/* Where the first CRLF at or behind from begins; len where there is none. */
static size_t
find_crlf(const char *data, size_t len, size_t from)
{
	while (from < len) {
		const char *lf = memchr(data + from, '\n', len - from);
		size_t at;

		if (!lf)
			return len;
		at = (size_t)(lf - data);
		if (at > 0 && data[at - 1] == '\r')
			return at - 1;
		from = at + 1;
	}
	return len;
}

static enum smtp_line_fault
line_examine(const char *line, size_t len)
{
	enum smtp_line_fault fault = SMTP_LINE_FINE;
	const char *cr = memchr(line, '\r', len);
	const char *lf, *nul;

	if (cr) {
		fault = SMTP_LINE_BARE_CR;
		len = (size_t)(cr - line);
	}
	lf = memchr(line, '\n', len);
	if (lf) {
		fault = SMTP_LINE_BARE_LF;
		len = (size_t)(lf - line);
	}
	nul = memchr(line, '\0', len);
	return nul ? SMTP_LINE_NUL : fault;
}

static bool
line_drop(struct smtp_line *l, const char *data, size_t len, size_t *ret_len,
	size_t *ret_consumed, enum smtp_line_fault *ret_fault)
{
	size_t at;

	if (len == 0) {
		*ret_consumed = 0;
		return false;
	}
	if (l->after_cr && data[0] == '\n') {
		*ret_consumed = 1;
	} else {
		at = find_crlf(data, len, 0);
		if (at == len) {
			l->after_cr = data[len - 1] == '\r';
			*ret_consumed = len;
			return false;
		}
		*ret_consumed = at + 2;
	}
	l->scanned = 0;
	l->dropping = l->after_cr = false;
	*ret_len = 0;
	*ret_fault = SMTP_LINE_TOO_LONG;
	return true;
}

bool
smtp_line_next(struct smtp_line *l, const char *data, size_t len, size_t limit,
	size_t *ret_len, size_t *ret_consumed, enum smtp_line_fault *ret_fault)
{
	size_t at;

	if (l->dropping)
		return line_drop(l, data, len, ret_len, ret_consumed, ret_fault);
	at = find_crlf(data, len, l->scanned);
	if (at == len && len < limit) {
		l->scanned = len;
		*ret_consumed = 0;
		return false;
	}
	if (at == len || at + 2 > limit) {
		l->dropping = true;
		l->after_cr = false;
		l->head_len = len < SMTP_LINE_HEAD ? len : SMTP_LINE_HEAD;
		memcpy(l->head, data, l->head_len);
		return line_drop(l, data, len, ret_len, ret_consumed, ret_fault);
	}
	l->scanned = 0;
	*ret_len = at;
	*ret_consumed = at + 2;
	*ret_fault = line_examine(data, at);
	return true;
}
