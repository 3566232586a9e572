// SPDX-License-Identifier: ISC
/*
 * A decoder of one character at a time. It owns nothing and has no faults but the one it
 * answers.
 */
#include "base/utf8.h"

/* How many bytes a character has that begins with this one; 0 where none does. */
static size_t
length_of(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

size_t
utf8_char(const char *text, size_t len, uint32_t *ret_char)
{
	static const uint32_t LEAST[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = len > 0 ? length_of((unsigned char)text[0]) : 0;
	uint32_t c;

	if (n == 0 || n > len)
		return 0;
	c = (unsigned char)text[0] & (n == 1 ? 0x7f : 0xff >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		unsigned char next = (unsigned char)text[i];

		if ((next & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (next & 0x3f);
	}
	if (c < LEAST[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret_char = c;
	return n;
}

bool
utf8_is_valid(const char *text, size_t len)
{
	while (len > 0) {
		uint32_t unused;
		size_t n = utf8_char(text, len, &unused);

		if (n == 0)
			return false;
		text += n;
		len -= n;
	}
	return true;
}

bool
utf8_has_more_than_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] >= 0x80)
			return true;
	return false;
}
