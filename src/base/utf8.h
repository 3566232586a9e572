// SPDX-License-Identifier: ISC
/*
 * UTF-8, strictly (RFC 3629): no form longer than needed, no surrogates, nothing beyond
 * U+10FFFF.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many bytes the first character of text has, 0 where there is none or it is not
 * well-formed; *ret_char is written on success. */
size_t utf8_char(const char *text, size_t len, uint32_t *ret_char);

/* Whether all of text is well-formed. */
bool utf8_is_valid(const char *text, size_t len);

/* Whether any byte of text is outside ASCII. */
bool utf8_has_more_than_ascii(const char *text, size_t len);

#endif
