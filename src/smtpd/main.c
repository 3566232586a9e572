// SPDX-License-Identifier: ISC
/*
 * postern-smtpd: configuration, descriptor, user, then one connection.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "config/config.h"
#include "host/activation.h"
#include "host/log.h"
#include "host/privileges.h"
#include "host/stop.h"
#include "smtpd/check.h"
#include "smtpd/connection.h"
#include "smtpd/options.h"

static int
complain(const char *what, int error)
{
	fprintf(stderr, "postern-smtpd: %s: %s\n", what, strerror(-error));
	return error == -ENOMEM ? EX_TEMPFAIL : EX_OSERR;
}

/* Each fault a line, with the program's name before it. */
static void
print_faults(struct buffer *faults)
{
	const char *text = buffer_string(faults);
	size_t len;

	for (; text && *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		fprintf(stderr, "postern-smtpd: %.*s\n", (int)len, text);
	}
}

static int
become_service(const struct config *config)
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

static int
open_log(const struct config *config, struct host_log **ret)
{
	int r = host_log_open(config, ret);

	if (r == 0)
		return EX_OK;
	fprintf(stderr, "postern-smtpd: log: %s: %s\n",
		config->log_file ? config->log_file : "journal", strerror(-r));
	return r == -ENOSPC || r == -ENFILE || r == -EMFILE ? EX_TEMPFAIL : EX_CONFIG;
}

static int
check(const struct config *config)
{
	CLEANUP(buffer_free) struct buffer faults = { 0 };
	struct host_log *log = NULL;
	int n, status = become_service(config);

	if (status != EX_OK)
		return status;
	status = open_log(config, &log);
	host_log_free(log);
	n = smtpd_check(config, &faults);
	print_faults(&faults);
	if (status != EX_OK)
		return status;
	if (geteuid() == 0)
		fputs("postern-smtpd: warning: user = root: the service has no rights "
		      "but "
		      "those of an owner, which root is of the system; expected a user "
		      "of its own\n",
			stderr);
	if (n == 0)
		puts("The configuration is fine.");
	return n == 0 ? EX_OK : EX_CONFIG;
}

/* A peer that was gone before its handler started is no fault of anybody. */
static int
take_connection(struct host_connection *ret)
{
	int r = host_activation_take(ret);

	if (r == -ENOTCONN)
		return -1;
	if (r == -E2BIG) {
		fputs("postern-smtpd: more than one descriptor was passed; expected one "
		      "connection (Accept=yes)\n",
			stderr);
		return EX_USAGE;
	}
	if (r < 0) {
		fputs("postern-smtpd: no connection was passed: start it from systemd "
		      "(postern.socket), inetd, socat or tcpserver\n",
			stderr);
		return EX_USAGE;
	}
	if (ret->listening) {
		fputs("postern-smtpd: the descriptor is a listening socket; expected a "
		      "connection (Accept=yes)\n",
			stderr);
		return EX_USAGE;
	}
	return EX_OK;
}

static int
keep_only(const struct host_connection *connection)
{
	int keep[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, connection->in,
		connection->out };

	return host_privileges_keep(keep, sizeof keep / sizeof *keep);
}

static int
serve(const struct config *config)
{
	struct host_connection connection;
	struct host_log *log = NULL;
	int status = take_connection(&connection);

	if (status < 0)
		return EX_OK;
	if (status != EX_OK)
		return status;
	host_stop_watch();
	/* Whatever else was inherited is nobody's business here. */
	if (keep_only(&connection) < 0)
		return EX_OSERR;
	status = become_service(config);
	if (status == EX_OK)
		status = open_log(config, &log);
	if (status == EX_OK)
		status = smtpd_connection_serve(config, log, &connection);
	host_log_free(log);
	return status;
}

int
main(int argc, char **argv)
{
	CLEANUP(buffer_free) struct buffer faults = { 0 };
	struct smtpd_options options;
	struct config *config = NULL;
	int r, status;

	host_activation_save_stderr();
	r = smtpd_options_read(argc, argv, &options);
	if (r != 0)
		return r > 0 ? EX_OK : r == -ENOMEM ? EX_TEMPFAIL : EX_USAGE;
	r = config_load(
		options.config, options.overrides, options.n_overrides, &config, &faults);
	if (r < 0 || smtpd_check_abilities(config, &faults) > 0) {
		print_faults(&faults);
		status = r == -ENOMEM ? EX_TEMPFAIL : EX_CONFIG;
	} else
		status = options.check ? check(config) : serve(config);
	config_free(config);
	free(options.overrides);
	return status;
}
