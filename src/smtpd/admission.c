// SPDX-License-Identifier: ISC
/*
 * A small state machine over the control channel: TICKET once, if at all; then SIGN once,
 * CLAIM once and PROVED, or RESUMED alone; or FAILED. Owns the proof and the ticket's
 * key, and ends the signer. A message out of place ends the connection, as does a proof
 * that does not hold; a fault of ours refuses the peer with internal_error.
 */
#include "smtpd/admission.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "base/calendar.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "host/clock.h"
#include "host/stop.h"
#include "pki/validity.h"
#include "smtpd/entry.h"
#include "smtpd/limits.h"
#include "smtpd/tickets.h"
#include "smtpd/walls.h"
#include "tls/signer.h"

struct admission {
	struct smtpd_server *s;
	bool signs;   /* SIGN was answered */
	bool claimed; /* CLAIM was judged: there is no second one */
	bool admitted;
	struct smtpd_proof peer;
	struct smtpd_ticket ticket;
	char device[PKI_PIN_HEX]; /* the key that is claimed */
	const char *reason;       /* why the peer is refused, or NULL */
};

static int
answer_ticket(struct admission *a, const void *id, size_t len)
{
	if (a->claimed || a->signs)
		return smtpd_violated(a->s, "late-ticket");
	return smtpd_ticket_answer(a->s, &a->ticket, id, len, &a->peer);
}

static int
answer_sign(struct admission *a, const struct tls_sign *request)
{
	struct buffer *made = &a->peer.made;
	int r;

	a->signs = true;
	smtpd_ticket_give_up(&a->ticket, &a->peer);
	/* Without a key the answer is empty, and the handshake ends with internal_error.
	 */
	if (!a->s->signer)
		return tls_channel_signature(&a->s->channel, "", 0);
	if (a->claimed)
		return smtpd_violated(a->s, "signature-after-claim");
	r = tls_signer_sign(a->s->signer, request, made);
	if (r == -EALREADY)
		return smtpd_violated(a->s, "second-signature");
	if (r == -EINVAL)
		return smtpd_violated(a->s, "foreign-algorithm");
	if (r < 0) {
		smtpd_fault(a->s, -EINVAL, "tls_key: %s: it does not sign",
			a->s->config->tls_key);
		return tls_channel_signature(&a->s->channel, "", 0);
	}
	return tls_channel_signature(&a->s->channel, buffer_data(made), buffer_len(made));
}

static int
answer_claim(struct admission *a, struct tls_claim *claim)
{
	int alert, r;

	if (a->claimed)
		return smtpd_violated(a->s, "second-claim");
	a->claimed = true;
	smtpd_ticket_give_up(&a->ticket, &a->peer);
	text_hex(claim->identity.pin, PKI_PIN_SIZE, a->device);
	alert = smtpd_entry_judge(a->s, &a->peer, claim, &a->reason);
	a->admitted = alert == 0;
	r = a->admitted ? smtpd_ticket_end(a->s, &a->ticket) : 0;
	return r < 0 ? r : tls_channel_verdict(&a->s->channel, alert);
}

/* The handshake is over, so that no alert tells the peer. */
static int
refuse_proof(struct admission *a, int fault, const char *reason)
{
	struct smtpd_server *s = a->s;

	tls_channel_last(&s->channel, "", 0);
	if (fault == -EPROTO)
		return smtpd_violated(s, reason);
	if (fault == -ENOMEM)
		return fault;
	smtpd_log(s,
		(struct host_record){ .priority = LOG_WARNING,
			.event = "refused",
			.reason = reason,
			.device = a->device },
		"Refused %s behind the handshake: its key is not proved",
		s->connection->peer_port);
	return -EACCES;
}

/* Appends when the peer's certificate ends, where somebody ought to be told. */
static bool
put_expiry(const struct smtpd_server *s, struct buffer *b)
{
	const struct pki_validity v = { s->identity.not_before, s->identity.not_after };
	char day[CALENDAR_STAMP_SIZE];

	if (!pki_validity_ends_soon(&v, host_clock_now()))
		return false;
	calendar_day(v.until, day);
	buffer_printf(b, "; its certificate expires on %s", day);
	return true;
}

/* What the log says of a peer that has come in: of a device, whose it is. */
static void
log_admission(const struct smtpd_server *s, const struct smtpd_proof *p, bool resumed)
{
	CLEANUP(buffer_free) struct buffer more = { 0 };
	struct host_record record = { .priority = LOG_INFO,
		.event = "admitted",
		.reason = resumed ? "resumed" : s->tls.cipher };
	const char *peer = s->connection->peer_port;

	if (p->by == SMTPD_PROOF_BY_NOBODY)
		record.event = "admitted-to-enrol";
	if (p->by == SMTPD_PROOF_BY_DEVICE)
		buffer_printf(&more, " as a device of %s", p->device.user);
	if (p->by != SMTPD_PROOF_BY_NOBODY && put_expiry(s, &more))
		record.priority = LOG_WARNING;
	smtpd_log(s, record, "Admitted %s with %s%s%s", peer, s->tls.version,
		resumed ? ", resumed" : "",
		buffer_len(&more) > 0 ? buffer_string(&more) : "");
}

