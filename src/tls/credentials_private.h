// SPDX-License-Identifier: ISC
/*
 * The inside of struct tls_credentials, for the files of this room that talk to GnuTLS.
 */
#ifndef TLS_CREDENTIALS_PRIVATE_H
#define TLS_CREDENTIALS_PRIVATE_H

#include <stdbool.h>

#include "pki/digest.h"
#include "tls/credentials.h"

enum { TLS_CHAIN_MAX = 8 };

/* GnuTLS' own types, by the names behind its typedefs. */
struct gnutls_certificate_credentials_st;
struct gnutls_pcert_st;
struct gnutls_priority_st;
struct tls_revocation;

struct tls_credentials {
	struct gnutls_certificate_credentials_st
		*certificates; /* the roots; later, the chain */
	struct gnutls_priority_st *priority;
	struct gnutls_pcert_st *chain; /* TLS_CHAIN_MAX of them, ours, leaf first */
	unsigned n_chain;
	bool chain_taken; /* handed over to certificates, which frees what is in it */
	unsigned verify_flags;          /* for chains, by tls_judge_flags */
	uint8_t roots[PKI_SHA256_SIZE]; /* a hash of tls_ca as it was read; zero: none */
	struct tls_revocation
		*revocation; /* the lists of tls_crl; NULL where it is unset */
	int64_t until;       /* when what was loaded may be judged otherwise */
};

#endif
