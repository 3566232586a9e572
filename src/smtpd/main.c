// SPDX-License-Identifier: ISC
/*
 * postern-smtpd: configuration, descriptor, user, then one connection, or all that come.
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
#include "host/listen.h"
#include "host/log.h"
#include "host/privileges.h"
#include "host/stop.h"
#include "smtpd/check.h"
#include "smtpd/connection.h"
#include "smtpd/options.h"
#include "smtpd/resident.h"
#include "smtpd/start.h"

static int
check(const struct config *config)
{
	CLEANUP(buffer_free) struct buffer faults = { 0 };
	struct host_log *log = NULL;
	int n, status = smtpd_start_become(config);

	if (status != EX_OK)
		return status;
	status = smtpd_start_log(config, &log);
	host_log_free(log);
	n = smtpd_check(config, &faults);
	smtpd_start_print(&faults);
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
serve_one(const struct config *config)
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
	status = smtpd_start_become(config);
	if (status == EX_OK)
		status = smtpd_start_log(config, &log);
	if (status == EX_OK)
		status = smtpd_connection_serve(config, log, &connection, NULL);
	host_log_free(log);
	return status == SMTPD_TLS_PROCESS_DIED ? EX_OSERR : status;
}

/* A connection, or all that come from sockets that listen. Takes the configuration
 * over. */
static int
serve(const struct smtpd_options *options, char **argv, struct config *config)
{
	struct host_listeners listeners;
	int r = host_listen_take(&listeners), status;

	if (r < 0) {
		fprintf(stderr,
			"postern-smtpd: expected one connection, or at most %d sockets "
			"that listen: %s\n",
			HOST_LISTENERS_MAX, strerror(-r));
		config_free(config);
		return EX_USAGE;
	}
	if (listeners.n > 0)
		return smtpd_resident_run(options, argv, config, &listeners);
	status = serve_one(config);
	config_free(config);
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
		smtpd_start_print(&faults);
		status = r == -ENOMEM ? EX_TEMPFAIL : EX_CONFIG;
	} else
		status = options.check ? check(config)
				       : serve(&options, argv, TAKE_PTR(config));
	config_free(config);
	free(options.overrides);
	return status;
}
