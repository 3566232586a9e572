// SPDX-License-Identifier: ISC
/*
 * The message under way: opened with its trace on top, stored block by block, its header
 * read as it passes, delivered or dropped. The first fault of writing is kept until the
 * peer has sent all of it, and becomes a temporary refusal, and a log record that says
 * which folder.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "host/clock.h"
#include "smtp/address.h"
#include "smtp/trace.h"
#include "smtpd/limits.h"
#include "smtpd/session_private.h"
#include "spool/name.h"

/* Whatever local part a peer may give has a folder: each byte of it takes three at most.
 */
_Static_assert(3 * SMTP_LOCAL_PART_MAX < SPOOL_NAME_SIZE, "a folder's name is too short");

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
spool_buffer(struct smtpd_session *x, const struct buffer *b)
{
	return spool_message_write(x->message, buffer_data(b), buffer_len(b));
}

static int
write_trace(struct smtpd_session *x, int64_t now)
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
		.utf8 = smtp_dialogue_is_utf8(x->dialogue),
		.crlf = smtp_dialogue_is_binary(x->dialogue),
		.tls_version = s->proved ? s->tls.version : NULL,
		.tls_cipher = s->proved ? s->tls.cipher : NULL,
		.device = s->proved ? s->device : NULL,
		.user = smtp_dialogue_user(x->dialogue),
		.mechanism = x->exchange ? auth_exchange_mechanism(x->exchange) : NULL,
		.id = x->id,
		.time = now,
	};
	int r = smtp_trace_append(&b, &trace);

	return r < 0 ? r : spool_buffer(x, &b);
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

static void
expect_header(struct smtpd_session *x, int64_t now)
{
	const struct config *config = x->s->config;
	struct smtp_header_facts facts = {
		.ours = { config->hostname, config->domains, config->n_domains },
		.id = x->id,
		.time = now,
		.crlf = smtp_dialogue_is_binary(x->dialogue),
	};

	smtp_header_init(&x->header, &facts);
}

enum smtp_answer
smtpd_message_open(struct smtpd_session *x)
{
	int64_t now = host_clock_now();
	int r = smtpd_id(x->id);

	x->message_error = 0;
	if (r == 0)
		r = spool_message_open(x->s->config->mail, x->id, &x->message);
	if (r == 0 && smtp_dialogue_is_binary(x->dialogue))
		spool_message_set_binary(x->message);
	if (r == 0)
		r = write_trace(x, now);
	if (r < 0)
		return report_spool_fault(x, r);
	expect_header(x, now);
	return SMTP_ANSWER_YES;
}

/* Stores what the header becomes; *ret_taken bytes of data are header. */
static int
store_header(struct smtpd_session *x, const char *data, size_t len, size_t *ret_taken)
{
	CLEANUP(buffer_free) struct buffer out = { 0 };
	int r = smtp_header_feed(&x->header, data, len, &out, ret_taken);

	return r < 0 ? r : spool_buffer(x, &out);
}

void
smtpd_message_store(struct smtpd_session *x, const char *data, size_t len)
{
	size_t taken = 0;

	if (len == 0)
		return;
	if (x->message_error == 0 && !smtp_header_ended(&x->header))
		x->message_error = store_header(x, data, len, &taken);
	if (x->message_error == 0 && len > taken)
		x->message_error = spool_message_write(
			x->message, data + taken, len - taken);
}

enum smtp_data_fault
smtpd_message_end(struct smtpd_session *x)
{
	CLEANUP(buffer_free) struct buffer out = { 0 };
	int r;

	if (!x->message)
		return SMTP_DATA_FINE;
	if (!smtp_dialogue_message_is_whole(x->dialogue))
		return x->header.fault;
	r = smtp_header_finish(&x->header, &out);
	if (r == 0)
		r = spool_buffer(x, &out);
	if (x->message_error == 0)
		x->message_error = r;
	return x->header.fault;
}

bool
smtpd_message_lost(struct smtpd_session *x, enum smtp_answer *ret)
{
	if (!x->message || x->message_error == 0)
		return false;
	*ret = report_spool_fault(x, x->message_error);
	return true;
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
	smtpd_limits_accepted(x, n, smtp_dialogue_message_size(x->dialogue));
	smtpd_log(x->s,
		(struct host_record){ .priority = LOG_INFO,
			.event = "message-accepted",
			.user = smtp_dialogue_user(x->dialogue),
			.queue_id = x->id },
		"Message of %llu bytes from <%s> delivered to %zu mailbox%s",
		(unsigned long long)smtp_dialogue_message_size(x->dialogue),
		smtp_dialogue_sender(x->dialogue), n, n == 1 ? "" : "es");
	return SMTP_ANSWER_YES;
}

void
smtpd_message_drop(struct smtpd_session *x)
{
	spool_message_free(TAKE_PTR(x->message));
}
