// SPDX-License-Identifier: ISC
/*
 * What is kept of a handshake until the peer has proved its key, and the proof. Before
 * it all that the tls process says is a claim, which decides the early alert alone;
 * behind it identity and names are those of a certificate whose key the peer holds.
 */
#ifndef SMTPD_PROOF_H
#define SMTPD_PROOF_H

#include "smtpd/server.h"

/* Zeroed at first; smtpd_proof_clear ends it. */
struct smtpd_proof {
	struct buffer made; /* the signature that was made here */
	/* Who the peer is if it proves its key: as the tls process claims, or as the
	 * pinned certificate says. */
	struct pki_identity identity;
	struct gnutls_x509_crt_int *pinned; /* NULL: the peer's own chain counts */
};

void smtpd_proof_clear(struct smtpd_proof *p);

/* Takes what a CLAIM says: that the chain is trusted, or a key whose pinned certificate,
 * if it is in order, settles it whatever the chain. Names may be moved out of claim.
 * PKI_TRUSTED, or why the certificate is no good; a fault of ours is noted in s. */
enum pki_verdict smtpd_proof_claim(
	struct smtpd_server *s, struct smtpd_proof *p, struct tls_claim *claim);

/* Judges what PROVED brings. 0: p->identity is that of the peer. -EPROTO where the tls
 * process has lied, -EKEYREJECTED where the peer may be at fault, -ENOMEM; with a word
 * for the log in *ret_reason. */
int smtpd_proof_take(struct smtpd_server *s, const struct smtpd_proof *p,
	const struct tls_proved *proved, const char **ret_reason);

#endif
