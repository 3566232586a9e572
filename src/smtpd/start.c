// SPDX-License-Identifier: ISC
#include "smtpd/start.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "host/privileges.h"

static int
complain(const char *what, int error)
{
	fprintf(stderr, "postern-smtpd: %s: %s\n", what, strerror(-error));
	return error == -ENOMEM ? EX_TEMPFAIL : EX_OSERR;
}

int
smtpd_start_become(const struct config *config)
{
	int r = host_privileges_become(config->user);

	if (r == -ENOENT) {
		fprintf(stderr,
			"postern-smtpd: user: there is no user \"%s\" to become\n",
			config->user);
		return EX_CONFIG;
	}
	if (r < 0)
		return complain("user", r);
	r = host_privileges_lock();
	return r < 0 ? complain("prctl", r) : EX_OK;
}

int
smtpd_start_log(const struct config *config, struct host_log **ret)
{
	int r = host_log_open(config, ret);

	if (r == 0)
		return EX_OK;
	fprintf(stderr, "postern-smtpd: log: %s: %s\n",
		config->log_file ? config->log_file : "journal", strerror(-r));
	return r == -ENOSPC || r == -ENFILE || r == -EMFILE ? EX_TEMPFAIL : EX_CONFIG;
}

void
smtpd_start_print(struct buffer *faults)
{
	const char *text = buffer_string(faults);
	size_t len;

	for (; text && *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		fprintf(stderr, "postern-smtpd: %.*s\n", (int)len, text);
	}
}
