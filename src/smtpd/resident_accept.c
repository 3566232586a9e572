// SPDX-License-Identifier: ISC
/*
 * A connection: refused in a word where a limit is reached, else given to a handler,
 * which is a fork of this process that has shed whatever is the parent's alone. Where
 * there are no descriptors, processes or memory left, nothing is accepted for a moment
 * that grows.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/activation.h"
#include "host/clock.h"
#include "host/signals.h"
#include "host/stop.h"
#include "smtpd/connection.h"
#include "smtpd/note.h"
#include "smtpd/resident_private.h"

enum {
	TURN = 16,        /* connections of one listener, before others are looked at */
	PAUSE_MIN = 50,   /* milliseconds */
	PAUSE_MAX = 2000, /* likewise */
	REFUSALS_LOGGED = 8, /* of one span of time */
	REFUSALS_SPAN = 5000,
	DRAIN = 16 * 1024, /* bytes of a refused peer's that are read */
	ALERT_ACCESS_DENIED = 49,
};

/* The mode of a listener is that of its name, else that of the configuration. */
static enum config_tls
mode_of(const struct smtpd_resident *r, const struct host_listener *l)
{
	if (strcmp(l->name, "submissions") == 0)
		return CONFIG_TLS_IMPLICIT;
	if (strcmp(l->name, "submission") == 0)
		return CONFIG_TLS_STARTTLS;
	return r->known.config->tls;
}

static void
pause_for(struct smtpd_resident *r, int error, const char *what)
{
	if (r->pause == 0)
		smtpd_note(r->known.log,
			(struct host_record){ .priority = LOG_ERR,
				.event = "shortage",
				.reason = strerror(error) },
			"Nothing is accepted until there is room: %s", what);
	r->pause = r->pause == 0 ? PAUSE_MIN : 2 * r->pause;
	if (r->pause > PAUSE_MAX)
		r->pause = PAUSE_MAX;
	r->paused = host_clock_ms() + r->pause;
}

/* With no descriptor left a connection would wait for ever, and so would this process, in
 * a loop: the reserve lets one be taken and closed. */
static void
shed(struct smtpd_resident *r, const struct host_listener *l)
{
	struct host_source source;
	int fd = -1;

	close(r->reserve);
	if (host_listen_accept(l, &fd, &source) == 0) {
		close(fd);
		r->counts.refused++;
		r->changed = true;
	}
	r->reserve = fcntl(r->signals, F_DUPFD_CLOEXEC, 0);
}

void
smtpd_resident_end_span(struct smtpd_resident *r)
{
	if (r->unlogged > 0)
		smtpd_note(r->known.log,
			(struct host_record){ .priority = LOG_NOTICE,
				.event = "refused",
				.reason = "too-many" },
			"Refused %u more connections", r->unlogged);
	r->refusals = 0;
	r->logged = r->unlogged = 0;
}

static void
log_refusal(struct smtpd_resident *r, const struct host_source *source, const char *why)
{
	char name[HOST_SOURCE_TEXT_SIZE];

	if (r->refusals == 0)
		r->refusals = host_clock_ms() + REFUSALS_SPAN;
	if (r->logged == REFUSALS_LOGGED) {
		r->unlogged++;
		return;
	}
	r->logged++;
	host_source_name(source, name);
	host_log_session(r->known.log, NULL, name);
	smtpd_note(r->known.log,
		(struct host_record){
			.priority = LOG_NOTICE, .event = "refused", .reason = why },
		"Refused %s: too many connections", name);
	host_log_session(r->known.log, NULL, NULL);
}

/* One word, and what has come is read, since a close with unread bytes would take the
 * word back. Nobody is waited for. */
static void
refuse(struct smtpd_resident *r, const struct host_listener *l, int fd)
{
	static const uint8_t ALERT[] = { 21, 3, 3, 0, 2, 2, ALERT_ACCESS_DENIED };
	static const char TEXT[] =
		"421 4.7.0 Too many connections, please come back later\r\n";
	char sink[DRAIN];

	if (mode_of(r, l) == CONFIG_TLS_IMPLICIT)
		send(fd, ALERT, sizeof ALERT, MSG_NOSIGNAL);
	else
		send(fd, TEXT, sizeof TEXT - 1, MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	recv(fd, sink, sizeof sink, MSG_DONTWAIT);
	r->counts.refused++;
}

/* Why a source is not let in now, or NULL. */
static const char *
find_limit(const struct smtpd_resident *r, const struct host_source *source)
{
	const struct config *c = r->known.config;

	if (r->children.n >= c->max_connections)
		return "max_connections";
	if (smtpd_children_count(&r->children, source) >= c->max_source_connections)
		return "max_source_connections";
	return NULL;
}

/* What only the parent has to do with. */
static void
leave_parent(struct smtpd_resident *r)
{
	host_signals_leave();
	host_stop_watch();
	for (size_t i = 0; i < r->listeners.n; i++)
		close(r->listeners.at[i].fd);
	close(r->signals);
	close(r->reserve);
	if (r->notify.fd >= 0)
		close(r->notify.fd);
}

_Noreturn static void
become_handler(struct smtpd_resident *r, const struct host_listener *l, int fd)
{
	struct config config = *r->known.config;
	struct host_connection connection;

	config.tls = mode_of(r, l);
	leave_parent(r);
	if (host_activation_accepted(fd, &connection) < 0)
		_exit(0);
	_exit(smtpd_connection_serve(
		&config, r->known.log, &connection, r->known.credentials));
}

static int
start_handler(struct smtpd_resident *r, const struct host_listener *l, int fd,
	const struct host_source *source)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		become_handler(r, l, fd);
	smtpd_children_add(&r->children, pid, source);
	r->counts.served++;
	return 0;
}

static int
serve(struct smtpd_resident *r, const struct host_listener *l, int fd,
	const struct host_source *source)
{
	const char *why;
	int error;

	r->changed = true;
	smtpd_known_renew(&r->known);
	why = find_limit(r, source);
	if (why) {
		log_refusal(r, source, why);
		refuse(r, l, fd);
		return 0;
	}
	error = smtpd_children_reserve(&r->children);
	if (error == 0)
		error = start_handler(r, l, fd, source);
	if (error < 0)
		r->counts.refused++;
	return error;
}

static int
accept_one(struct smtpd_resident *r, const struct host_listener *l)
{
	CLEANUP_FD int fd = -1;
	struct host_source source;
	int error = host_listen_accept(l, &fd, &source);

	if (error == -EAGAIN || error == -ECONNABORTED)
		return error;
	if (error < 0) {
		pause_for(r, -error, "no descriptor for a connection");
		if (error == -EMFILE || error == -ENFILE)
			shed(r, l);
		return error;
	}
	error = serve(r, l, fd, &source);
	if (error < 0)
		pause_for(r, -error, "no process for a connection");
	else
		r->pause = 0;
	return error;
}

void
smtpd_resident_accept(struct smtpd_resident *r, const struct host_listener *l)
{
	int error = 0;

	for (int i = 0; i < TURN && (error == 0 || error == -ECONNABORTED); i++)
		error = accept_one(r, l);
}
