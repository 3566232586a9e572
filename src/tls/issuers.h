// SPDX-License-Identifier: ISC
/*
 * What GnuTLS leaves out when it verifies a client's chain: that every issuer in it has a
 * revocation list that is signed and current, and that name constraints bind a user who
 * is named by a CN as well.
 */
#ifndef TLS_ISSUERS_H
#define TLS_ISSUERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pki/identity.h"
#include "tls/credentials.h"

struct gnutls_x509_crt_int;

/* Judges the issuers of a chain that GnuTLS trusts, leaf first; identity is the leaf's.
 * PKI_TRUSTED, PKI_REVOKED, or PKI_BAD. */
enum pki_verdict tls_issuers_judge(const struct tls_credentials *c,
	struct gnutls_x509_crt_int *const *chain, size_t n,
	const struct pki_identity *identity, int64_t now);

#endif
