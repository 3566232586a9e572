// SPDX-License-Identifier: ISC
/*
 * JSON. What certificates say comes from anywhere, so that every byte that is no
 * printable ASCII is escaped. Faults: -ENOMEM.
 */
#include "keys/json.h"

#include <stdbool.h>

#include "base/calendar.h"

enum { REPLACEMENT = 0xfffd };

/* The character at s and the bytes that it takes (RFC 3629 section 4). */
static uint32_t
take_character(const unsigned char *s, size_t *ret_len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0xc2   ? 0
		   : s[0] < 0xe0 ? 2
		   : s[0] < 0xf0 ? 3
		   : s[0] < 0xf5 ? 4
				 : 0;
	uint32_t c = n > 0 ? s[0] & (0xffU >> (n + 1)) : 0;

	*ret_len = 1;
	if (s[0] < 0x80)
		return s[0];
	if (n == 0)
		return REPLACEMENT;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return REPLACEMENT;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return REPLACEMENT;
	*ret_len = n;
	return c;
}

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
keys_json_string(struct buffer *b, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	int r = buffer_puts(b, "\"");

	while (r == 0 && *at) {
		size_t len;
		uint32_t c = take_character(at, &len);

		r = put_character(b, c);
		at += len;
	}
	return r < 0 ? r : buffer_puts(b, "\"");
}

/* Members stand behind a brace or behind each other. */
static int
begin_member(struct buffer *b, const char *name)
{
	size_t len = buffer_len(b);
	bool is_first = len > 0 && buffer_data(b)[len - 1] == '{';
	int r = is_first ? 0 : buffer_puts(b, ", ");

	return r < 0 ? r : buffer_printf(b, "\"%s\": ", name);
}

int
keys_json_member(struct buffer *b, const char *name, const char *text)
{
	int r = begin_member(b, name);

	return r < 0 ? r : keys_json_string(b, text);
}

int
keys_json_time(struct buffer *b, const char *name, int64_t seconds)
{
	char stamp[CALENDAR_STAMP_SIZE];
	int r = begin_member(b, name);

	calendar_stamp(seconds, stamp);
	return r < 0 ? r : buffer_printf(b, "\"%sZ\"", stamp);
}

int
keys_json_number(struct buffer *b, const char *name, int64_t number)
{
	int r = begin_member(b, name);

	return r < 0 ? r : buffer_printf(b, "%lld", (long long)number);
}

int
keys_json_strings(struct buffer *b, const char *name, char *const *texts, size_t n)
{
	int r = begin_member(b, name);

	if (r == 0)
		r = buffer_puts(b, "[");
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (i > 0)
			r = buffer_puts(b, ", ");
		if (r == 0)
			r = keys_json_string(b, texts[i]);
	}
	return r < 0 ? r : buffer_puts(b, "]");
}
