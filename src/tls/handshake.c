// SPDX-License-Identifier: ISC
/*
 * The handshake as a loop over a non-blocking socket, with two callbacks that wait on the
 * control channel: the signature and the verdict. The session belongs to the caller on
 * success and to nobody on failure, when the process is about to end. Every fault refuses
 * the peer; which alert it gets and what the smtp process is told is decided here.
 */
#include "tls/handshake.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tls/claim.h"
#include "tls/control.h"
#include "tls/credentials_private.h"
#include "tls/remote_key.h"
#include "tls/tickets.h"
#include "tls/transcribe.h"

struct handshake {
	const struct tls_process *p;
	gnutls_session_t session;
	int alert; /* chosen by the smtp process or here; 0: what GnuTLS maps */
	struct tls_transcriber transcriber;
	bool asked; /* for the key of this connection's tickets */
};

/* GnuTLS' chain as spans: how many, or one too many to be judged. */
static size_t
get_chain(gnutls_session_t session, struct tls_span ret[static TLS_PEER_CHAIN_MAX])
{
	unsigned n = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &n);

	for (unsigned i = 0; chain && i < n; i++) {
		if (i == TLS_PEER_CHAIN_MAX)
			return TLS_PEER_CHAIN_MAX + 1;
		ret[i] = (struct tls_span){ chain[i].data, chain[i].size };
	}
	return chain ? n : 0;
}

static void
make_claim(const struct handshake *h, struct tls_claim *ret)
{
	struct tls_span chain[TLS_PEER_CHAIN_MAX];
	size_t n = get_chain(h->session, chain);

	tls_claim_make(h->p->credentials, chain, n, false, ret);
}

static int
ask_for_admission(struct handshake *h)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	CLEANUP(tls_message_clear) struct tls_message claim = { .kind = TLS_CLAIM };
	struct tls_message answer;
	int r;

	make_claim(h, &claim.claim);
	r = tls_control_send(h->p->control, &claim);
	if (r < 0)
		return r;
	r = tls_control_receive(h->p->control, &b, &answer);
	if (r < 0)
		return r;
	if (answer.kind != TLS_VERDICT) {
		tls_message_clear(&answer);
		return -EBADMSG;
	}
	h->alert = (int)answer.verdict;
	return answer.verdict == 0 ? 0 : -EACCES;
}

/* Called when the peer's Certificate has come: in TLS 1.3 with its CertificateVerify,
 * in 1.2 before that, so that all said here is a claim. Everything but a clear yes
 * refuses. */
static int
verify_peer(gnutls_session_t session)
{
	struct handshake *h = gnutls_session_get_ptr(session);

	if (ask_for_admission(h) == 0)
		return 0;
	if (h->alert == 0)
		h->alert = GNUTLS_A_INTERNAL_ERROR;
	return GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
}

/* A ClientHello may come twice (RFC 8446 section 4.1.4); the key is that of the first. */
static int
begin_tickets(struct handshake *h, const gnutls_datum_t *hello)
{
	if (!h->p->tickets || h->asked)
		return 0;
	h->asked = true;
	return tls_tickets_begin(h->session, h->p->control, h->transcriber.tls13,
		hello->data, hello->size);
}

static int
hear_message(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
	const gnutls_datum_t *message)
{
	struct handshake *h = gnutls_session_get_ptr(session);
	int r = tls_transcribe(
		&h->transcriber, session, type, incoming, message->data, message->size);

	(void)when;
	if (r == 0 && type == GNUTLS_HANDSHAKE_CLIENT_HELLO)
		r = begin_tickets(h, message);
	return r;
}

static int
set_up(struct handshake *h)
{
	struct tls_credentials *c = h->p->credentials;
	unsigned flags = GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
			 (h->p->tickets ? 0 : GNUTLS_NO_TICKETS);

	if (tls_remote_key_bind(c, h->p->control) < 0 ||
		gnutls_init(&h->session, flags) < 0)
		return -ENOMEM;
	gnutls_session_set_ptr(h->session, h);
	gnutls_transport_set_int2(h->session, h->p->in, h->p->out);
	gnutls_handshake_set_timeout(h->session, GNUTLS_INDEFINITE_TIMEOUT);
	if (gnutls_priority_set(h->session, c->priority) < 0 ||
		gnutls_credentials_set(
			h->session, GNUTLS_CRD_CERTIFICATE, c->certificates) < 0)
		return -EINVAL;
	gnutls_certificate_server_set_request(h->session, GNUTLS_CERT_REQUIRE);
	/* With a list of CA names some clients keep pinned certificates at home. */
	gnutls_certificate_send_x509_rdn_sequence(h->session, 1);
	gnutls_session_set_verify_function(h->session, verify_peer);
	gnutls_handshake_set_hook_function(
		h->session, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_PRE, hear_message);
	return 0;
}

