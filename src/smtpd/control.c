// SPDX-License-Identifier: ISC
/*
 * A session's part of the control channel: what the tls process says while it relays, and
 * what must be ordered with the stream. Owns nothing; closes the channel where what came
 * cannot be read. Faults: -EPIPE where the tls process has ended, -EACCES where it broke
 * the protocol, -ETIMEDOUT, -EINTR when asked to stop.
 */
#include <errno.h>
#include <syslog.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/clock.h"
#include "host/stop.h"
#include "smtpd/session_private.h"
#include "smtpd/walls.h"

/* Nothing that came before the banner is ever read as a command. */
static void
refuse_early(struct smtpd_session *x)
{
	smtpd_log(x->s,
		(struct host_record){ .priority = LOG_NOTICE,
			.event = "refused-command",
			.reason = "early-command" },
		"Refused %s, who spoke before the banner", x->s->connection->peer_port);
	smtpd_session_end(x, SMTP_GOODBYE_EARLY, "early-command");
}

int
smtpd_session_greet(struct smtpd_session *x)
{
	struct tls_channel *c = &x->s->channel;
	int r;

	if (c->control < 0 && tls_channel_pending(c)) {
		refuse_early(x);
		return 0;
	}
	r = smtp_dialogue_banner(x->dialogue, &x->replies);
	if (r < 0 || c->control < 0)
		return r;
	/* Where this fails the tls process has ended, as the stream will show. */
	tls_channel_banner(c, buffer_data(&x->replies), buffer_len(&x->replies));
	buffer_consume(&x->replies, buffer_len(&x->replies));
	x->greeted = true;
	return 0;
}

/* Whether EARLY has its place: once, behind the banner and before anything else. */
static bool
may_be_early(const struct smtpd_session *x)
{
	return x->greeted && x->s->channel.received == 0 &&
	       x->state == SMTPD_SESSION_GOES_ON;
}

int
smtpd_session_hear(struct smtpd_session *x)
{
	struct smtpd_server *s = x->s;
	struct tls_message m;
	int r = smtpd_receive(s, &m);

	if (r < 0) {
		close(TAKE_FD(s->channel.control));
		return r == -EPIPE || r == -EACCES ? r : smtpd_violated(s, "unreadable");
	}
	if (m.kind == TLS_RELAYED && x->state == SMTPD_SESSION_STARTS_TLS) {
		x->relayed = m.relayed;
		return 1;
	}
	if (m.kind == TLS_EARLY && may_be_early(x)) {
		refuse_early(x);
		return 0;
	}
	if (m.kind == TLS_GONE) {
		if (m.gone != TLS_GONE_CLOSED)
			x->why = m.gone == TLS_GONE_FAULT ? "connection-fault"
							  : "truncated";
		return 0;
	}
	tls_message_clear(&m);
	return smtpd_violated(s, "unexpected");
}

/* All that came in the clear behind STARTTLS is dropped: an attacker could have put it
 * there (RFC 3207 section 6). Some of it is here, some between the processes, and some
 * the other one has thrown away. */
static int
drop_plaintext(struct smtpd_session *x)
{
	struct tls_channel *c = &x->s->channel;
	uint64_t dropped = buffer_len(&x->in) + x->relayed.dropped;
	char sink[4096];

	while (c->received < x->relayed.bytes) {
		uint64_t left = x->relayed.bytes - c->received;
		ssize_t n = read(c->in, sink, left < sizeof sink ? left : sizeof sink);

		if (n <= 0)
			return -EPIPE;
		c->received += (uint64_t)n;
		dropped += (uint64_t)n;
	}
	buffer_consume(&x->in, buffer_len(&x->in));
	if (dropped > 0)
		smtpd_log(x->s,
			(struct host_record){ .priority = LOG_WARNING,
				.event = "plaintext-dropped",
				.reason = "behind-starttls" },
			"Dropped %llu bytes that %s sent in the clear behind STARTTLS",
			(unsigned long long)dropped, x->s->connection->peer_port);
	return 0;
}

/* Why TLS could not begin, for the log. */
static const char *
name_fault(int r)
{
	switch (r) {
	case -ETIMEDOUT:
		return "timeout";
	case -EINTR:
		return "shutting-down";
	case -EACCES:
		return "tls-process-fault";
	default:
		return "lost";
	}
}

int
smtpd_session_start_tls(struct smtpd_session *x)
{
	struct tls_channel *c = &x->s->channel;
	struct pollfd p = { .fd = c->control, .events = POLLIN };
	int64_t deadline = smtpd_deadline(x->s, x->s->config->timeout_handshake);
	int r = tls_channel_starttls(
		c, buffer_data(&x->replies), buffer_len(&x->replies));

	/* The end of the peer's stream may have been told just before. */
	while (r == 0) {
		r = host_stop_poll(&p, 1, deadline);
		if (r == 0)
			r = -ETIMEDOUT;
		if (r > 0)
			r = smtpd_session_hear(x);
	}
	if (r > 0)
		r = drop_plaintext(x);
	if (r < 0)
		x->why = name_fault(r);
	return r;
}
