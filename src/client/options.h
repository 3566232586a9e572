// SPDX-License-Identifier: ISC
/*
 * The command line of all forms: `postern [OPTIONS] [HOST [PORT]]`, `postern send
 * [OPTIONS] [-f FROM] [-t] [RECIPIENT...]`, `postern enrol [OPTIONS] HOST[:PORT]` and
 * `postern check [OPTIONS] [HOST [PORT]]`.
 */
#ifndef CLIENT_OPTIONS_H
#define CLIENT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "client/settings.h"

/* What the first word asks for. */
enum client_command {
	CLIENT_TALK = 1 << 0, /* no such word */
	CLIENT_SEND = 1 << 1,
	CLIENT_ENROL = 1 << 2,
	CLIENT_CHECK = 1 << 3,
};

struct client_options {
	enum client_command command;
	bool help, version;
	const char *config; /* NULL: the usual place */
	const char *from;   /* NULL: not given; "" for the null reverse-path */
	bool read_headers;  /* -t */
	char **recipients;  /* of argv */
	size_t n_recipients;
	const char *subject; /* these make a message; NULL: not given */
	const char *text;
	char **files; /* n_files of them, of argv; the array is owned */
	size_t n_files;
	bool json;         /* of check */
	const char *token; /* of enrol; "-" for standard input */
	const char *label;
	bool force;
};

/* Reads argv into *o, which is zeroed, and *s. 0, or a negative number with fault set. */
int client_options_read(int argc, char **argv, struct client_options *o,
	struct client_settings *s, struct client_fault *fault);

void client_options_clear(struct client_options *o);

/* What --help prints. */
extern const char client_options_help[];

#endif
