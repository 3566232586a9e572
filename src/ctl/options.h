// SPDX-License-Identifier: ISC
/*
 * The command line of posternctl as a value. Its strings are those of argv.
 */
#ifndef CTL_OPTIONS_H
#define CTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/command.h"

struct ctl_options {
	const char *config;
	char **overrides; /* an array that ctl_options_clear frees */
	size_t n_overrides;
	const struct ctl_command *command;
	const char *name;    /* the first operand, or NULL */
	const char *more;    /* the second, or NULL */
	const char *verb;    /* of alias: "add", "del" or "list" */
	const char *address; /* of alias, or NULL */
	bool generate;
	bool password_stdin;
	bool no_password;
	bool json;
	bool replace;
	const char *cert;
	const char *pin;
	const char *label;
	int64_t expires;      /* seconds since 1970; 0 where it is not given */
	const char **senders; /* an array that ctl_options_clear frees */
	size_t n_senders;
	int64_t for_seconds;     /* 0 where it is not given */
	const char *window_name; /* --name, or NULL */
	uint64_t uses;           /* 0 where it is not given */
	bool watch;
	bool prometheus;
};

/* Reads the command line. True with *ret, which ctl_options_clear ends, where there is
 * work to do; false where there is none, with the exit status: help was printed, or a
 * fault was named on standard error. */
bool ctl_options_read(int argc, char **argv, struct ctl_options *ret, int *ret_status);
void ctl_options_clear(struct ctl_options *o);

#endif
