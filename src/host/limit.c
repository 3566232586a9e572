// SPDX-License-Identifier: ISC
/*
 * Sums that cannot overflow: what was stored is brought into the range that it can have
 * before it is used.
 */
#include "host/limit.h"

#include <limits.h>

enum {
	DAY = 86400,
	DELAY_FIRST = 1000, /* milliseconds */
	DELAY_MAX = 8000,
	DOUBLINGS_MAX = 24,
};

static const char *const WHOSE[CONFIG_LIMITS] = { "address", "device", "user" };
static const char *const WHAT[HOST_LIMITED] = { "sessions", "connections", "failures",
	"messages", "recipients" };

const char *
host_limit_whose(enum config_limited whose)
{
	return WHOSE[whose];
}

const char *
host_limit_what(enum host_limited what)
{
	return WHAT[what];
}

struct host_limit
host_limit_of(
	const struct config *config, enum config_limited whose, enum host_limited what)
{
	const struct config_limits *c = &config->limits[whose];
	const unsigned most[HOST_LIMITED] = { c->sessions, c->connections,
		whose == CONFIG_LIMIT_USER ? 0 : c->failures, c->messages,
		c->recipients };

	return (struct host_limit){ most[what], config->limit_window };
}

static int64_t
window(struct host_limit l)
{
	return (int64_t)l.seconds * HOST_LIMIT_SECOND;
}

/* What one takes of the window. */
static int64_t
price(struct host_limit l)
{
	return window(l) / l.most;
}

/* How much of some time is left: nothing of what is past, and never more than all of it.
 * A time so far ahead that it cannot have been meant is of a clock that was set back, or
 * of nobody's writing, and counts for nothing: else it would count for as long as that.
 */
static int64_t
left_of(int64_t all, int64_t end, int64_t now)
{
	if (end <= now || end - now > 2 * all)
		return 0;
	return end - now < all ? end - now : all;
}

/* How much of the window is taken. */
static int64_t
taken(struct host_limit l, int64_t due, int64_t now)
{
	return left_of(window(l), due, now);
}

static unsigned
in_seconds(int64_t time)
{
	return (unsigned)((time + HOST_LIMIT_SECOND - 1) / HOST_LIMIT_SECOND);
}

unsigned
host_limit_wait(struct host_limit l, int64_t due, int64_t now, unsigned n)
{
	int64_t over;

	if (l.most == 0)
		return 0;
	if (n > l.most)
		n = l.most;
	over = taken(l, due, now) + (int64_t)n * price(l) - window(l);
	return over > 0 ? in_seconds(over) : 0;
}

unsigned
host_limit_left(struct host_limit l, int64_t due, int64_t now)
{
	if (l.most == 0)
		return UINT_MAX;
	return (unsigned)((window(l) - taken(l, due, now)) / price(l));
}

int64_t
host_limit_add(struct host_limit l, int64_t due, int64_t now, unsigned n)
{
	int64_t over;

	if (l.most == 0)
		return due;
	if (n > l.most)
		n = l.most;
	over = taken(l, due, now) + (int64_t)n * price(l);
	return now + (over < window(l) ? over : window(l));
}

/* How long the shut-out is that follows so many failures. */
static int64_t
shutout(struct host_shutout s, int64_t count)
{
	int64_t seconds = s.first, doublings;

	if (s.after == 0 || count < (int64_t)s.after)
		return 0;
	doublings = count - (int64_t)s.after;
	seconds <<= doublings < DOUBLINGS_MAX ? doublings : DOUBLINGS_MAX;
	return (seconds < (int64_t)s.longest ? seconds : (int64_t)s.longest) *
	       HOST_LIMIT_SECOND;
}

static int64_t
memory(struct host_shutout s)
{
	int64_t seconds = 2 * (int64_t)s.longest;

	return (seconds > DAY ? seconds : DAY) * HOST_LIMIT_SECOND;
}

unsigned
host_failures_wait(struct host_shutout s, const struct host_failures *f, int64_t now)
{
	int64_t longest = (int64_t)s.longest * HOST_LIMIT_SECOND;

	return s.after == 0 ? 0 : in_seconds(left_of(longest, f->until, now));
}

void
host_failures_add(struct host_shutout s, struct host_failures *f, int64_t now)
{
	if (f->count < 0 || f->last > now || f->last < now - memory(s))
		f->count = 0;
	f->last = now;
	/* Those that were under way when the shut-out began are a part of it. */
	if (f->count > 0 && host_failures_wait(s, f, now) > 0)
		return;
	if (f->count < INT_MAX)
		f->count++;
	f->until = now + shutout(s, f->count);
}

int64_t
host_failures_end(struct host_shutout s, const struct host_failures *f)
{
	return f->last + memory(s);
}

unsigned
host_failures_delay(const struct host_failures *f)
{
	unsigned delay = DELAY_FIRST;

	for (int64_t i = 1; i < f->count && delay < DELAY_MAX; i++)
		delay *= 2;
	return delay;
}