/* Waits for the network or for the end of the smtp process, which ends this one. */
static void
wait_for_network(const struct tls_process *p, bool writing)
{
	struct pollfd fds[2] = {
		{ .fd = writing ? p->out : p->in, .events = writing ? POLLOUT : POLLIN },
		{ .fd = p->control },
	};

	if (poll(fds, 2, -1) < 0 && errno != EINTR)
		_exit(0);
	if (fds[1].revents)
		_exit(0);
}

static int
shake_hands(struct handshake *h)
{
	int r;

	while ((r = gnutls_handshake(h->session)) < 0) {
		if (r == GNUTLS_E_AGAIN)
			wait_for_network(
				h->p, gnutls_record_get_direction(h->session) == 1);
		else if (gnutls_error_is_fatal(r))
			break;
	}
	return r;
}

static void
copy_text(char to[static TLS_TEXT_MAX], const char *from)
{
	snprintf(to, TLS_TEXT_MAX, "%s", from ? from : "");
}

/* A session that was resumed has nothing that could be a proof. */
static int
tell_proved(struct handshake *h)
{
	bool resumed = gnutls_session_is_resumed(h->session);
	struct tls_message m = { .kind = resumed ? TLS_RESUMED : TLS_PROVED };
	gnutls_protocol_t version = gnutls_protocol_get_version(h->session);
	gnutls_datum_t exporter = { NULL, 0 };
	int r;

	if (!resumed)
		m.proved.transcript = (struct tls_span){ (void *)buffer_data(
								 &h->transcriber.text),
			buffer_len(&h->transcriber.text) };
	copy_text(m.proved.version, gnutls_protocol_get_name(version));
	copy_text(m.proved.cipher, gnutls_ciphersuite_get(h->session));
	/* In TLS 1.2 the exporter binds to the channel with extended master secret alone
	 * (RFC 9266 section 4.1). */
	if ((version >= GNUTLS_TLS1_3 ||
		    gnutls_session_ext_master_secret_status(h->session)) &&
		gnutls_session_channel_binding(
			h->session, GNUTLS_CB_TLS_EXPORTER, &exporter) >= 0 &&
		exporter.size <= TLS_EXPORTER_MAX) {
		memcpy(m.proved.exporter, exporter.data, exporter.size);
		m.proved.exporter_len = exporter.size;
	}
	gnutls_free(exporter.data);
	r = tls_control_send(h->p->control, &m);
	explicit_bzero(&m.proved, sizeof m.proved);
	return r;
}

/* TLS 1.2: GnuTLS takes an alert in the place of the Certificate for an empty one. */
static bool
was_refused_by_peer(const struct handshake *h, int error)
{
	gnutls_alert_description_t alert = gnutls_alert_get(h->session);

	return error == GNUTLS_E_FATAL_ALERT_RECEIVED ||
	       (error == GNUTLS_E_NO_CERTIFICATE_FOUND &&
		       alert != GNUTLS_A_CLOSE_NOTIFY &&
		       alert != GNUTLS_A_SSL3_NO_CERTIFICATE);
}

static bool
is_lost_peer(int error)
{
	return error == GNUTLS_E_PREMATURE_TERMINATION || error == GNUTLS_E_PULL_ERROR ||
	       error == GNUTLS_E_PUSH_ERROR || error == GNUTLS_E_SESSION_EOF;
}

/* The alert that answers an error: what the smtp process chose, else what fits better
 * than what GnuTLS maps, else that. */
