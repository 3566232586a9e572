// SPDX-License-Identifier: ISC
/*
 * The command line of postern-keys as a value. Its strings are those of argv.
 */
#ifndef KEYS_OPTIONS_H
#define KEYS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "pki/make.h"

enum { KEYS_HOSTS_MAX = 64 };

enum keys_command {
	KEYS_INIT,
	KEYS_ISSUE,
	KEYS_PAIR,
	KEYS_LIST,
	KEYS_SHOW,
	KEYS_COMMANDS
};

struct keys_options {
	enum keys_command command;
	const char *dir;
	const char *name;                  /* of the client; checked */
	const char *file;                  /* what is shown */
	const char *hosts[KEYS_HOSTS_MAX]; /* checked */
	size_t n_hosts;
	enum pki_key_type type;
	unsigned days; /* 0: as long as is usual for each kind */
	bool force;
};

/* Reads the command line. True with *ret where there is work to do; false where there is
 * none, with the exit status: help was printed, or a fault was named on standard error.
 */
bool keys_options_read(int argc, char **argv, struct keys_options *ret, int *ret_status);

#endif
