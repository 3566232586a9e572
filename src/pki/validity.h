// SPDX-License-Identifier: ISC
/*
 * From when until when a certificate is valid, read without reading the rest of it.
 */
#ifndef PKI_VALIDITY_H
#define PKI_VALIDITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pki_validity {
	int64_t from; /* seconds since 1970 */
	int64_t until;
};

/* Of one DER certificate. 0, or -EBADMSG for what is none. */
int pki_validity_read(const void *der, size_t len, struct pki_validity *ret);

/* Whether it is valid now and somebody ought to be told of its end: it comes within 30
 * days, and in the last third of the whole. */
bool pki_validity_ends_soon(const struct pki_validity *v, int64_t now);

#endif
