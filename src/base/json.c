// SPDX-License-Identifier: ISC
/*
 * Every character that is no printable ASCII is escaped: what certificates and files say
 * comes from anywhere.
 */
#include "base/json.h"

#include <stdbool.h>
#include <string.h>

#include "base/calendar.h"
#include "base/utf8.h"

enum { REPLACEMENT = 0xfffd };

static int
put_character(struct buffer *b, uint32_t c)
{
	if (c == '"' || c == '\\')
		return buffer_printf(b, "\\%c", (int)c);
	if (c >= ' ' && c <= '~')
		return buffer_printf(b, "%c", (int)c);
	if (c < 0x10000)
		return buffer_printf(b, "\\u%04x", (unsigned)c);
	c -= 0x10000;
	return buffer_printf(b, "\\u%04x\\u%04x", (unsigned)(0xd800 | c >> 10),
		(unsigned)(0xdc00 | (c & 0x3ff)));
}

int
json_string(struct buffer *b, const char *text, size_t len)
{
	int r = buffer_puts(b, "\"");

	while (r == 0 && len > 0) {
		uint32_t c = REPLACEMENT;
		size_t n = utf8_char(text, len, &c);

		r = put_character(b, c);
		n += n == 0;
		text += n;
		len -= n;
	}
	return r < 0 ? r : buffer_puts(b, "\"");
}

int
json_bytes(struct buffer *b, const char *text, size_t len)
{
	int r = buffer_puts(b, "\"");

	for (size_t i = 0; r == 0 && i < len; i++)
		r = put_character(b, (unsigned char)text[i]);
	return r < 0 ? r : buffer_puts(b, "\"");
}

int
json_list(struct buffer *b, const char *text, size_t len)
{
	int r = buffer_puts(b, "[");

	while (r == 0 && len > 0) {
		const char *comma = memchr(text, ',', len);
		size_t n = comma ? (size_t)(comma - text) : len;

		r = json_string(b, text, n);
		if (r == 0 && comma)
			r = buffer_puts(b, ", ");
		n += comma != NULL;
		text += n;
		len -= n;
	}
	return r < 0 ? r : buffer_puts(b, "]");
}

int
json_name(struct buffer *b, const char *name)
{
	size_t len = buffer_len(b);
	bool is_first = len > 0 && buffer_data(b)[len - 1] == '{';
	int r = is_first ? 0 : buffer_puts(b, ", ");

	return r < 0 ? r : buffer_printf(b, "\"%s\": ", name);
}

int
json_member(struct buffer *b, const char *name, const char *text)
{
	int r = json_name(b, name);

	if (r < 0)
		return r;
	return text ? json_string(b, text, strlen(text)) : buffer_puts(b, "null");
}

int
json_time(struct buffer *b, const char *name, int64_t seconds)
{
	char stamp[CALENDAR_STAMP_SIZE];
	int r = json_name(b, name);

	calendar_stamp(seconds, stamp);
	return r < 0 ? r : buffer_printf(b, "\"%sZ\"", stamp);
}

int
json_number(struct buffer *b, const char *name, int64_t number)
{
	int r = json_name(b, name);

	return r < 0 ? r : buffer_printf(b, "%lld", (long long)number);
}

int
json_strings(struct buffer *b, const char *name, char *const *texts, size_t n)
{
	int r = json_name(b, name);

	if (r == 0)
		r = buffer_puts(b, "[");
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (i > 0)
			r = buffer_puts(b, ", ");
		if (r == 0)
			r = json_string(b, texts[i], strlen(texts[i]));
	}
	return r < 0 ? r : buffer_puts(b, "]");
}
