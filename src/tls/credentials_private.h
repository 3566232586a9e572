// SPDX-License-Identifier: ISC
/*
 * The inside of struct tls_credentials, for the files of this room that talk to GnuTLS.
 */
#ifndef TLS_CREDENTIALS_PRIVATE_H
#define TLS_CREDENTIALS_PRIVATE_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "tls/credentials.h"

enum { TLS_CHAIN_MAX = 8 };

struct tls_credentials {
	gnutls_certificate_credentials_t
		certificates; /* the roots; the chain once bound */
	gnutls_priority_t priority;
	gnutls_pcert_st chain[TLS_CHAIN_MAX]; /* ours, leaf first */
	unsigned n_chain;
	bool chain_taken; /* handed over to certificates, which frees it */
	bool revocation;  /* tls_crl is set, and current */
};

#endif
