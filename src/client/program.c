// SPDX-License-Identifier: ISC
/*
 * Puts the parts of the client together. Everything that is opened here is closed here; a
 * fault becomes one line on stderr and the exit status.
 */
#include "client/program.h"

#include <signal.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "client/check.h"
#include "client/enrol.h"
#include "client/interactive.h"
#include "client/options.h"
#include "client/password.h"
#include "client/send.h"

static int
run(int argc, char **argv, struct client_fault *fault)
{
	CLEANUP(client_settings_clear) struct client_settings settings = { 0 };
	CLEANUP(client_options_clear) struct client_options options = { 0 };
	int r;

	r = client_options_read(argc, argv, &options, &settings, fault);
	if (r < 0)
		return r;
	if (options.help || options.version) {
		fputs(options.help ? client_options_help
				   : "postern " POSTERN_VERSION "\n",
			stdout);
		return 0;
	}
	if (options.command == CLIENT_ENROL)
		return client_enrol(&settings, &options, fault);
	r = client_settings_load(&settings, options.config, fault);
	if (r == 0)
		r = client_settings_finish(&settings, fault);
	if (r == 0)
		r = client_password_user(&settings, fault);
	if (r < 0)
		return r;
	if (options.command == CLIENT_SEND)
		return client_send(&settings, &options, fault);
	if (options.command == CLIENT_CHECK)
		return client_check(&settings, options.json, fault);
	return client_interactive(&settings, fault);
}

int
client_program(int argc, char **argv)
{
	struct client_fault fault = { 0 };
	int r;

	signal(SIGPIPE, SIG_IGN);
	r = run(argc, argv, &fault);
	if (r == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		r = client_fault_set(&fault, EX_IOERR, "cannot write to standard output");
	if (r == 0)
		return EX_OK;
	client_say("%s", fault.text);
	return fault.status;
}
