// SPDX-License-Identifier: ISC
/*
 * System call filters (seccomp(2)), one for each kind of process; what they let through
 * stands in filters/generate.c. A call that is not among them ends the process, which is
 * told before, so that somebody learns which call it was.
 */
#ifndef HOST_FILTER_H
#define HOST_FILTER_H

enum host_filter {
	HOST_FILTER_TLS,
	HOST_FILTER_SMTP,
	HOST_FILTER_RESIDENT, /* the parent of many such pairs; inherited by them */
	HOST_FILTERS,
};

/* Needs no_new_privs. log is the log's descriptor, or -1: with HOST_FILTER_SMTP its file
 * and those of the descriptors 0, 1 and 2 can be written to only where the next write
 * goes, and keep their length, mode, owner and times. on_forbidden is called in the place
 * of a forbidden call, with its number, from a signal handler that interrupts that call
 * and nothing else: it may use what never makes such a call. When it returns the process
 * ends by SIGSYS. 0; -EOPNOTSUPP where the kernel has no filters; or another negative
 * errno. */
int host_filter_install(enum host_filter filter, int log, void (*on_forbidden)(int call));

/* The same for a program that was executed by one that the filter holds already: only
 * on_forbidden has to be set. 0 or a negative errno. */
int host_filter_watch(void (*on_forbidden)(int call));

/* The name of a system call by its number: "openat"; "unknown" for what has none. */
const char *host_filter_call_name(int call);

#endif
