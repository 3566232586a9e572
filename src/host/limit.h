// SPDX-License-Identifier: ISC
/*
 * Limits by name, and their arithmetic. Time is a parameter, in nanoseconds since 1970;
 * nothing is read or kept here.
 *
 * A limit of N in a window is a bucket that holds N and loses them evenly within the
 * window, so that after N at once there is room for one more every window / N. All that
 * is remembered of a bucket is when it will be empty (due). Times that are further ahead
 * than they can be count as past: a clock that is set back locks nobody out for longer
 * than a limit itself would.
 */
#ifndef HOST_LIMIT_H
#define HOST_LIMIT_H

#include <stdint.h>

#include "config/config.h"

#define HOST_LIMIT_SECOND INT64_C(1000000000)

struct host_limit {
	unsigned most;    /* 0: no limit */
	unsigned seconds; /* the window */
};

/* What is limited, in the order of host/stats.h. What is behind the first are the values
 * of an account (host/ledger.h), where each stands for when its bucket will be empty. */
enum host_limited {
	HOST_LIMIT_SESSIONS, /* at a time */
	HOST_LIMIT_CONNECTIONS,
	HOST_LIMIT_FAILURES,
	HOST_LIMIT_MESSAGES,
	HOST_LIMIT_RECIPIENTS,
	HOST_LIMITED,
	HOST_LIMIT_VALUE = HOST_LIMIT_CONNECTIONS,
};

/* As it is configured. A user has none of failures, but those in a row (below). */
struct host_limit host_limit_of(
	const struct config *config, enum config_limited whose, enum host_limited what);

/* "address", "device", "user"; "sessions", "connections" … */
const char *host_limit_whose(enum config_limited whose);
const char *host_limit_what(enum host_limited what);

/* How long until n fit, in seconds and rounded up; 0 where they fit now. More than the
 * most count as the most. */
unsigned host_limit_wait(struct host_limit l, int64_t due, int64_t now, unsigned n);

/* How many fit now; UINT_MAX without a limit. */
unsigned host_limit_left(struct host_limit l, int64_t due, int64_t now);

/* When the bucket will be empty with n more in it, or as many as it holds. */
int64_t host_limit_add(struct host_limit l, int64_t due, int64_t now, unsigned n);

/* Failed logins of one user from one source and device. */
struct host_failures {
	int64_t count; /* as many in a row, 0 for none */
	int64_t last;
	int64_t until; /* no login before that */
};

/* After how many failures in a row a shut-out begins (0: never), how long the first one
 * is, which doubles with each further failure, and how long the longest, in seconds. */
struct host_shutout {
	unsigned after, first, longest;
};

/* How long until a login may be tried, in seconds and rounded up; 0: now. */
unsigned host_failures_wait(
	struct host_shutout s, const struct host_failures *f, int64_t now);

/* One more; within a shut-out it makes that no longer, nor the next one. Those before it
 * are forgotten after a day, or twice the longest shut-out. */
void host_failures_add(struct host_shutout s, struct host_failures *f, int64_t now);

/* When they will be forgotten. */
int64_t host_failures_end(struct host_shutout s, const struct host_failures *f);

/* How long the answer to a wrong password waits after so many, in milliseconds. */
unsigned host_failures_delay(const struct host_failures *f);

#endif
