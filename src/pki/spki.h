// SPDX-License-Identifier: ISC
/*
 * The public key of a certificate by itself. Pure: bytes in, a place out.
 */
#ifndef PKI_SPKI_H
#define PKI_SPKI_H

#include <stddef.h>

/* Finds the SubjectPublicKeyInfo of one DER certificate (RFC 5280 section 4.1) by the
 * order of things alone: nothing else of it is looked at, so that what was found is to be
 * compared with something known. 0 with *ret, which points into der, or -EBADMSG. */
int pki_spki_find(const void *der, size_t len, const void **ret, size_t *ret_len);

#endif
