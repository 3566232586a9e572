// SPDX-License-Identifier: ISC
/*
 * From a claim to a proof. The struct owns signature, identity and pinned certificate. A
 * certificate of the peer's is read only once the transcript is known to be of this
 * connection, its names once the key is proved, its issuers behind that; a pinned key
 * needs none of them. Faults: those of the proof, and a directory of pins that cannot be
 * read.
 */
#include "smtpd/proof.h"

#include <errno.h>
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
		p->identity = TAKE(pinned, (struct pki_identity){ 0 });
		p->pinned = TAKE_PTR(crt);
		return PKI_TRUSTED;
	}
	if (claim->verdict == PKI_TRUSTED) {
		p->identity = TAKE(claim->identity, (struct pki_identity){ 0 });
		return PKI_TRUSTED;
	}
	return r < 0 ? take_pin_fault(s, claim, r) : verdict;
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
	return p->pinned ? prove_pinned(s, p, &t, ret_reason)
			 : prove_chain(s, p, &t, ret_reason);
}
