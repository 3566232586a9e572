// SPDX-License-Identifier: ISC
/*
 * The revocation lists of tls_crl as an index (pki/crl_index.h). The first process that
 * meets a state of the file makes its index, `revoked.index` in `cache`; the others map
 * that. Where there is none to be had, each makes its own.
 */
#ifndef TLS_REVOCATION_H
#define TLS_REVOCATION_H

#include <stddef.h>

#include "pki/crl_index.h"

struct tls_revocation;

/* Reads the lists at path; cache is the folder, or NULL, and cas the CA certificates
 * (DER) whose signatures are worth noting. 0 with *ret, which tls_revocation_free ends,
 * and which a fork may take along; -EBADMSG where the file holds no lists or damaged
 * ones, or another negative errno where it cannot be read. */
int tls_revocation_load(const char *path, const char *cache, const struct pki_der *cas,
	size_t n_cas, struct tls_revocation **ret);
void tls_revocation_free(struct tls_revocation *r); /* NULL does nothing */

const struct pki_crl_index *tls_revocation_index(const struct tls_revocation *r);

#endif
