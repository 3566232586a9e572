// SPDX-License-Identifier: ISC
/*
 * The message under way: opened with its trace on top, stored block by block, delivered
 * or dropped. The first fault of writing is kept until the peer has sent all of it, and
 * becomes a temporary refusal, and a log record that says which folder.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "host/clock.h"
#include "smtp/trace.h"
#include "smtpd/session_private.h"

static const char *
peer_literal(const struct smtpd_server *s, char *room, size_t size)
{
	const char *peer = s->connection->peer;

	if (strchr(peer, ':')) {
		snprintf(room, size, "IPv6:%s", peer);
		return room;
	}
	return strchr(peer, '.') ? peer : NULL;
}

static int
write_trace(struct smtpd_session *x)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	const struct smtpd_server *s = x->s;
	char room[80];
	struct smtp_trace trace = {
		.sender = smtp_dialogue_sender(x->dialogue),
		.helo = smtp_dialogue_helo(x->dialogue),
		.peer = peer_literal(s, room, sizeof room),
		.hostname = s->config->hostname,
		.extended = smtp_dialogue_is_modern(x->dialogue),
		.tls_version = s->proved ? s->tls.version : NULL,
		.tls_cipher = s->proved ? s->tls.cipher : NULL,
		.device = s->proved ? s->device : NULL,
		.user = smtp_dialogue_user(x->dialogue),
		.mechanism = x->exchange ? auth_exchange_mechanism(x->exchange) : NULL,
		.id = x->id,
		.time = host_clock_now(),
	};
	int r = smtp_trace_append(&b, &trace);

	if (r < 0)
		return r;
	return spool_message_write(x->message, buffer_data(&b), buffer_len(&b));
}

static enum smtp_answer
report_spool_fault(struct smtpd_session *x, int error)
{
	bool full = error == -ENOSPC || error == -EDQUOT;
	struct smtpd_server *s = x->s;

	smtpd_message_drop(x);
	smtpd_fault(s, error, "deliver: %s: %s", s->config->mail, strerror(-error));
	smtpd_log(s,
		(struct host_record){ .priority = LOG_ERR,
			.event = "spool-fault",
			.user = smtp_dialogue_user(x->dialogue),
			.reason = strerror(-error),
			.queue_id = x->id },
		"Cannot store a message: %s", buffer_string(&s->fault));
	return full ? SMTP_ANSWER_FULL : SMTP_ANSWER_FAULT;
}

enum smtp_answer
smtpd_message_open(struct smtpd_session *x)
{
	int r = smtpd_id(x->id);

	x->message_error = 0;
	if (r == 0)
		r = spool_message_open(x->s->config->mail, x->id, &x->message);
	if (r == 0)
		r = write_trace(x);
	if (r < 0)
		return report_spool_fault(x, r);
	smtp_data_init(&x->data, x->policy.max_message_size);
	return SMTP_ANSWER_YES;
}

enum smtp_answer
smtpd_message_finish(struct smtpd_session *x)
{
	const char *const *recipients;
	size_t n;
	int r = x->message_error;

	recipients = smtp_dialogue_recipients(x->dialogue, &n);
	if (r == 0)
		r = spool_message_deliver(x->message, recipients, n);
	if (r < 0)
		return report_spool_fault(x, r);
	smtpd_message_drop(x);
	x->accepted++;
	smtpd_log(x->s,
		(struct host_record){ .priority = LOG_INFO,
			.event = "message-accepted",
			.user = smtp_dialogue_user(x->dialogue),
			.queue_id = x->id },
		"Message of %llu bytes from <%s> delivered to %zu mailbox%s",
		(unsigned long long)x->data.size, smtp_dialogue_sender(x->dialogue), n,
		n == 1 ? "" : "es");
	return SMTP_ANSWER_YES;
}

void
smtpd_message_store(struct smtpd_session *x, const char *data, size_t len)
{
	if (x->message_error == 0 && len > 0)
		x->message_error = spool_message_write(x->message, data, len);
}

void
smtpd_message_drop(struct smtpd_session *x)
{
	spool_message_free(TAKE_PTR(x->message));
}
