// SPDX-License-Identifier: ISC
/*
 * The table of commands: what each is called, which options and operands it takes, and
 * what runs it.
 */
#ifndef CTL_COMMAND_H
#define CTL_COMMAND_H

#include <stdbool.h>

#include "config/config.h"

/* Options as bits, for the commands that take them. */
enum ctl_takes {
	CTL_TAKES_GENERATE = 1 << 8,
	CTL_TAKES_STDIN = 1 << 9,
	CTL_TAKES_JSON = 1 << 10,
	CTL_TAKES_REPLACE = 1 << 11,
	CTL_TAKES_CERT = 1 << 12,
	CTL_TAKES_PIN = 1 << 13,
	CTL_TAKES_LABEL = 1 << 14,
	CTL_TAKES_EXPIRES = 1 << 15,
	CTL_TAKES_SENDER = 1 << 16,
	CTL_TAKES_FOR = 1 << 17,
	CTL_TAKES_NAME = 1 << 18,
	CTL_TAKES_USES = 1 << 19,
	CTL_TAKES_NO_PASSWORD = 1 << 20,
	CTL_TAKES_WATCH = 1 << 21,
	CTL_TAKES_PROMETHEUS = 1 << 22,
};

struct ctl_options;

struct ctl_command {
	const char *group;    /* "user" */
	const char *name;     /* "add"; NULL where the group is the command */
	unsigned takes;       /* enum ctl_takes, or-ed */
	unsigned needs;       /* of those, what has to be given */
	const char *operands; /* how they are called, a blank between; "" for none */
	bool optional;        /* they may be left out */
	int (*run)(const struct config *config, const struct ctl_options *o);
};

/* The command that the words name, or NULL, having said what is wrong. *ret_used is how
 * many of them it is called by; its operands follow. */
const struct ctl_command *ctl_command_find(char **words, int n, int *ret_used);

/* What it is called, to be printed as "%s%s%s": group, a blank or nothing, name or
 * nothing. */
#define CTL_COMMAND_NAME(c) (c)->group, (c)->name ? " " : "", (c)->name ? (c)->name : ""

#endif
