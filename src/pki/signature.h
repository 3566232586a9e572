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

/* Whether the key of issuer has signed a certificate or a revocation list, given as DER,
 * with this algorithm (gnutls_sign_algorithm_t). */
bool pki_signature_is_by(
	struct pki_der whole, int algorithm, struct gnutls_x509_crt_int *issuer);

#endif
