// SPDX-License-Identifier: ISC
/*
 * The loop: connections, signals, and what is due by the clock. Owns all of struct
 * smtpd_resident. Faults at the start end it with a status; later ones are logged, and it
 * goes on.
 */
#include "smtpd/resident.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "auth/gsasl_on_demand.h"
#include "host/clock.h"
#include "host/memory.h"
#include "host/privileges.h"
#include "host/signals.h"
#include "smtpd/note.h"
#include "smtpd/resident_private.h"
#include "smtpd/resident_walls.h"
#include "smtpd/start.h"

enum { STATUS_MS = 1000 };

static void
say_status(struct smtpd_resident *r, const char *before)
{
	const struct smtpd_counts *c = &r->counts;

	host_notify_say(&r->notify,
		"%sSTATUS=%zu connections; %llu served, %llu refused, %llu died, "
		"executed anew %llu times",
		before, r->children.n, (unsigned long long)c->served,
		(unsigned long long)c->refused, (unsigned long long)c->died,
		(unsigned long long)c->renewed);
	r->changed = false;
	r->status = host_clock_ms() + STATUS_MS;
}

static void
reload(struct smtpd_resident *r)
{
	bool well;

	host_notify_say(&r->notify, "RELOADING=1\nMONOTONIC_USEC=%llu",
		(unsigned long long)host_notify_monotonic_usec());
	well = smtpd_known_reload(&r->known);
	if (well)
		smtpd_note(r->known.log,
			(struct host_record){
				.priority = LOG_INFO, .event = "configuration-read" },
			"Configuration and certificates are read again");
	say_status(r, "READY=1\n");
}

static void
take_signals(struct smtpd_resident *r)
{
	int signal;

	while ((signal = host_signals_next(r->signals)) > 0) {
		if (signal == SIGCHLD)
			smtpd_resident_reap(r);
		else if (signal == SIGHUP)
			reload(r);
		else
			smtpd_resident_stop(r);
	}
}

/* The nearest of two times, of which 0 is none. */
static int64_t
nearer(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* When something is due, whatever happens before; 0: nothing. */
static int64_t
find_due(const struct smtpd_resident *r)
{
	int64_t due = nearer(r->paused, r->alive);

	due = nearer(nearer(due, r->stop), r->refusals);
	return r->changed && r->notify.fd >= 0 ? nearer(due, r->status) : due;
}

static void
do_due(struct smtpd_resident *r)
{
	int64_t now = host_clock_ms();

	if (r->paused > 0 && r->paused <= now)
		r->paused = 0;
	if (r->alive > 0 && r->alive <= now) {
		host_notify_say(&r->notify, "WATCHDOG=1");
		r->alive = now + r->notify.watchdog;
	}
	if (r->refusals > 0 && r->refusals <= now)
		smtpd_resident_end_span(r);
	if (r->changed && r->status <= now && r->stop == 0)
		say_status(r, "");
	if (r->deaths >= SMTPD_DEATHS_MAX && r->stop == 0)
		smtpd_resident_renew(r);
}

static void
wait_and_do(struct smtpd_resident *r)
{
	struct pollfd fds[HOST_LISTENERS_MAX + 1] = { { .fd = r->signals,
		.events = POLLIN } };
	int64_t due = find_due(r), left = due - host_clock_ms();
	nfds_t n = 1;

	for (size_t i = 0; r->paused == 0 && i < r->listeners.n; i++)
		fds[n++] = (struct pollfd){ .fd = r->listeners.at[i].fd,
			.events = POLLIN };
	if (poll(fds, n, due == 0 ? -1 : left > 0 ? (int)left : 0) < 0)
		return;
	if (fds[0].revents)
		take_signals(r);
	for (nfds_t i = 1; i < n && r->stop == 0; i++)
		if (fds[i].revents)
			smtpd_resident_accept(r, &r->listeners.at[i - 1]);
}

static void
run_loop(struct smtpd_resident *r)
{
	while (r->stop == 0 || r->children.n > 0) {
		wait_and_do(r);
		if (r->stop > 0 && r->stop <= host_clock_ms())
			smtpd_resident_kill(r);
		do_due(r);
	}
}

/* Descriptors: those that were passed, and those of a start before this one. */
static int
keep_only(const struct smtpd_resident *r)
{
	int keep[HOST_LISTENERS_MAX + 4] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO,
		r->notify.fd };
	size_t n = 4;

	for (size_t i = 0; i < r->listeners.n; i++)
		keep[n++] = r->listeners.at[i].fd;
	return host_privileges_keep(keep, n);
}

static int
complain(const char *what, int error)
{
	fprintf(stderr, "postern-smtpd: %s: %s\n", what, strerror(-error));
	return EX_OSERR;
}

static int
open_descriptors(struct smtpd_resident *r)
{
	int inherited = r->notify.fd;

	if (inherited >= 0)
		fcntl(inherited, F_SETFD, FD_CLOEXEC);
	r->notify = host_notify_open(inherited);
	r->signals = host_signals_open();
	if (r->signals < 0)
		return r->signals;
	r->reserve = fcntl(r->signals, F_DUPFD_CLOEXEC, 0);
	return r->reserve < 0 ? -errno : 0;
}

/* Takes config over. */
static int
prepare(struct smtpd_resident *r, const struct smtpd_options *options,
	struct config *config)
{
	struct host_log *log = NULL;
	int error, status = smtpd_start_become(config);

	if (status == EX_OK)
		status = smtpd_start_log(config, &log);
	smtpd_known_begin(&r->known, options, config, log);
	if (status != EX_OK)
		return status;
	error = open_descriptors(r);
	if (error == 0)
		error = host_again_find(r->program);
	if (error < 0)
		return complain("start", error);
	if (geteuid() == 0)
		smtpd_note(log,
			(struct host_record){
				.priority = LOG_WARNING, .event = "runs-as-root" },
			"Serving as root; name a user of its own in the configuration");
	/* Loaded once, and not by every handler before its walls. */
	if (config->sandbox != CONFIG_SANDBOX_OFF)
		auth_gsasl_available();
	smtpd_note(log, (struct host_record){ .priority = LOG_INFO, .event = "started" },
		"Accepting connections on %zu sockets", r->listeners.n);
	error = smtpd_resident_walls_raise(&r->known, r->program, r->walled);
	if (error < 0)
		return complain("sandbox", error);
	r->walled = config->sandbox != CONFIG_SANDBOX_OFF;
	smtpd_known_load(&r->known);
	host_memory_release();
	return EX_OK;
}

int
smtpd_resident_run(const struct smtpd_options *options, char *const *argv,
	struct config *config, const struct host_listeners *listeners)
{
	struct smtpd_resident r = { .argv = argv,
		.listeners = *listeners,
		.notify = { .fd = -1 },
		.signals = -1,
		.reserve = -1 };
	int status;

	smtpd_resident_take_over(&r);
	/* Children of handlers that were killed are waited for here, too. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (keep_only(&r) < 0) {
		config_free(config);
		return EX_OSERR;
	}
	status = prepare(&r, options, config);
	if (status == EX_OK) {
		if (r.notify.watchdog > 0)
			r.alive = host_clock_ms();
		say_status(&r, "READY=1\n");
		smtpd_resident_reap(&r);
		run_loop(&r);
	}
	smtpd_children_free(&r.children);
	smtpd_known_free(&r.known);
	return status;
}
