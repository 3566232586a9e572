// SPDX-License-Identifier: ISC
/*
 * Domain names in letters of other scripts (IDNA2008, RFC 5890): the U-labels of a name
 * that is written with A-labels, "xn--...", and the reverse.
 */
#ifndef PKI_IDNA_H
#define PKI_IDNA_H

#include <stddef.h>

/* For each of n domains in lower case, its form with U-labels, or NULL where it has no
 * A-label or one that stands for nothing valid. 0 with an array that pki_idna_free frees,
 * NULL where no domain has another form; or -ENOMEM. */
int pki_idna_all(char *const *domains, size_t n, char ***ret);
void pki_idna_free(char **names, size_t n);

/* The reverse for one domain in UTF-8: its A-labels. 0 with a string that the caller
 * frees, -EINVAL where it has none, -ENOMEM. */
int pki_idna_to_ascii(const char *domain, char **ret);

#endif
