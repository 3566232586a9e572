// SPDX-License-Identifier: ISC
/*
 * What is kept of a handshake until the peer has proved its key, and the proof. Before
 * it all that the tls process says is a claim, which decides the early alert alone;
 * behind it identity and names are those of a certificate whose key the peer holds.
 */
#ifndef SMTPD_PROOF_H
#define SMTPD_PROOF_H

#include "auth/device.h"
#include "smtpd/server.h"

/* What the key of the peer is believed for, once it is proved. */
enum smtpd_proof_by {
	SMTPD_PROOF_BY_CHAIN,  /* the issuers of the peer's certificate */
	SMTPD_PROOF_BY_PIN,    /* a certificate of tls_pins */
	SMTPD_PROOF_BY_DEVICE, /* a line of the user store */
	SMTPD_PROOF_BY_NOBODY, /* it may show a token, and no more */
};

/* Zeroed at first; smtpd_proof_clear ends it. */
struct smtpd_proof {
	struct buffer made; /* the signature that was made here */
	enum smtpd_proof_by by;
	/* Who the peer is if it proves its key: as the tls process claims, as the pinned
	 * certificate says, or as the user store does. */
	struct pki_identity identity;
	struct gnutls_x509_crt_int *pinned; /* BY_PIN */
	struct auth_device device;          /* BY_DEVICE */
};

void smtpd_proof_clear(struct smtpd_proof *p);

/* Takes what a CLAIM says: that the chain is trusted, or a key whose pinned certificate,
 * if it is in order, settles it whatever the chain. Names may be moved out of claim.
 * PKI_TRUSTED, or why the certificate is no good; a fault of ours is noted in s. */
enum pki_verdict smtpd_proof_claim(
	struct smtpd_server *s, struct smtpd_proof *p, struct tls_claim *claim);

/* The same for a key that is a device of the user store, and in order there: its issuers
 * do not count, and it is its user, whatever names the certificate has. */
enum pki_verdict smtpd_proof_claim_device(
	struct smtpd_proof *p, const struct auth_device *d, struct tls_claim *claim);

/* The same for a key that nobody knows, and that may be shown in order to enrol: a sound
 * certificate which it has signed itself. */
enum pki_verdict smtpd_proof_claim_nobody(struct smtpd_proof *p, struct tls_claim *claim);

/* Judges what PROVED brings. 0: p->identity is that of the peer. -EPROTO where the tls
 * process has lied, -EKEYREJECTED where the peer may be at fault, -ENOMEM; with a word
 * for the log in *ret_reason. */
int smtpd_proof_take(struct smtpd_server *s, const struct smtpd_proof *p,
	const struct tls_proved *proved, const char **ret_reason);

#endif
