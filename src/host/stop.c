// SPDX-License-Identifier: ISC
/*
 * Two signals and a flag. The handlers do nothing but set it; there are no faults.
 */
#include "host/stop.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include "host/clock.h"

static volatile sig_atomic_t asked;
static sigset_t outside; /* the mask to wait with */

static void
note(int signal)
{
	(void)signal;
	asked = 1;
}

void
host_stop_watch(void)
{
	struct sigaction act = { .sa_handler = note };
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	sigprocmask(SIG_BLOCK, &blocked, &outside);
	sigdelset(&outside, SIGTERM);
	sigdelset(&outside, SIGINT);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGINT, &act, NULL);
	signal(SIGPIPE, SIG_IGN);
}

void
host_stop_ignore(void)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
}

bool
host_stop_asked(void)
{
	return asked;
}

/* ppoll(2) leaves a signal where it is if a descriptor is ready all the same. */
static void
look_for_pending(void)
{
	sigset_t pending;

	if (sigpending(&pending) == 0 && (sigismember(&pending, SIGTERM) == 1 ||
						 sigismember(&pending, SIGINT) == 1))
		asked = 1;
}

int
host_stop_poll(struct pollfd *fds, unsigned n, int64_t deadline)
{
	int64_t left = deadline - host_clock_ms();
	struct timespec wait = { .tv_sec = left / 1000,
		.tv_nsec = left % 1000 * 1000000 };
	int r;

	if (deadline >= 0 && left < 0)
		wait = (struct timespec){ 0 };
	r = ppoll(fds, n, deadline < 0 ? NULL : &wait, &outside);
	if (r < 0)
		return -errno;
	if (r > 0)
		look_for_pending();
	return r;
}
