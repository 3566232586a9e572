// SPDX-License-Identifier: ISC
/*
 * Signals as something to read: those that a resident process lives by (SIGCHLD, SIGHUP,
 * SIGTERM, SIGINT) arrive at a descriptor, in their turn, and interrupt nothing.
 */
#ifndef HOST_SIGNALS_H
#define HOST_SIGNALS_H

/* The descriptor, non-blocking and close-on-exec, or a negative errno. */
int host_signals_open(void);

/* The number of the next one that has come; 0 for none. */
int host_signals_next(int fd);

/* In a forked child: all are as they were before, but for SIGTERM and SIGINT, which wait
 * until host_stop_watch. */
void host_signals_leave(void);

#endif
