// SPDX-License-Identifier: ISC
/*
 * What the smtp process reaches behind its walls: the user store's folder, the mail, what
 * instances share; and, to read, the pins. The log is open and libgsasl is loaded before:
 * there nothing becomes code any more. Faults: a kernel that cannot, where it has to.
 */
#include "smtpd/walls.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "auth/gsasl_on_demand.h"
#include "base/cleanup.h"
#include "host/privileges.h"
#include "host/sandbox.h"
#include "smtpd/places.h"

enum { GRACE = 60 }; /* seconds for what a session does behind its time limit */

/* Whose walls these are, for the handler of a forbidden call. */
static struct smtpd_server *server;

static void
log_forbidden(struct smtpd_server *s, const char *process, int call)
{
	smtpd_log(s,
		(struct host_record){ .priority = LOG_CRIT,
			.event = "forbidden-call",
			.reason = host_filter_call_name(call) },
		"The %s process of %s has met its walls and ends", process,
		s->connection->peer_port);
}

/* It interrupts a system call that the allocator and the log never make, so that both can
 * be used here. */
static void
take_forbidden(int call)
{
	log_forbidden(server, "smtp", call);
}

char *
smtpd_store_folder(const struct config *config)
{
	return smtpd_places_folder(config->users);
}

static int
enter(struct smtpd_server *s, const char *store, const char **ret_missing)
{
	const struct config *config = s->config;
	const struct host_landlock_rule rules[] = {
		{ .path = store, .write = true },
		{ .path = config->mail, .write = true },
		{ .path = config->run, .write = true },
		{ .path = config->tls_pins },
	};
	const struct host_sandbox sandbox = {
		.rules = rules,
		.n_rules = sizeof rules / sizeof *rules,
		.filter = HOST_FILTER_SMTP,
		.log = host_log_descriptor(s->log),
		.on_forbidden = take_forbidden,
	};

	return host_sandbox_enter(config->sandbox, &sandbox, ret_missing);
}

/* What cannot be had behind the walls; and an end that one who was taken over comes to,
 * too, with the locks that it holds. */
static int
prepare(const struct smtpd_server *s)
{
	host_log_settle(s->log);
	if (s->config->sandbox == CONFIG_SANDBOX_OFF)
		return 0;
	auth_gsasl_settle();
	return host_privileges_end_after(s->config->timeout_session + GRACE);
}

int
smtpd_walls_raise(struct smtpd_server *s)
{
	CLEANUP_FREE char *store = smtpd_store_folder(s->config);
	const char *missing;
	int r;

	if (!store)
		return -ENOMEM;
	server = s;
	r = prepare(s);
	if (r < 0)
		return r;
	r = enter(s, store, &missing);
	if (missing)
		smtpd_log(s,
			(struct host_record){ .priority = LOG_WARNING,
				.event = "sandbox-missing",
				.reason = missing },
			"This kernel has no %s to lock the processes in", missing);
	return r;
}

int
smtpd_receive(struct smtpd_server *s, struct tls_message *ret)
{
	int r = tls_channel_receive(&s->channel, ret);

	if (r < 0 || ret->kind != TLS_FORBIDDEN)
		return r;
	log_forbidden(s, "tls", (int)ret->call);
	return -EACCES;
}
