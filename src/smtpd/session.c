// SPDX-License-Identifier: ISC
/*
 * The loop: understand what has come, write the replies of it at once, wait. Owns the
 * dialogue, both buffers, and the exchange and message under way, which end with it
 * however it ends. Without memory the peer gets 421; a peer that is gone gets nothing.
 */
#include "smtpd/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "host/clock.h"
#include "host/stop.h"
#include "pki/idna.h"
#include "smtpd/limits.h"
#include "smtpd/pace.h"
#include "smtpd/session_private.h"

enum {
	REPLIES_MAX = 32 * 1024,  /* not more waits for a peer that does not read */
	READ_COMMANDS = 4 * 1024, /* bytes of one read */
	READ_MESSAGE = 64 * 1024,
	STOP_MS = 10 * 1000, /* what a transaction under way still gets */
};

/* Gives the peer its time for the next line, all of it, or for a message to go on. */
static void
expect(struct smtpd_session *x)
{
	bool message = smtp_dialogue_in_message(x->dialogue);
	const struct config *config = x->s->config;

	x->deadline = host_clock_ms() +
		      1000 * (int64_t)(message ? config->timeout_data
					       : config->timeout_command);
}

/* A message, or a chunk of one, has come to its end. */
static int
end_message(struct smtpd_session *x)
{
	enum smtp_data_fault fault = smtpd_message_end(x);
	struct smtp_request request;
	enum smtp_answer lost;
	int r;

	if (smtpd_message_lost(x, &lost))
		r = smtp_dialogue_message_lost(x->dialogue, lost, &x->replies, &request);
	else
		r = smtp_dialogue_message_end(x->dialogue, fault, &x->replies, &request);
	if (r < 0)
		return r;
	r = smtpd_session_do(x, &request);
	expect(x);
	return r;
}

/* 1 where the message or chunk has ended, 0 where more is needed. */
static int
take_message(struct smtpd_session *x)
{
	char *data = buffer_data(&x->in);
	size_t out, consumed;
	bool ended;
	int r;

	ended = smtp_dialogue_message(
		x->dialogue, data, buffer_len(&x->in), data, &out, &consumed);
	smtpd_message_store(x, data, out);
	buffer_consume(&x->in, consumed);
	if (!ended)
		return 0;
	r = end_message(x);
	return r < 0 ? r : 1;
}

/* 1 where there was a line, 0 where more is needed. */
static int
take_line(struct smtpd_session *x)
{
	enum smtp_line_fault fault;
	struct smtp_request request;
	size_t len, consumed;
	char *data = buffer_data(&x->in);
	bool ended = smtp_line_next(&x->line, data, buffer_len(&x->in),
		smtp_dialogue_line_limit(x->dialogue), &len, &consumed, &fault);
	int r = 0;

	x->arrival = host_clock_ms();
	smtp_dialogue_more_behind(x->dialogue, buffer_len(&x->in) > consumed);
	if (ended && fault == SMTP_LINE_TOO_LONG)
		r = smtp_dialogue_line(x->dialogue, fault, x->line.head, x->line.head_len,
			&x->replies, &request);
	else if (ended)
		r = smtp_dialogue_line(
			x->dialogue, fault, data, len, &x->replies, &request);
	/* An answer to AUTH may be a password. */
	explicit_bzero(data, consumed);
	if (ended)
		explicit_bzero(&x->line, sizeof x->line);
	buffer_consume(&x->in, consumed);
	if (!ended || r < 0)
		return r;
	r = smtpd_session_do(x, &request);
	expect(x);
	return r < 0 ? r : 1;
}

/* Asked to stop, a transaction may still come to its end. */
static bool
must_stop(const struct smtpd_session *x)
{
	return host_stop_asked() && !smtp_dialogue_sender(x->dialogue);
}

/* Whether what was read can be looked at now. */
static bool
may_go_on(const struct smtpd_session *x)
{
	return x->state == SMTPD_SESSION_GOES_ON && x->hold == 0 && !x->starved &&
	       !must_stop(x) && buffer_len(&x->replies) < REPLIES_MAX;
}

static int
understand(struct smtpd_session *x)
{
	int r = 0;

	while (r >= 0 && may_go_on(x)) {
		/* A chunk of no bytes ends without any. */
		if (smtp_dialogue_in_message(x->dialogue))
			r = take_message(x);
		else
			r = buffer_len(&x->in) > 0 ? take_line(x) : 0;
		x->starved = r == 0;
	}
	return r < 0 ? r : 0;
}

