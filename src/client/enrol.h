// SPDX-License-Identifier: ISC
/*
 * postern enrol: a key made on this machine becomes a device of a user, by a token that
 * the server's administrator has given out.
 */
#ifndef CLIENT_ENROL_H
#define CLIENT_ENROL_H

#include "client/options.h"

/* Makes a key, proves the server, shows it the token, and writes the configuration with
 * which the client is ready. 0 with a sentence on standard output, or a negative number
 * with fault set. */
int client_enrol(const struct client_settings *s, const struct client_options *o,
	struct client_fault *fault);

#endif
