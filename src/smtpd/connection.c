// SPDX-License-Identifier: ISC
/*
 * The order of things in one connection: credentials, fork, handshake, session, close.
 * Owns the channel and all that is in struct smtpd_server. Faults of ours end as an exit
 * status and a log record; those of the peer as a log record.
 */
#include "smtpd/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/clock.h"
#include "host/memory.h"
#include "host/stop.h"
#include "smtpd/admission.h"
#include "smtpd/entry.h"
#include "smtpd/expiry.h"
#include "smtpd/limits.h"
#include "smtpd/session.h"
#include "smtpd/walls.h"
#include "tls/signer.h"

/* How long the tls process may take for the last words, a little above its own limit. */
enum { CLOSE_GRACE_MS = 3000 };

static void
log_fault(struct smtpd_server *s, int error, const char *doing)
{
	smtpd_fault(s, error, "%s: %s", doing, strerror(-error));
	smtpd_log(s,
		(struct host_record){ .priority = LOG_ERR,
			.event = "fault",
			.reason = strerror(-error) },
		"Cannot serve %s: %s", s->connection->peer_port,
		buffer_string(&s->fault));
}

/* Certificates, roots and priorities are read before the fork, unless a resident parent
 * has read them. Where that fails the tls process is forked all the same, to refuse with
 * the right alert. */
static void
load_credentials(struct smtpd_server *s, struct tls_credentials *shared)
{
	CLEANUP(buffer_free) struct buffer fault = { 0 };
	int r;

	if (s->config->tls == CONFIG_TLS_OFF)
		return;
	s->shared = shared != NULL;
	s->credentials = shared;
	if (s->shared)
		return;
	r = tls_credentials_load(s->config, &s->credentials, &fault);
	if (r < 0)
		smtpd_fault(s, r, "%s",
			buffer_len(&fault) ? buffer_string(&fault) : strerror(-r));
}

/* What is shared with other connections stays: to free it would make a copy of it. */
static void
drop_credentials(struct smtpd_server *s)
{
	if (!s->shared)
		tls_credentials_free(s->credentials);
	s->credentials = NULL;
}

/* Everything between the open channel and its end. How long the tls process may then
 * take, in milliseconds: a peer that never spoke gets no last words. */
static int
converse(struct smtpd_server *s)
{
	bool starttls = s->config->tls == CONFIG_TLS_STARTTLS;
	enum smtpd_end end = SMTPD_END_STARTTLS;
	int r = 0;

	if (starttls)
		end = smtpd_session_run(s, true, true);
	if (end != SMTPD_END_STARTTLS)
		return end == SMTPD_END_CUT ? 0 : CLOSE_GRACE_MS;
	if (s->config->tls != CONFIG_TLS_OFF) {
		r = smtpd_admission_run(s);
		/* The session may be idle for long, and needs nothing of it. */
		drop_credentials(s);
		host_memory_release();
	}
	if (r == 0)
		smtpd_session_run(s, false, !starttls);
	else if (r != -EACCES && r != -ETIMEDOUT)
		log_fault(s, r, "handshake");
	return r == -ETIMEDOUT ? 0 : CLOSE_GRACE_MS;
}

static void
close_channel(struct smtpd_server *s, int grace)
{
	int signal;

	tls_channel_close(&s->channel, grace, &signal);
	if (signal == 0)
		return;
	s->status = SMTPD_TLS_PROCESS_DIED;
	smtpd_log(s,
		(struct host_record){ .priority = LOG_CRIT,
			.event = "tls-process-died",
			.reason = strsignal(signal) },
		"The tls process of %s was ended by signal %d", s->connection->peer_port,
		signal);
}

static void
warn_of_root(struct smtpd_server *s)
{
	if (geteuid() != 0)
		return;
	smtpd_log(s,
		(struct host_record){ .priority = LOG_WARNING, .event = "runs-as-root" },
		"Serving as root; name a user of its own in the configuration");
}

static int
refuse_plain(struct smtpd_server *s)
{
	smtpd_log(s,
		(struct host_record){
			.priority = LOG_ERR, .event = "refused", .reason = "tls-off" },
		"Refused %s: with tls = off only peers on this machine are served",
		s->connection->peer_port);
	return EX_OK;
}

int
smtpd_connection_serve(const struct config *config, struct host_log *log,
	const struct host_connection *connection, struct tls_credentials *shared)
{
	struct smtpd_server s = {
		.config = config, .log = log, .connection = connection
	};
	int r;

	s.deadline = host_clock_ms() + (int64_t)config->timeout_session * 1000;
	if (smtpd_id(s.id) < 0)
		return EX_OSERR;
	host_log_session(log, s.id, connection->peer_port);
	if (config->tls == CONFIG_TLS_OFF && !connection->loopback)
		return refuse_plain(&s);
	warn_of_root(&s);
	if (smtpd_limits_begin(&s) > 0) {
		smtpd_limits_refuse(&s);
		return EX_OK;
	}
	load_credentials(&s, shared);
	smtpd_expiry_warn(&s);
	r = tls_channel_open(config, s.credentials, connection, &s.channel);
	if (r < 0) {
		log_fault(&s, r, "process");
		smtpd_limits_end(&s);
		return EX_TEMPFAIL;
	}
	r = smtpd_admission_prepare(&s);
	if (r == 0)
		r = smtpd_walls_raise(&s);
	if (r < 0)
		log_fault(&s, r, "sandbox");
	r = r < 0 ? 0 : converse(&s);
	smtpd_limits_end(&s);
	close_channel(&s, r);
	smtpd_entry_note_first_use(&s);
	tls_signer_free(s.signer);
	pki_identity_clear(&s.identity);
	drop_credentials(&s);
	buffer_free(&s.fault);
	explicit_bzero(&s.tls, sizeof s.tls);
	return s.status;
}
