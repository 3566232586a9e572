// SPDX-License-Identifier: ISC
/*
 * Digits twice: once to see that they are digits, once to add them up. Faults: -EINVAL,
 * -ERANGE.
 */
#include "base/number.h"

#include <errno.h>

int
number_parse(const char *text, size_t len, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t n = 0;

	if (len == 0)
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (__builtin_mul_overflow(n, 10, &n))
			return -ERANGE;
		if (__builtin_add_overflow(n, (uint64_t)(text[i] - '0'), &n))
			return -ERANGE;
	}
	if (n < min || n > max)
		return -ERANGE;
	*ret = n;
	return 0;
}
