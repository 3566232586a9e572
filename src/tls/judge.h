// SPDX-License-Identifier: ISC
/*
 * The judgement on a client's chain, by the roots, the revocation lists and the priority
 * string of the configuration. The tls process gives it for the early alert, the smtp
 * process for good once the peer has proved its key: one rule, here.
 */
#ifndef TLS_JUDGE_H
#define TLS_JUDGE_H

#include "pki/digest.h"
#include "pki/identity.h"
#include "tls/credentials.h"
#include "tls/transcript.h"

struct gnutls_x509_crt_int;

/* leaf is chain[0], read already; those behind it, n in all, are read here. Chain and
 * leaf are verified for the purpose of a client now. With revocation lists each
 * issuer has to have one that is current; name constraints bind a CN that names a user.
 * A chain that ends at no root of ours is PKI_UNKNOWN_CA, but PKI_REVOKED where a list of
 * the name of an issuer has one of its certificates, the issuer sent or not.
 * *ret_status becomes GnuTLS' verification bits. */
enum pki_verdict tls_judge_chain(const struct tls_credentials *c,
	struct gnutls_x509_crt_int *leaf, const struct tls_span *chain, size_t n,
	uint32_t *ret_status);

/* By what chains are found good now: the roots, and what is asked of keys and signatures.
 * 0 or -EIO. */
int tls_judge_terms(const struct tls_credentials *c, uint8_t ret[PKI_SHA256_SIZE]);

/* As tls_judge_chain, of one that it has found PKI_TRUSTED before, on the same terms:
 * what time brings is looked at, dates and revocation lists, and no signature is
 * verified. */
enum pki_verdict tls_judge_again(const struct tls_credentials *c,
	struct gnutls_x509_crt_int *leaf, const struct tls_span *chain, size_t n);

/* Whether the holder of a pinned certificate, which needs no issuer, is barred all the
 * same: by a revocation list, if there are any, or a fault of the chain other than that
 * no root of ours is at its end. PKI_TRUSTED where not. */
enum pki_verdict tls_judge_pinned(
	const struct tls_credentials *c, struct gnutls_x509_crt_int *pinned);

/* The same of a key that is trusted by itself, by the certificate that its holder has
 * sent, the first of n. Without revocation lists nothing is read. */
enum pki_verdict tls_judge_device(
	const struct tls_credentials *c, const struct tls_span *chain, size_t n);

/* GnuTLS' flags for verifying chains: keys and signatures of the profile medium, or of a
 * stronger one that the priority string asks for. */
unsigned tls_judge_flags(const char *priority);

#endif
