// SPDX-License-Identifier: ISC
/*
 * The command line of all forms: `postern [OPTIONS] [HOST [PORT]]`, `postern send
 * [OPTIONS] [-f FROM] [-t] [RECIPIENT...]` and `postern enrol [OPTIONS] HOST[:PORT]`.
 */
#ifndef CLIENT_OPTIONS_H
#define CLIENT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "client/settings.h"

struct client_options {
	bool help, version;
	bool send;
	bool enrol;
	const char *config; /* NULL: the usual place */
	const char *from;   /* NULL: not given; "" for the null reverse-path */
	bool read_headers;  /* -t */
	char **recipients;  /* of argv */
	size_t n_recipients;
	const char *token; /* of enrol; "-" for standard input */
	const char *label;
	bool force;
};

/* Reads argv into *o, which is zeroed, and *s. 0, or a negative number with fault set. */
int client_options_read(int argc, char **argv, struct client_options *o,
	struct client_settings *s, struct client_fault *fault);

/* What --help prints. */
extern const char client_options_help[];

#endif
