// SPDX-License-Identifier: ISC
/*
 * Puts a reply together from its row of the table. The one fault is -ENOMEM.
 */
#include "smtp/reply.h"

#include <string.h>

#include "smtp/reply_table.h"

/* A reply that has a text in one voice alone has it in both. */
static const char *
reply_text(const struct smtp_reply_row *r, bool modern)
{
	if (modern)
		return r->modern ? r->modern : r->classic;
	return r->classic ? r->classic : r->modern;
}

static unsigned
code_of(const struct smtp_reply_row *r, bool modern)
{
	return modern && r->modern_code ? r->modern_code : r->code;
}

/* The codes and what separates them from the text. */
static int
append_codes(struct buffer *b, bool modern, const struct smtp_reply_row *r, bool last)
{
	unsigned code = code_of(r, modern);
	char mark = last ? ' ' : '-';

	if (modern && r->enhanced)
		return buffer_printf(b, "%03u%c%s ", code, mark, r->enhanced);
	return buffer_printf(b, "%03u%c", code, mark);
}

/* Of a character beyond ASCII the first byte counts, and none that goes on. */
static int
append_ascii(struct buffer *b, const char *text)
{
	int r = 0;

	while (*text && r == 0) {
		size_t n = 0;

		while (text[n] >= ' ' && text[n] <= '~')
			n++;
		r = buffer_append(b, text, n);
		text += n;
		if (!*text || r < 0)
			break;
		if (((unsigned char)*text++ & 0xc0) != 0x80)
			r = buffer_puts(b, "?");
	}
	return r;
}

static int
append_text(struct buffer *b, const char *text, const char *argument)
{
	const char *mark = strchr(text, '%');
	int r;

	if (!mark)
		return buffer_puts(b, text);
	r = buffer_append(b, text, (size_t)(mark - text));
	if (r == 0 && argument)
		r = append_ascii(b, argument);
	if (r == 0)
		r = buffer_puts(b, mark + 1);
	return r;
}

int
smtp_reply_append(
	struct buffer *b, bool modern, enum smtp_reply reply, const char *argument)
{
	const struct smtp_reply_row *row = &SMTP_REPLY_ROWS[reply];
	int r = append_codes(b, modern, row, true);

	if (r == 0)
		r = append_text(b, reply_text(row, modern), argument);
	if (r == 0)
		r = buffer_puts(b, "\r\n");
	return r;
}

int
smtp_reply_append_line(
	struct buffer *b, bool modern, enum smtp_reply reply, bool last, const char *text)
{
	int r = append_codes(b, modern, &SMTP_REPLY_ROWS[reply], last);

	if (r == 0)
		r = buffer_puts(b, text);
	if (r == 0)
		r = buffer_puts(b, "\r\n");
	return r;
}

unsigned
smtp_reply_code(bool modern, enum smtp_reply reply)
{
	return code_of(&SMTP_REPLY_ROWS[reply], modern);
}

bool
smtp_reply_is_error(enum smtp_reply reply)
{
	return SMTP_REPLY_ROWS[reply].flags & SMTP_REPLY_ERROR;
}

const char *
smtp_reply_refused(enum smtp_reply reply)
{
	return SMTP_REPLY_ROWS[reply].refused;
}