/* Replies that cannot all be written wait for a peer that does not read, which has to do
 * so at some pace, too; n bytes of them were written. Nothing else is asked of it before
 * they are gone. */
static void
pace_replies(struct smtpd_session *x, size_t n)
{
	unsigned seconds = x->s->config->timeout_command;
	int64_t now;

	if (buffer_len(&x->replies) == 0 && x->drain == 0)
		return;
	now = host_clock_ms();
	if (buffer_len(&x->replies) == 0) {
		x->drain = 0;
		expect(x);
	} else if (x->drain == 0)
		x->drain = now + (int64_t)seconds * 1000;
	else
		x->drain = smtpd_pace_extend(x->drain, now, seconds, n);
}

static void
flush(struct smtpd_session *x)
{
	ssize_t n = write(
		x->s->channel.out, buffer_data(&x->replies), buffer_len(&x->replies));

	if (n > 0)
		buffer_consume(&x->replies, (size_t)n);
	else if (errno != EAGAIN && errno != EINTR) {
		x->state = SMTPD_SESSION_LOST;
		x->why = "lost";
	}
	pace_replies(x, n > 0 ? (size_t)n : 0);
}

static void
fill(struct smtpd_session *x)
{
	bool message = smtp_dialogue_in_message(x->dialogue);
	size_t room = message ? READ_MESSAGE : READ_COMMANDS;
	ssize_t n;

	if (buffer_reserve(&x->in, room) < 0) {
		smtpd_session_end(x, SMTP_GOODBYE_FAULT, "out-of-memory");
		return;
	}
	n = read(x->s->channel.in, buffer_tail(&x->in), room);
	if (n > 0) {
		buffer_grow(&x->in, (size_t)n);
		x->starved = false;
		x->s->channel.received += (uint64_t)n;
		if (message)
			x->deadline = smtpd_pace_extend(x->deadline, host_clock_ms(),
				x->s->config->timeout_data, (size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		x->in_ended = true;
}

void
smtpd_session_end(struct smtpd_session *x, enum smtp_goodbye why, const char *word)
{
	x->state = SMTPD_SESSION_CLOSES;
	x->why = word;
	if (smtp_dialogue_goodbye(x->dialogue, why, &x->replies) < 0)
		x->state = SMTPD_SESSION_LOST;
}

static int64_t
next_deadline(const struct smtpd_session *x)
{
	int64_t d = x->hold > 0 ? x->hold : x->drain > 0 ? x->drain : x->deadline;

	if (x->show > 0 && x->show < d)
		d = x->show;
	return d < x->s->deadline ? d : x->s->deadline;
}

static void
end_hold(struct smtpd_session *x)
{
	x->hold = 0;
	expect(x);
}

static void
await(struct smtpd_session *x)
{
	bool held = x->hold > 0;
	bool full = buffer_len(&x->replies) >= REPLIES_MAX;
	struct pollfd fds[3] = {
		{ .fd = held || full || x->in_ended ? -1 : x->s->channel.in,
			.events = POLLIN },
		{ .fd = held || buffer_len(&x->replies) == 0 ? -1 : x->s->channel.out,
			.events = POLLOUT },
		{ .fd = x->s->channel.control, .events = POLLIN },
	};
	int r;

	smtpd_limits_show(x);
	r = host_stop_poll(fds, 3, next_deadline(x));
	if (r == 0 && x->show > 0 && host_clock_ms() >= x->show)
		return;
	if (r == 0 && held && host_clock_ms() >= x->hold)
		end_hold(x);
	else if (r == 0 && host_stop_asked())
		smtpd_session_end(x, SMTP_GOODBYE_SHUTDOWN, "shutting-down");
	else if (r == 0)
		smtpd_session_end(x, SMTP_GOODBYE_TIMEOUT, "timeout");
	if (r <= 0)
		return;
	/* A tls process that has ended still has left what it relayed. */
	if (fds[2].revents && smtpd_session_hear(x) == -EACCES) {
		x->state = SMTPD_SESSION_LOST;
		x->why = "tls-process-fault";
	} else if (fds[0].revents)
		fill(x);
}

static void
heed_stop(struct smtpd_session *x)
{
	int64_t end = host_clock_ms() + STOP_MS;

	if (!host_stop_asked() || x->state != SMTPD_SESSION_GOES_ON)
		return;
	if (must_stop(x))
		smtpd_session_end(x, SMTP_GOODBYE_SHUTDOWN, "shutting-down");
	else if (x->s->deadline > end)
		x->s->deadline = end;
}

static void
loop(struct smtpd_session *x)
{
	while (x->state == SMTPD_SESSION_GOES_ON) {
		if (understand(x) < 0) {
			smtpd_session_end(x, SMTP_GOODBYE_FAULT, "out-of-memory");
			return;
		}
		heed_stop(x);
		if (x->state != SMTPD_SESSION_GOES_ON)
			return;
		if (x->hold == 0 && buffer_len(&x->replies) > 0)
			flush(x);
		/* All that came is answered: nobody will say more. */
		if (x->in_ended && x->hold == 0 && buffer_len(&x->replies) == 0 &&
			x->state == SMTPD_SESSION_GOES_ON) {
			x->state = SMTPD_SESSION_CLOSES;
			x->why = x->why ? x->why : "lost";
			return;
		}
		if (x->state == SMTPD_SESSION_GOES_ON && !may_go_on(x))
			await(x);
	}
}

/* A wrong password's last 421 waits, too, whoever wants to be done with it. */
static void
hold_last_words(struct smtpd_session *x)
{
	struct pollfd p = { .fd = x->s->channel.control, .events = 0 };

	while (x->hold > host_clock_ms())
		if (host_stop_poll(&p, 1, x->hold) > 0)
			return;
}

static int
prepare(struct smtpd_session *x, bool starttls)
{
	const struct config *config = x->s->config;
	int r = pki_idna_all(config->domains, config->n_domains, &x->domains_utf8);

	x->mechanisms = starttls ? strdup("") : auth_mechanisms(config, &x->s->peer);
	if (r < 0 || !x->mechanisms)
		return -ENOMEM;
	x->policy = (struct smtp_policy){ .hostname = config->hostname,
		.domains = config->domains,
		.n_domains = config->n_domains,
		.domains_utf8 = x->domains_utf8,
		.any_sender = config->senders == CONFIG_SENDERS_ANY,
		.mechanisms = x->mechanisms,
		.starttls = starttls,
		.enrols_only = x->s->enrols_only,
		.max_message_size = config->max_message_size,
		.max_recipients = config->max_recipients,
		.max_messages = config->max_messages,
		.max_errors = config->max_errors };
	x->dialogue = smtp_dialogue_new(&x->policy);
	return x->dialogue ? 0 : -ENOMEM;
}

static enum smtpd_end
conclude(struct smtpd_session *x)
{
	enum smtpd_end end = SMTPD_END_CLOSED;
	struct smtpd_server *s = x->s;

	hold_last_words(x);
	if (x->state == SMTPD_SESSION_STARTS_TLS) {
		if (smtpd_session_start_tls(x) == 0)
			return SMTPD_END_STARTTLS;
		end = SMTPD_END_CUT;
	} else if (x->state == SMTPD_SESSION_CLOSES) {
		tls_channel_last(
			&s->channel, buffer_data(&x->replies), buffer_len(&x->replies));
	}
	smtpd_log(s,
		(struct host_record){ .priority = LOG_INFO,
			.event = "closed",
			.user = smtp_dialogue_user(x->dialogue),
			.reason = x->why ? x->why : "quit" },
		"Closed the connection of %s after %u message%s",
		s->connection->peer_port, x->accepted, x->accepted == 1 ? "" : "s");
	return end;
}

enum smtpd_end
smtpd_session_run(struct smtpd_server *s, bool starttls, bool banner)
{
	struct smtpd_session x = { .s = s };
	enum smtpd_end end = SMTPD_END_CLOSED;

	if (prepare(&x, starttls) == 0 &&
		(smtpd_limits_greet(&x) || !banner || smtpd_session_greet(&x) == 0)) {
		expect(&x);
		loop(&x);
		end = conclude(&x);
	}
	smtpd_limits_session_ends(&x);
	auth_exchange_free(x.exchange);
	smtpd_message_drop(&x);
	smtp_dialogue_free(x.dialogue);
	pki_idna_free(x.domains_utf8, s->config->n_domains);
	free(x.mechanisms);
	buffer_wipe(&x.in);
	buffer_wipe(&x.replies);
	return end;
}
