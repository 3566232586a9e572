// SPDX-License-Identifier: ISC
/*
 * A small state machine over the control channel: SIGN once, CLAIM once, then PROVED or
 * FAILED. Owns the signer and, until it is proved, the claimed identity. A message out of
 * place ends the connection; a fault of ours refuses the peer with internal_error.
 */
#include "smtpd/admission.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "auth/policy.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "host/clock.h"
#include "host/memory.h"
#include "host/stop.h"
#include "tls/signer.h"

enum { ALERT_ACCESS_DENIED = 49, ALERT_INTERNAL_ERROR = 80 };

struct admission {
	struct smtpd_server *s;
	struct tls_signer *signer; /* NULL: the key could not be read */
	bool claimed;              /* CLAIM was judged: there is no second one */
	bool admitted;
	struct pki_identity identity;
	char device[PKI_PIN_HEX];
	const char *reason; /* why the peer is refused, or NULL */
};

/* The certificate by itself: trusted by its chain, or because it is pinned. An identity
 * that counts is left in a->identity, or none. */
static enum pki_verdict
judge_certificate(struct admission *a, struct tls_claim *claim)
{
	const struct config *config = a->s->config;
	struct pki_identity pinned;
	enum pki_verdict verdict;
	int r;

	if (claim->verdict == PKI_TRUSTED) {
		a->identity = claim->identity;
		claim->identity = (struct pki_identity){ 0 };
		return PKI_TRUSTED;
	}
	if (claim->verdict != PKI_UNKNOWN_CA || !config->tls_pins)
		return claim->verdict;
	r = pki_pin_find(config->tls_pins, claim->identity.pin, host_clock_now(), &pinned,
		&verdict);
	if (r == -ENOENT)
		return PKI_UNKNOWN_CA;
	if (r < 0) {
		smtpd_fault(a->s, r, "tls_pins: %s/%s: %s", config->tls_pins, a->device,
			strerror(-r));
		return PKI_BAD;
	}
	a->identity = pinned;
	return verdict;
}

/* 0 to admit, or the alert that refuses, with a->reason. */
static int
judge(struct admission *a, struct tls_claim *claim)
{
	enum pki_verdict verdict;
	int r;

	text_hex(claim->identity.pin, PKI_PIN_SIZE, a->device);
	verdict = judge_certificate(a, claim);
	if (buffer_len(&a->s->fault) > 0) {
		a->reason = "internal-error";
		return ALERT_INTERNAL_ERROR;
	}
	if (verdict != PKI_TRUSTED) {
		a->reason = pki_verdict_name(verdict);
		return pki_verdict_alert(verdict);
	}
	r = auth_may_enter(a->s->config, a->identity.names, a->identity.n_names);
	if (r < 0) {
		smtpd_fault(a->s, r, "users: %s: %s", a->s->config->users, strerror(-r));
		a->reason = "internal-error";
		return ALERT_INTERNAL_ERROR;
	}
	if (r == 0) {
		a->reason = "user-locked";
		return ALERT_ACCESS_DENIED;
	}
	a->admitted = true;
	return 0;
}

static int
answer_sign(struct admission *a, const struct tls_sign *request)
{
	CLEANUP(buffer_free) struct buffer signature = { 0 };
	int r;

	/* Without a key the answer is empty, and the handshake ends with internal_error.
	 */
	if (!a->signer)
		return tls_channel_signature(&a->s->channel, "", 0);
	if (a->claimed)
		return smtpd_violated(a->s, "signature-after-claim");
	r = tls_signer_sign(a->signer, request, &signature);
	if (r == -EALREADY)
		return smtpd_violated(a->s, "second-signature");
	if (r == -EINVAL)
		return smtpd_violated(a->s, "foreign-algorithm");
	if (r < 0) {
		smtpd_fault(a->s, -EINVAL, "tls_key: %s: it does not sign",
			a->s->config->tls_key);
		return tls_channel_signature(&a->s->channel, "", 0);
	}
	return tls_channel_signature(
		&a->s->channel, buffer_data(&signature), buffer_len(&signature));
}

static int
answer_claim(struct admission *a, struct tls_claim *claim)
{
	if (a->claimed)
		return smtpd_violated(a->s, "second-claim");
	a->claimed = true;
	return tls_channel_verdict(&a->s->channel, judge(a, claim));
}

