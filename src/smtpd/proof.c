// SPDX-License-Identifier: ISC
/*
 * From a claim to a proof. The struct owns signature, identity and pinned certificate. A
 * certificate of the peer's is read only once the transcript is known to be of this
 * connection, its names once the key is proved, its issuers behind that; a pinned key
 * or
 * that of a device needs none of them. Faults: those of the proof, and a directory of
 * pins that cannot be read.
 */
#include "smtpd/proof.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "host/clock.h"
#include "pki/handle.h"
#include "tls/judge.h"
#include "tls/proof.h"

void
smtpd_proof_clear(struct smtpd_proof *p)
{
	buffer_free(&p->made);
	pki_identity_clear(&p->identity);
	pki_crt_free(&p->pinned);
}

static enum pki_verdict
take_pin_fault(struct smtpd_server *s, const struct tls_claim *claim, int r)
{
	char name[PKI_PIN_HEX];

	if (r == -ENOENT)
		return PKI_UNKNOWN_CA;
	text_hex(claim->identity.pin, PKI_PIN_SIZE, name);
	smtpd_fault(s, r, "tls_pins: %s/%s: %s", s->config->tls_pins, name, strerror(-r));
	return PKI_BAD;
}

enum pki_verdict
smtpd_proof_claim(struct smtpd_server *s, struct smtpd_proof *p, struct tls_claim *claim)
{
	CLEANUP(pki_identity_clear) struct pki_identity pinned = { 0 };
	CLEANUP(pki_crt_free) struct gnutls_x509_crt_int *crt = NULL;
	enum pki_verdict verdict = PKI_UNKNOWN_CA;
	int r = -ENOENT;

	if (claim->verdict != PKI_TRUSTED && claim->verdict != PKI_UNKNOWN_CA)
		return claim->verdict;
	if (s->config->tls_pins)
		r = pki_pin_find(s->config->tls_pins, claim->identity.pin,
			host_clock_now(), &pinned, &verdict, &crt);
	if (r == 0 && verdict == PKI_TRUSTED) {
		p->by = SMTPD_PROOF_BY_PIN;
		p->identity = TAKE(pinned, (struct pki_identity){ 0 });
		p->pinned = TAKE_PTR(crt);
		return PKI_TRUSTED;
	}
	if (claim->verdict == PKI_TRUSTED) {
		p->by = SMTPD_PROOF_BY_CHAIN;
		p->identity = TAKE(claim->identity, (struct pki_identity){ 0 });
		return PKI_TRUSTED;
	}
	return r < 0 ? take_pin_fault(s, claim, r) : verdict;
}

/* What is wrong with the certificate, that nobody of ours has signed it aside. */
static enum pki_verdict
judge_without_issuers(const struct tls_claim *claim)
{
	return claim->verdict == PKI_UNKNOWN_CA ? claim->leaf : claim->verdict;
}

enum pki_verdict
smtpd_proof_claim_device(
	struct smtpd_proof *p, const struct auth_device *d, struct tls_claim *claim)
{
	CLEANUP(pki_identity_clear) struct pki_identity identity = { 0 };
	enum pki_verdict verdict = judge_without_issuers(claim);

	if (verdict != PKI_TRUSTED)
		return verdict;
	identity.names = calloc(1, sizeof *identity.names);
	if (!identity.names)
		return PKI_BAD;
	identity.names[0] = strdup(d->user);
	if (!identity.names[0])
		return PKI_BAD;
	identity.n_names = 1;
	memcpy(identity.pin, claim->identity.pin, sizeof identity.pin);
	p->by = SMTPD_PROOF_BY_DEVICE;
	p->device = *d;
	p->identity = TAKE(identity, (struct pki_identity){ 0 });
	return PKI_TRUSTED;
}

enum pki_verdict
smtpd_proof_claim_nobody(struct smtpd_proof *p, struct tls_claim *claim)
{
	if (claim->verdict != PKI_UNKNOWN_CA || !claim->self_signed)
		return claim->verdict;
	if (claim->leaf != PKI_TRUSTED)
		return claim->leaf;
	p->by = SMTPD_PROOF_BY_NOBODY;
	memcpy(p->identity.pin, claim->identity.pin, sizeof p->identity.pin);
	return PKI_TRUSTED;
}

