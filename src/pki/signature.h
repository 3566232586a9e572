// SPDX-License-Identifier: ISC
/*
 * A signature and nothing else: what GnuTLS verifies of a chain is more, and depends on
 * the time. GnuTLS' handles are named without its headers.
 */
#ifndef PKI_SIGNATURE_H
#define PKI_SIGNATURE_H

#include <stdbool.h>

#include "pki/der.h"

struct gnutls_x509_crt_int;

/* The parts of a signed thing that count. */
struct pki_signed {
	struct pki_der data;      /* what is signed */
	struct pki_der signature; /* whole bytes */
};

/* Takes a certificate or a revocation list, given as DER, apart. 0 or -EBADMSG. */
int pki_signature_parts(struct pki_der whole, struct pki_signed *ret);

/* Whether the key of issuer has signed a certificate or a revocation list, given as DER,
 * with this algorithm (gnutls_sign_algorithm_t). */
bool pki_signature_is_by(
	struct pki_der whole, int algorithm, struct gnutls_x509_crt_int *issuer);

#endif
