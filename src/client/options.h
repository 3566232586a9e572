// SPDX-License-Identifier: ISC
/*
 * The command line of both forms: `postern [OPTIONS] [HOST [PORT]]` and `postern send
 * [OPTIONS] [-f FROM] [-t] [RECIPIENT...]`.
 */
#ifndef CLIENT_OPTIONS_H
#define CLIENT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "client/settings.h"

struct client_options {
	bool help, version;
	bool send;
	const char *config; /* NULL: the usual place */
	const char *from;   /* NULL: not given; "" for the null reverse-path */
	bool read_headers;  /* -t */
	char **recipients;  /* of argv */
	size_t n_recipients;
};

/* Reads argv into *o, which is zeroed, and *s. 0, or a negative number with fault set. */
int client_options_read(int argc, char **argv, struct client_options *o,
	struct client_settings *s, struct client_fault *fault);

/* What --help prints. */
extern const char client_options_help[];

#endif
