// SPDX-License-Identifier: ISC
/*
 * What the parent reaches: to read, the folders of the configuration and of the files
 * that it names (the key among them, which handlers read: Landlock only ever takes away),
 * the libraries and what the C library reads at a start; to write, what handlers write,
 * and the log's folder; to execute, the folder of its own program. System calls: those of
 * handlers, and to accept, fork, wait and execute.
 */
#include "smtpd/resident_walls.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "host/sandbox.h"
#include "smtpd/note.h"
#include "smtpd/places.h"

enum { FOLDERS = 8 };

struct folders {
	char *at[FOLDERS];
	size_t n;
	bool failed;
};

static void
free_folders(struct folders *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->at[i]);
}

/* The folder of a file: a new file may take its place. */
static const char *
folder(struct folders *f, const char *path)
{
	char *made = smtpd_places_folder(path);

	if (path && !made)
		f->failed = true;
	f->at[f->n++] = made;
	return made;
}

static const struct smtpd_known *known; /* for the handler of a forbidden call */

static void
take_forbidden(int call)
{
	smtpd_note(known->log,
		(struct host_record){ .priority = LOG_CRIT,
			.event = "forbidden-call",
			.reason = host_filter_call_name(call) },
		"The resident process has met its walls and ends");
}

static void
put_places(struct smtpd_places *p, struct folders *f, const struct smtpd_known *k,
	const char *program)
{
	const struct config *c = k->config;

	smtpd_places_store(p, c, folder(f, c->users));
	smtpd_places_write(p, c->cache);
	smtpd_places_write(p, "/dev/null");
	smtpd_places_write(p, folder(f, c->log_file));
	smtpd_places_add(p, folder(f, k->options->config));
	smtpd_places_add(p, folder(f, c->tls_cert));
	smtpd_places_add(p, folder(f, c->tls_key));
	smtpd_places_add(p, folder(f, c->tls_ca));
	smtpd_places_add(p, folder(f, c->tls_crl));
	smtpd_places_add(p, c->tls_pins);
	smtpd_places_execute(p, folder(f, program));
	smtpd_places_libraries(p);
	/* Who the user is, and what GnuTLS is told by the machine. */
	smtpd_places_add(p, "/etc/passwd");
	smtpd_places_add(p, "/etc/group");
	smtpd_places_add(p, "/etc/nsswitch.conf");
	smtpd_places_add(p, "/etc/gnutls");
}

int
smtpd_resident_walls_raise(const struct smtpd_known *k, const char *program, bool built)
{
	CLEANUP(free_folders) struct folders folders = { 0 };
	struct smtpd_places places = { 0 };
	struct host_sandbox sandbox = { .rules = places.rules,
		.filter = HOST_FILTER_RESIDENT,
		.log = -1,
		.on_forbidden = take_forbidden };
	const char *missing;
	int r;

	known = k;
	if (built)
		return host_filter_watch(take_forbidden);
	put_places(&places, &folders, k, program);
	if (folders.failed)
		return -ENOMEM;
	sandbox.n_rules = places.n;
	r = host_sandbox_enter(k->config->sandbox, &sandbox, &missing);
	if (missing)
		smtpd_note(k->log,
			(struct host_record){ .priority = LOG_WARNING,
				.event = "sandbox-missing",
				.reason = missing },
			"This kernel has no %s to lock the processes in", missing);
	return r;
}