static int
choose_alert(const struct handshake *h, int error)
{
	int level;

	if (h->alert != 0)
		return h->alert;
	switch (error) {
	case GNUTLS_E_CERTIFICATE_REQUIRED:
	case GNUTLS_E_NO_CERTIFICATE_FOUND:
		return gnutls_protocol_get_version(h->session) >= GNUTLS_TLS1_3
			       ? GNUTLS_A_CERTIFICATE_REQUIRED
			       : GNUTLS_A_HANDSHAKE_FAILURE;
	case GNUTLS_E_KEY_USAGE_VIOLATION:
		return GNUTLS_A_UNSUPPORTED_CERTIFICATE;
	case GNUTLS_E_PK_SIGN_FAILED:
		return GNUTLS_A_INTERNAL_ERROR;
	default:
		return gnutls_error_to_alert(error, &level);
	}
}

/* Returns the alert that ends the handshake, -1 for none. */
static int
send_alert(struct handshake *h, int error)
{
	int alert = choose_alert(h, error);

	if (is_lost_peer(error))
		return -1;
	while (gnutls_alert_send(h->session, GNUTLS_AL_FATAL,
		       (gnutls_alert_description_t)alert) == GNUTLS_E_AGAIN)
		wait_for_network(h->p, true);
	return alert;
}

/* What an error of GnuTLS says of the peer's certificate, before or beside the callback.
 */
static enum pki_verdict
verdict_of_error(int error)
{
	int level;

	switch (error) {
	case GNUTLS_E_CERTIFICATE_REQUIRED:
	case GNUTLS_E_NO_CERTIFICATE_FOUND:
		return PKI_NO_CERTIFICATE;
	case GNUTLS_E_KEY_USAGE_VIOLATION:
		return PKI_WRONG_PURPOSE;
	default:
		return gnutls_error_to_alert(error, &level) == GNUTLS_A_BAD_CERTIFICATE
			       ? PKI_BAD
			       : PKI_TRUSTED;
	}
}

/* The key that the peer has shown, if it came to that. */
static void
find_pin(const struct handshake *h, struct tls_failed *ret)
{
	struct pki_identity identity;
	const gnutls_datum_t *chain;
	unsigned n = 0;

	chain = gnutls_certificate_get_peers(h->session, &n);
	if (!chain || n == 0 ||
		pki_identity_read(chain[0].data, chain[0].size, &identity) < 0)
		return;
	memcpy(ret->pin, identity.pin, sizeof ret->pin);
	ret->pin_len = sizeof ret->pin;
	pki_identity_clear(&identity);
}

static void
tell_failed(struct handshake *h, int error)
{
	struct tls_message m = { .kind = TLS_FAILED };
	struct tls_failed *f = &m.failed;
	gnutls_handshake_description_t last = gnutls_handshake_get_last_in(h->session);

	f->received = was_refused_by_peer(h, error);
	f->verdict = f->received ? PKI_TRUSTED : verdict_of_error(error);
	find_pin(h, f);
	f->error = error;
	copy_text(f->name, gnutls_strerror_name(error));
	copy_text(f->last, gnutls_handshake_description_get_name(last));
	f->alert = f->received ? (int)gnutls_alert_get(h->session) : send_alert(h, error);
	tls_control_send(h->p->control, &m);
}

/* Without credentials there is no session: one record of plain TLS says internal_error to
 * a peer that has begun to speak (RFC 8446 sections 5.1 and 6). */
static void
refuse_unprepared(const struct tls_process *p)
{
	static const uint8_t ALERT[] = { 21, 3, 3, 0, 2, GNUTLS_AL_FATAL,
		GNUTLS_A_INTERNAL_ERROR };
	struct tls_message m = { .kind = TLS_FAILED };

	wait_for_network(p, false);
	m.failed.alert = write(p->out, ALERT, sizeof ALERT) == sizeof ALERT
				 ? GNUTLS_A_INTERNAL_ERROR
				 : -1;
	tls_control_send(p->control, &m);
}

int
tls_handshake_run(const struct tls_process *p, struct gnutls_session_int **ret)
{
	struct handshake h = { .p = p,
		.transcriber = { .credentials = p->credentials, .random = p->random } };
	int r;

	if (!p->credentials || set_up(&h) < 0) {
		refuse_unprepared(p);
		return -EIO;
	}
	r = shake_hands(&h);
	if (r < 0) {
		tell_failed(&h, r);
		return -EACCES;
	}
	r = tell_proved(&h);
	buffer_free(&h.transcriber.text);
	gnutls_handshake_set_hook_function(
		h.session, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_PRE, NULL);
	gnutls_session_set_ptr(h.session, NULL);
	*ret = h.session;
	return r;
}
