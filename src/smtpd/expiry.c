// SPDX-License-Identifier: ISC
/*
 * Where the shared folder cannot be written every connection warns: better too often than
 * never.
 */
#include "smtpd/expiry.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/calendar.h"
#include "base/cleanup.h"
#include "host/clock.h"
#include "tls/credentials.h"

#define STAMP "expiry-warned"

enum { DAY = 24 * 3600, MODE = 0600, FLAGS = O_RDWR | O_NOFOLLOW | O_CLOEXEC };

/* Whether nobody has warned for a day; from now on, this process has. */
static bool
is_due(const char *run, int64_t now)
{
	CLEANUP_FD int folder = open(run, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_FD int stamp = -1;
	struct stat st;

	if (folder < 0)
		return true;
	stamp = openat(folder, STAMP, FLAGS | O_CREAT | O_EXCL, MODE);
	if (stamp >= 0 || errno != EEXIST)
		return true;
	stamp = openat(folder, STAMP, FLAGS);
	if (stamp < 0 || fstat(stamp, &st) < 0)
		return true;
	if (st.st_mtime <= now && st.st_mtime > now - DAY)
		return false;
	futimens(stamp, NULL);
	return true;
}

void
smtpd_expiry_warn(const struct smtpd_server *s)
{
	struct pki_validity v;
	char day[CALENDAR_STAMP_SIZE];
	int64_t now = host_clock_now();

	if (!s->credentials || tls_credentials_validity(s->credentials, &v) < 0 ||
		!pki_validity_ends_soon(&v, now) || !is_due(s->config->run, now))
		return;
	calendar_day(v.until, day);
	smtpd_log(s,
		(struct host_record){
			.priority = LOG_WARNING, .event = "certificate-expires" },
		"The server's certificate, %s, expires on %s", s->config->tls_cert, day);
}
