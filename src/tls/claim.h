// SPDX-License-Identifier: ISC
/*
 * What there is to say of a client's certificates: by the tls process of those that the
 * peer has sent, by the smtp process of those it has kept.
 */
#ifndef TLS_CLAIM_H
#define TLS_CLAIM_H

#include "tls/control.h"
#include "tls/credentials.h"

/* Reads and judges chain, the leaf and what stands behind it, n in all and at most
 * TLS_PEER_CHAIN_MAX; again where it was found good before on the terms of now
 * (tls_judge_terms). *ret is zeroed at first; its identity is ended by the caller
 * (pki_identity_clear). */
void tls_claim_make(const struct tls_credentials *c, const struct tls_span *chain,
	size_t n, bool again, struct tls_claim *ret);

#endif
