// SPDX-License-Identifier: ISC
/*
 * ASCII text without a locale: case, hexadecimal, and escaping of bytes that nobody
 * vouches for.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Of one character of ASCII, whatever is outside it is none of these. */
static inline bool
text_is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static inline bool
text_is_letter_or_digit(int c)
{
	return text_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A blank inside a line. */
static inline bool
text_is_blank(int c)
{
	return c == ' ' || c == '\t';
}

char text_lower_char(char c);
void text_lower(char *text, size_t len);

/* Whether the len bytes at a are the string b, ASCII case aside. */
bool text_equal(const char *a, size_t len, const char *b);

/* Whether the len bytes at a begin with the string prefix, ASCII case aside. */
bool text_begins(const char *a, size_t len, const char *prefix);

/* Lower-case hexadecimal of n bytes; ret holds 2 n + 1 characters. */
void text_hex(const void *bytes, size_t n, char *ret);

/* The reverse, of exactly 2 n digits of either case. 0 or -EINVAL. */
int text_unhex(const char *hex, size_t len, uint8_t *ret, size_t n);

/* Appends len bytes so that one line of printable ASCII results: a backslash, a double
 * quote and every byte outside 0x20..0x7e become \xHH. 0 or -ENOMEM. */
int text_escape(struct buffer *b, const char *text, size_t len);

#endif