/* The administrator's certificate has the key, and the names. */
static int
prove_pinned(struct smtpd_server *s, const struct smtpd_proof *p,
	const struct tls_transcript *t, const char **ret_reason)
{
	enum pki_verdict verdict;
	int r = tls_proof_verify(t, p->pinned, ret_reason);

	if (r < 0)
		return r;
	/* Somebody whose key is on a revocation list: the tls process has not said so. */
	verdict = tls_judge_pinned(s->credentials, p->pinned);
	/* The peer may have another certificate for the key. */
	if (verdict == PKI_TRUSTED)
		verdict = tls_judge_device(s->credentials, t->chain, t->n_chain);
	*ret_reason = pki_verdict_name(verdict);
	return verdict == PKI_TRUSTED ? 0 : -EKEYREJECTED;
}

/* The key alone has them. */
static int
prove_device(struct smtpd_server *s, const struct smtpd_proof *p,
	const struct tls_transcript *t, const char **ret_reason)
{
	enum pki_verdict verdict;
	int r = tls_proof_verify_pin(t, p->identity.pin, ret_reason);

	if (r < 0)
		return r;
	verdict = tls_judge_device(s->credentials, t->chain, t->n_chain);
	*ret_reason = pki_verdict_name(verdict);
	return verdict == PKI_TRUSTED ? 0 : -EKEYREJECTED;
}

/* There are none: the certificate has to be one that could become a device. */
static int
prove_nobody(const struct smtpd_proof *p, const struct tls_transcript *t,
	const char **ret_reason)
{
	CLEANUP(pki_crt_free) struct gnutls_x509_crt_int *leaf = NULL;
	enum pki_verdict verdict;
	int r = tls_proof_verify_pin(t, p->identity.pin, ret_reason);

	if (r < 0)
		return r;
	*ret_reason = "unreadable-certificate";
	if (pki_crt_read(t->chain[0].data, t->chain[0].len, &leaf) < 0)
		return -EKEYREJECTED;
	*ret_reason = "not-self-signed";
	if (!pki_crt_is_self_signed(leaf))
		return -EPROTO;
	verdict = pki_crt_judge(leaf, host_clock_now());
	*ret_reason = pki_verdict_name(verdict);
	return verdict == PKI_TRUSTED ? 0 : -EKEYREJECTED;
}

/* The peer's certificate has them, and its issuers vouch for it. */
static int
prove_chain(struct smtpd_server *s, const struct smtpd_proof *p,
	const struct tls_transcript *t, const char **ret_reason)
{
	CLEANUP(pki_identity_clear) struct pki_identity proved = { 0 };
	CLEANUP(pki_crt_free) struct gnutls_x509_crt_int *leaf = NULL;
	enum pki_verdict verdict;
	uint32_t status;
	int r;

	*ret_reason = "unreadable-certificate";
	if (pki_crt_read(t->chain[0].data, t->chain[0].len, &leaf) < 0)
		return -EKEYREJECTED;
	r = tls_proof_verify(t, leaf, ret_reason);
	if (r < 0)
		return r;
	/* A peer who holds one key, and for whom another device or other names were
	 * claimed: a user who is not locked, say. */
	*ret_reason = "another-identity";
	if (pki_crt_identity(leaf, &proved) < 0 ||
		!pki_identity_equal(&proved, &p->identity))
		return -EPROTO;
	/* A chain of the peer's own making, called trusted. */
	verdict = tls_judge_chain(s->credentials, leaf, t->chain, t->n_chain, &status);
	*ret_reason = pki_verdict_name(verdict);
	return verdict == PKI_TRUSTED ? 0 : -EKEYREJECTED;
}

int
smtpd_proof_take(struct smtpd_server *s, const struct smtpd_proof *p,
	const struct tls_proved *proved, const char **ret_reason)
{
	struct tls_terms terms = { .credentials = s->credentials,
		.random = s->channel.random,
		.made = { (void *)buffer_data(&p->made), buffer_len(&p->made) } };
	struct tls_transcript t;
	int r;

	*ret_reason = "unreadable-transcript";
	if (tls_transcript_read(proved->transcript.data, proved->transcript.len, &t) < 0)
		return -EKEYREJECTED;
	*ret_reason = "another-version";
	if (strcmp(proved->version, t.tls13 ? "TLS1.3" : "TLS1.2") != 0)
		return -EPROTO;
	r = tls_proof_bind(&terms, &t, ret_reason);
	if (r < 0)
		return r;
	switch (p->by) {
	case SMTPD_PROOF_BY_CHAIN:
		return prove_chain(s, p, &t, ret_reason);
	case SMTPD_PROOF_BY_PIN:
		return prove_pinned(s, p, &t, ret_reason);
	case SMTPD_PROOF_BY_DEVICE:
		return prove_device(s, p, &t, ret_reason);
	case SMTPD_PROOF_BY_NOBODY:
		return prove_nobody(p, &t, ret_reason);
	}
	*ret_reason = "proof-without-claim";
	return -EPROTO;
}
