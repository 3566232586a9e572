// SPDX-License-Identifier: ISC
/*
 * The walls that a process puts up around itself before it hears of its peer: Landlock
 * for files, a filter for system calls. `sandbox` says whether it may go on without.
 */
#ifndef HOST_SANDBOX_H
#define HOST_SANDBOX_H

#include "config/config.h"
#include "host/filter.h"
#include "host/landlock.h"

struct host_sandbox {
	const struct host_landlock_rule *rules; /* the files that stay in reach */
	size_t n_rules;
	enum host_filter filter;
	int log;                        /* as in host_filter_install */
	void (*on_forbidden)(int call); /* as in host_filter_install */
};

/* What this kernel does not have of it, in words ("Landlock", "seccomp", "Landlock and
 * seccomp"); NULL where nothing is missing. */
const char *host_sandbox_missing(void);

/* Needs no_new_privs. 0 with *ret_missing as above; with `off` nothing is done and NULL.
 * Negative errno: with `require` where anything is missing, and with `try` too where the
 * kernel has it and it fails: the caller then does not serve. */
int host_sandbox_enter(enum config_sandbox mode, const struct host_sandbox *sandbox,
	const char **ret_missing);

#endif
