// SPDX-License-Identifier: ISC
/*
 * Strict decimal numbers: digits only, no sign, no blank, nothing behind, no overflow.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/* Reads len bytes of text as a number from min to max. 0, or -EINVAL for what is no
 * number, -ERANGE for one outside; *ret is written on success only. */
int number_parse(const char *text, size_t len, uint64_t min, uint64_t max, uint64_t *ret);

#endif
