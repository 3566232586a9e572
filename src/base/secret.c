// SPDX-License-Identifier: ISC
/*
 * Comparison and wiping that no optimiser removes. There are no faults.
 */
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

bool
secret_equal(const void *a, const void *b, size_t n)
{
	const volatile unsigned char *p = a, *q = b;
	unsigned char differ = 0;

	for (size_t i = 0; i < n; i++)
		differ |= (unsigned char)(p[i] ^ q[i]);
	return differ == 0;
}

void
secret_free(char *text)
{
	if (!text)
		return;
	explicit_bzero(text, strlen(text));
	free(text);
}
