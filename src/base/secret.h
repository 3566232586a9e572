// SPDX-License-Identifier: ISC
/*
 * Secrets in memory: compared in constant time, overwritten before they are freed.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* Whether n bytes are the same, in a time that depends on n alone. */
bool secret_equal(const void *a, const void *b, size_t n);

/* Overwrites and frees a string; NULL does nothing. */
void secret_free(char *text);

#define CLEANUP_SECRET CLEANUP(secret_cleanup)

static inline void
secret_cleanup(char **text)
{
	secret_free(*text);
}

#endif
