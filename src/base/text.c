// SPDX-License-Identifier: ISC
/*
 * ASCII by table and arithmetic. Faults: -EINVAL of bad hexadecimal, -ENOMEM.
 */
#include "base/text.h"

#include <errno.h>
#include <string.h>

static const char DIGITS[] = "0123456789abcdef";

char
text_lower_char(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

void
text_lower(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		text[i] = text_lower_char(text[i]);
}

bool
text_begins(const char *a, size_t len, const char *prefix)
{
	size_t n = strlen(prefix);

	if (len < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (text_lower_char(a[i]) != text_lower_char(prefix[i]))
			return false;
	return true;
}

bool
text_equal(const char *a, size_t len, const char *b)
{
	return len == strlen(b) && text_begins(a, len, b);
}

void
text_hex(const void *bytes, size_t n, char *ret)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < n; i++) {
		ret[2 * i] = DIGITS[p[i] >> 4];
		ret[2 * i + 1] = DIGITS[p[i] & 15];
	}
	ret[2 * n] = '\0';
}

enum { NO_DIGIT = 16 };

static unsigned
unhex_digit(char c)
{
	const char *at;

	c = text_lower_char(c);
	at = c ? strchr(DIGITS, c) : NULL;
	return at ? (unsigned)(at - DIGITS) : NO_DIGIT;
}

int
text_unhex(const char *hex, size_t len, uint8_t *ret, size_t n)
{
	if (len != 2 * n)
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		if (unhex_digit(hex[i]) == NO_DIGIT)
			return -EINVAL;
	for (size_t i = 0; i < n; i++)
		ret[i] = (uint8_t)(unhex_digit(hex[2 * i]) << 4 |
				   unhex_digit(hex[2 * i + 1]));
	return 0;
}

int
text_escape(struct buffer *b, const char *text, size_t len)
{
	int r = buffer_reserve(b, 4 * len);

	if (r < 0)
		return r;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c <= 0x7e && c != '\\' && c != '"') {
			*buffer_tail(b) = (char)c;
			buffer_grow(b, 1);
		} else {
			char *p = buffer_tail(b);

			p[0] = '\\';
			p[1] = 'x';
			p[2] = DIGITS[c >> 4];
			p[3] = DIGITS[c & 15];
			buffer_grow(b, 4);
		}
	}
	return 0;
}
