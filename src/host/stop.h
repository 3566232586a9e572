// SPDX-License-Identifier: ISC
/*
 * Being asked to stop. SIGTERM and SIGINT are noted, and arrive only inside
 * host_stop_poll: no other system call is interrupted, and no request is missed.
 */
#ifndef HOST_STOP_H
#define HOST_STOP_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

/* Begins to note the signals; SIGPIPE is ignored from then on, too. */
void host_stop_watch(void);

/* For a child that is stopped by other means: ignores the signals. */
void host_stop_ignore(void);

bool host_stop_asked(void);

/* poll(2) until a deadline by host_clock_ms (negative: none). The number of descriptors
 * that are ready, 0 when the deadline has come, -EINTR when asked to stop or interrupted.
 */
int host_stop_poll(struct pollfd *fds, unsigned n, int64_t deadline);

#endif
