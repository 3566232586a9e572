// SPDX-License-Identifier: ISC
/*
 * What all that signs has in common, inside this room. GnuTLS' handles are named without
 * its headers. Faults: see make.h.
 */
#ifndef PKI_MAKE_PARTS_H
#define PKI_MAKE_PARTS_H

#include "base/buffer.h"
#include "pki/der.h"
#include "pki/make.h"

struct gnutls_x509_crt_int;
struct gnutls_privkey_st;

/* A GnuTLS error of making something as a negative errno: -ENOMEM or -EIO. */
int pki_make_fault(int gnutls_error);

/* The key as one that signs, which lives no longer than the key. */
int pki_signer_of(const struct pki_key *key, struct gnutls_privkey_st **ret);
void pki_signer_free(struct gnutls_privkey_st **signer);

/* Only a CA whose key it is may sign: -EBADMSG, -EKEYREJECTED. */
int pki_make_check_issuer(struct gnutls_x509_crt_int *issuer, const struct pki_key *key);

/* Random, positive, and never shorter than it looks (RFC 5280 section 4.1.2.2). */
int pki_make_set_serial(struct gnutls_x509_crt_int *crt);

/* The subject key identifier: the SHA-1 of the key that it has already, as RFC 5280
 * section 4.2.1.2 has it. */
int pki_make_set_key_id(struct gnutls_x509_crt_int *crt);

/* Signs a certificate: by issuer_key for issuer, with which it ends and whose key
 * identifier it gets; or by its own key, where issuer is NULL. */
int pki_make_sign(struct gnutls_x509_crt_int *crt, const struct pki_key *key,
	struct gnutls_x509_crt_int *issuer, const struct pki_key *issuer_key);

/* Signs bytes and appends them, the algorithm (DER) and the signature as one sequence, as
 * certificates and revocation lists are; algorithm is a gnutls_sign_algorithm_t as well.
 */
int pki_make_signed(const struct buffer *data, struct pki_der algorithm_der,
	int algorithm, const struct pki_key *key, struct buffer *ret);

#endif
