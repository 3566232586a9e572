// SPDX-License-Identifier: ISC
/*
 * What comes after a handler: its status, the end of all of them, and of this program's
 * own memory layout, which every fork has shared and a process that was ended by a signal
 * may have told something of.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/clock.h"
#include "smtpd/connection.h"
#include "smtpd/note.h"
#include "smtpd/resident_private.h"

/* A session that is asked to end takes ten seconds at most, and its last words three. */
enum { STOP_MS = 15000 };

static void
log_death(struct smtpd_resident *r, const struct smtpd_child *child, int signal)
{
	char name[HOST_SOURCE_TEXT_SIZE];

	host_source_name(&child->source, name);
	host_log_session(r->known.log, NULL, name);
	smtpd_note(r->known.log,
		(struct host_record){ .priority = LOG_CRIT,
			.event = "smtp-process-died",
			.reason = strsignal(signal) },
		"The smtp process %ld of %s was ended by signal %d", (long)child->pid,
		name, signal);
	host_log_session(r->known.log, NULL, NULL);
}

/* A tls process whose smtp process has gone before it is nobody's handler. */
static void
note_end(struct smtpd_resident *r, const siginfo_t *info)
{
	struct smtpd_child child;
	bool killed = info->si_code == CLD_KILLED || info->si_code == CLD_DUMPED;

	if (!smtpd_children_take(&r->children, info->si_pid, &child))
		return;
	r->changed = true;
	if (killed && r->stop == 0)
		log_death(r, &child, info->si_status);
	/* The smtp process has logged its tls process's. */
	if (killed || info->si_status == SMTPD_TLS_PROCESS_DIED) {
		r->counts.died++;
		r->deaths++;
	}
}

void
smtpd_resident_reap(struct smtpd_resident *r)
{
	for (;;) {
		siginfo_t info = { 0 };

		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0)
			return;
		note_end(r, &info);
	}
}

static void
signal_all(const struct smtpd_resident *r, int signal)
{
	for (size_t i = 0; i < r->children.n; i++)
		kill(r->children.at[i].pid, signal);
}

void
smtpd_resident_stop(struct smtpd_resident *r)
{
	if (r->stop > 0)
		return;
	r->stop = host_clock_ms() + STOP_MS;
	host_notify_say(&r->notify, "STOPPING=1\nSTATUS=Stopping, with %zu connections",
		r->children.n);
	for (size_t i = 0; i < r->listeners.n; i++)
		close(r->listeners.at[i].fd);
	r->listeners.n = 0;
	signal_all(r, SIGTERM);
}

void
smtpd_resident_kill(struct smtpd_resident *r)
{
	if (r->children.n > 0)
		smtpd_note(r->known.log,
			(struct host_record){ .priority = LOG_WARNING,
				.event = "stopped",
				.reason = "timeout" },
			"%zu connections did not come to their end, and are cut",
			r->children.n);
	signal_all(r, SIGKILL);
	while (r->children.n > 0) {
		siginfo_t info = { 0 };

		if (waitid(P_ALL, 0, &info, WEXITED) == 0)
			note_end(r, &info);
		else if (errno != EINTR)
			return;
	}
}

static int
execute(struct smtpd_resident *r)
{
	CLEANUP(buffer_free) struct buffer state = { 0 };
	const struct smtpd_handover h = { .pid = getpid(),
		.walled = r->walled,
		.notify = r->notify.fd,
		.counts = r->counts,
		.children = r->children };
	int error = smtpd_handover_write(&state, &h);

	if (error == 0)
		error = host_listen_hand_over(&r->listeners);
	if (error == 0 && r->notify.fd >= 0 && fcntl(r->notify.fd, F_SETFD, 0) < 0)
		error = -errno;
	if (error == 0)
		error = host_again_run(
			r->program, r->argv, buffer_data(&state), buffer_len(&state));
	host_listen_keep(&r->listeners);
	if (r->notify.fd >= 0)
		fcntl(r->notify.fd, F_SETFD, FD_CLOEXEC);
	return error;
}

void
smtpd_resident_renew(struct smtpd_resident *r)
{
	unsigned deaths = TAKE(r->deaths, 0);
	int error = -EINVAL;

	smtpd_note(r->known.log,
		(struct host_record){ .priority = LOG_WARNING,
			.event = "executed-anew",
			.reason = "deaths" },
		"%u processes were ended by signals: the program is executed anew",
		deaths);
	r->counts.renewed++;
	if (smtpd_known_would_begin(&r->known))
		error = execute(r);
	r->counts.renewed--;
	smtpd_note(r->known.log,
		(struct host_record){ .priority = LOG_ERR,
			.event = "fault",
			.reason = strerror(-error) },
		"The program cannot be executed anew: %s",
		error == -EINVAL ? "its configuration is faulty" : strerror(-error));
}

/* Those alone that are children of this process: the others are not, or no more. */
static void
take_children(struct smtpd_resident *r, struct smtpd_children *left)
{
	for (size_t i = 0; i < left->n; i++) {
		const struct smtpd_child *c = &left->at[i];
		siginfo_t info;

		if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) ==
				0 &&
			smtpd_children_reserve(&r->children) == 0)
			smtpd_children_add(&r->children, c->pid, &c->source);
	}
}

void
smtpd_resident_take_over(struct smtpd_resident *r)
{
	CLEANUP(buffer_free) struct buffer state = { 0 };
	struct smtpd_handover h = { 0 };
	int error = host_again_take(&state);

	if (error == -ENOENT)
		return;
	if (error == 0)
		error = smtpd_handover_read(buffer_data(&state), buffer_len(&state), &h);
	if (error < 0 || h.pid != getpid())
		return;
	r->walled = h.walled;
	r->counts = h.counts;
	r->notify.fd = h.notify;
	take_children(r, &h.children);
	smtpd_children_free(&h.children);
}
