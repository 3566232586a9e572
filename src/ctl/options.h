// SPDX-License-Identifier: ISC
/*
 * The command line of posternctl as a value. Its strings are those of argv.
 */
#ifndef CTL_OPTIONS_H
#define CTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum ctl_command {
	CTL_USER_ADD,
	CTL_USER_PASSWD,
	CTL_USER_LIST,
	CTL_USER_SHOW,
	CTL_USER_ALIAS,
	CTL_USER_LOCK,
	CTL_USER_UNLOCK,
	CTL_USER_DEL,
	CTL_USER_IMPORT,
	CTL_COMMANDS
};

struct ctl_options {
	const char *config;
	char **overrides; /* an array that ctl_options_clear frees */
	size_t n_overrides;
	enum ctl_command command;
	const char *name;    /* NAME or FILE behind the command, or NULL */
	const char *verb;    /* of alias: "add", "del" or "list" */
	const char *address; /* of alias, or NULL */
	bool generate;
	bool password_stdin;
	bool no_password;
	bool json;
	bool replace;
};

/* Reads the command line. True with *ret, which ctl_options_clear ends, where there is
 * work to do; false where there is none, with the exit status: help was printed, or a
 * fault was named on standard error. */
bool ctl_options_read(int argc, char **argv, struct ctl_options *ret, int *ret_status);
void ctl_options_clear(struct ctl_options *o);

#endif