/* The peer is who a->peer says. */
static int
admit(struct admission *a, const struct tls_proved *session, bool resumed)
{
	struct smtpd_server *s = a->s;

	s->identity = TAKE(a->peer.identity, (struct pki_identity){ 0 });
	s->tls = *session;
	s->tls.transcript = (struct tls_span){ 0 };
	text_hex(s->identity.pin, PKI_PIN_SIZE, s->device);
	s->peer = (struct auth_peer){ .certificate = true,
		.device = a->peer.by == SMTPD_PROOF_BY_DEVICE,
		.pin = s->identity.pin,
		.names = s->identity.names,
		.n_names = s->identity.n_names,
		.exporter = s->tls.exporter_len ? s->tls.exporter : NULL,
		.exporter_len = s->tls.exporter_len };
	s->enrols_only = a->peer.by == SMTPD_PROOF_BY_NOBODY;
	s->proved = true;
	log_admission(s, &a->peer, resumed);
	if (s->peer.device)
		smtpd_entry_note_use(s, &a->peer.device);
	smtpd_limits_device(s);
	return 1;
}

/* There is no proof in a session that was resumed but that of the one it goes on with:
 * the tls process has had the key of that one, and of no other. */
static int
accept_resumed(struct admission *a, const struct tls_proved *session)
{
	int r;

	if (a->ticket.state != SMTPD_TICKET_RESUMES)
		return smtpd_violated(a->s, "resumed-without-ticket");
	r = smtpd_ticket_confirm(a->s, &a->ticket);
	if (r < 0) {
		text_hex(a->peer.identity.pin, PKI_PIN_SIZE, a->device);
		return refuse_proof(a, r, "ticket-ended");
	}
	return admit(a, session, true);
}

static int
accept_proof(struct admission *a, const struct tls_proved *proved)
{
	struct smtpd_server *s = a->s;
	const char *reason;
	int r;

	if (!a->admitted)
		return smtpd_violated(s, "proof-without-claim");
	r = smtpd_proof_take(s, &a->peer, proved, &reason);
	if (r < 0)
		return refuse_proof(a, r, reason);
	smtpd_ticket_keep(s, &a->ticket, &a->peer, &proved->transcript);
	return admit(a, proved, false);
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

static void
count_failure(struct smtpd_server *s, const struct tls_failed *failed)
{
	enum host_handshake how = HOST_HANDSHAKE_REFUSED;

	if (failed->alert < 0)
		how = HOST_HANDSHAKE_LOST;
	else if (failed->received)
		how = HOST_HANDSHAKE_GIVEN_UP;
	else if (buffer_len(&s->fault) > 0)
		how = HOST_HANDSHAKE_FAULT;
	smtpd_limits_handshake_ended(s, how, failed->alert, !failed->received);
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
	count_failure(s, failed);
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
	int r = smtpd_receive(a->s, &m);

	if (r == -EPIPE)
		return smtpd_violated(a->s, "died");
	if (r == -EACCES)
		return r;
	if (r < 0)
		return smtpd_violated(a->s, "unreadable");
	switch (m.kind) {
	case TLS_TICKET:
		r = answer_ticket(a, m.bytes.data, m.bytes.len);
		break;
	case TLS_SIGN:
		r = answer_sign(a, &m.sign);
		break;
	case TLS_CLAIM:
		r = answer_claim(a, &m.claim);
		break;
	case TLS_PROVED:
		r = accept_proof(a, &m.proved);
		break;
	case TLS_RESUMED:
		r = accept_resumed(a, &m.proved);
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
	smtpd_limits_handshake_ended(a->s, HOST_HANDSHAKE_TIMEOUT, -1, true);
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

int
smtpd_admission_prepare(struct smtpd_server *s)
{
	CLEANUP(buffer_free) struct buffer fault = { 0 };
	int r;

	if (s->config->tls == CONFIG_TLS_OFF || buffer_len(&s->fault) > 0)
		return 0;
	r = tls_signer_load(s->config->tls_key, &s->signer, &fault);
	if (r < 0)
		smtpd_fault(s, r, "%s", buffer_len(&fault) ? buffer_string(&fault) : "");
	return r == -ENOMEM ? r : 0;
}

int
smtpd_admission_run(struct smtpd_server *s)
{
	struct admission a = { .s = s };
	int r;

	smtpd_limits_handshake(s);
	r = attend(&a);
	tls_signer_free(TAKE_PTR(s->signer));
	smtpd_proof_clear(&a.peer);
	smtpd_ticket_clear(&a.ticket);
	/* It may have held a long transcript. */
	buffer_wipe(&s->channel.packet);
	return r;
}