static int
accept_proof(struct admission *a, const struct tls_proved *proved)
{
	struct smtpd_server *s = a->s;
	char pin[PKI_PIN_HEX];

	text_hex(proved->pin, PKI_PIN_SIZE, pin);
	if (!a->admitted || strcmp(pin, a->device) != 0)
		return smtpd_violated(a->s, "proof-without-claim");
	s->identity = a->identity;
	a->identity = (struct pki_identity){ 0 };
	s->tls = *proved;
	memcpy(s->device, a->device, sizeof s->device);
	s->peer = (struct auth_peer){ .certificate = true,
		.pin = s->identity.pin,
		.names = s->identity.names,
		.n_names = s->identity.n_names,
		.exporter = s->tls.exporter_len ? s->tls.exporter : NULL,
		.exporter_len = s->tls.exporter_len };
	s->proved = true;
	smtpd_log(s,
		(struct host_record){ .priority = LOG_INFO,
			.event = "admitted",
			.reason = proved->cipher },
		"Admitted %s with %s", s->connection->peer_port, proved->version);
	return 1;
}

/* A failure that is ours: a person must mend it, so it says which file. */
static int
log_own_fault(struct admission *a)
{
	struct smtpd_server *s = a->s;

	smtpd_log(s,
		(struct host_record){ .priority = LOG_ERR,
			.event = "refused",
			.reason = "internal-error",
			.device = a->device[0] ? a->device : NULL },
		"Refused %s because of a fault of this server: %s",
		s->connection->peer_port, buffer_string(&a->s->fault));
	return -EACCES;
}

static int
log_failure(struct admission *a, const struct tls_failed *failed)
{
	struct smtpd_server *s = a->s;
	struct host_record record = {
		.priority = LOG_NOTICE, .event = "refused", .reason = a->reason
	};

	if (failed->pin_len > 0)
		text_hex(failed->pin, PKI_PIN_SIZE, a->device);
	record.device = a->device[0] ? a->device : NULL;
	if (buffer_len(&s->fault) > 0)
		return log_own_fault(a);
	if (!record.reason && failed->verdict != PKI_TRUSTED)
		record.reason = pki_verdict_name(failed->verdict);
	if (!record.reason)
		record.reason = failed->name;
	if (failed->alert < 0)
		smtpd_log(
			s, record, "Lost %s in the handshake", s->connection->peer_port);
	else if (failed->received)
		smtpd_log(s, record, "Handshake given up by %s with alert %d",
			s->connection->peer_port, failed->alert);
	else
		smtpd_log(s, record, "Refused %s with alert %d", s->connection->peer_port,
			failed->alert);
	return -EACCES;
}

static int
hear(struct admission *a)
{
	struct tls_message m;
	int r = tls_channel_receive(&a->s->channel, &m);

	if (r == -EPIPE)
		return smtpd_violated(a->s, "died");
	if (r < 0)
		return smtpd_violated(a->s, "unreadable");
	switch (m.kind) {
	case TLS_SIGN:
		r = answer_sign(a, &m.sign);
		break;
	case TLS_CLAIM:
		r = answer_claim(a, &m.claim);
		break;
	case TLS_PROVED:
		r = accept_proof(a, &m.proved);
		break;
	case TLS_FAILED:
		r = log_failure(a, &m.failed);
		break;
	default:
		r = smtpd_violated(a->s, "unexpected");
	}
	tls_message_clear(&m);
	return r;
}

static int
log_silence(struct admission *a, bool stopped)
{
	smtpd_log(a->s,
		(struct host_record){ .priority = LOG_NOTICE,
			.event = "refused",
			.reason = stopped ? "shutting-down" : "timeout",
			.device = a->device[0] ? a->device : NULL },
		"Gave %s up in the handshake", a->s->connection->peer_port);
	return -ETIMEDOUT;
}

static int
attend(struct admission *a)
{
	int64_t deadline = smtpd_deadline(a->s, a->s->config->timeout_handshake);
	struct pollfd p = { .fd = a->s->channel.control, .events = POLLIN };
	int r = 0;

	while (r == 0) {
		r = host_stop_poll(&p, 1, deadline);
		if (r == 0 || host_stop_asked())
			return log_silence(a, r != 0);
		if (r > 0)
			r = hear(a);
		else if (r == -EINTR)
			r = 0;
	}
	return r < 0 ? r : 0;
}

/* Read now that the handshake is under way in the other process, which never has it. */
static int
load_key(struct admission *a)
{
	CLEANUP(buffer_free) struct buffer fault = { 0 };
	int r;

	if (buffer_len(&a->s->fault) > 0)
		return 0;
	r = tls_signer_load(a->s->config->tls_key, &a->signer, &fault);
	if (r < 0)
		smtpd_fault(
			a->s, r, "%s", buffer_len(&fault) ? buffer_string(&fault) : "");
	return r == -ENOMEM ? r : 0;
}

int
smtpd_admission_run(struct smtpd_server *s)
{
	struct admission a = { .s = s };
	int r = load_key(&a);

	if (r < 0)
		return r;
	r = attend(&a);
	tls_signer_free(a.signer);
	pki_identity_clear(&a.identity);
	host_memory_release();
	return r;
}
