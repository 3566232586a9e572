// SPDX-License-Identifier: ISC
/*
 * Counters over all connections. Each slot of the session table has a set of its own,
 * which only the slot's owner adds to, once, when its session ends; the sum over all
 * slots is what has happened. So nobody waits for anybody, and no number ever gets less
 * as long as the files live. A set is kept twice, written in turn, so that a process that
 * is killed while it writes leaves the older one whole.
 */
#ifndef HOST_STATS_H
#define HOST_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "host/limit.h"
#include "host/slots.h"

enum {
	/* The last one of each of these is for all others. */
	HOST_STATS_ALERTS = 28,
	HOST_STATS_CODES = 27,
	HOST_STATS_MECHANISMS = 8,
	HOST_STATS_LIMITS = CONFIG_LIMITS * HOST_LIMITED, /* whose, and which */
	HOST_STATS_BUCKETS = 14, /* of a histogram, that without an upper end included */
};

enum host_handshake {
	HOST_HANDSHAKE_PROVED,
	HOST_HANDSHAKE_REFUSED,  /* by us, with an alert */
	HOST_HANDSHAKE_GIVEN_UP, /* by the peer, with an alert */
	HOST_HANDSHAKE_LOST,
	HOST_HANDSHAKE_TIMEOUT,
	HOST_HANDSHAKE_FAULT, /* of ours */
	HOST_HANDSHAKES,
};

enum host_login {
	HOST_LOGIN_DONE,
	HOST_LOGIN_ENROLLED,
	HOST_LOGIN_WRONG,
	HOST_LOGIN_BROKEN,
	HOST_LOGIN_LIMITED,
	HOST_LOGIN_FAULT,
	HOST_LOGINS,
};

/* Places in the set. Those of one family stand together; a histogram is its buckets, then
 * the sum in milliseconds. */
enum host_stat {
	HOST_STAT_CONNECTIONS,
	HOST_STAT_HANDSHAKES,
	HOST_STAT_ALERTS_SENT = HOST_STAT_HANDSHAKES + HOST_HANDSHAKES,
	HOST_STAT_ALERTS_RECEIVED = HOST_STAT_ALERTS_SENT + HOST_STATS_ALERTS,
	HOST_STAT_LOGINS = HOST_STAT_ALERTS_RECEIVED + HOST_STATS_ALERTS,
	HOST_STAT_MESSAGES = HOST_STAT_LOGINS + HOST_STATS_MECHANISMS * HOST_LOGINS,
	HOST_STAT_RECIPIENTS,
	HOST_STAT_MESSAGE_BYTES,
	HOST_STAT_BYTES,
	HOST_STAT_REFUSALS,
	HOST_STAT_LIMITED = HOST_STAT_REFUSALS + HOST_STATS_CODES,
	HOST_STAT_HANDSHAKE_TIME = HOST_STAT_LIMITED + HOST_STATS_LIMITS,
	HOST_STAT_SESSION_TIME = HOST_STAT_HANDSHAKE_TIME + HOST_STATS_BUCKETS + 1,
	HOST_STATS = HOST_STAT_SESSION_TIME + HOST_STATS_BUCKETS + 1,
};

struct host_stats {
	uint64_t n[HOST_STATS];
};

/* Where things of a kind are counted: TLS alerts and SMTP reply codes by number,
 * mechanisms by name. */
unsigned host_stat_alert(bool sent, int alert);
unsigned host_stat_code(unsigned code);
unsigned host_stat_login(const char *mechanism, enum host_login result);

/* Counts a duration in the histogram that begins there. */
void host_stats_observe(
	struct host_stats *s, enum host_stat histogram, int64_t milliseconds);

/* Adds to the set of the claimed slot. 0 or a negative errno. */
int host_stats_add(const struct host_slots *slots, const struct host_stats *more);

/* The sum over all slots of a table that host_slots_scan has been through. */
int host_stats_sum(const struct host_slots *slots, struct host_stats *ret);

/* A family of counters, for whoever shows them. */
struct host_stats_family {
	const char *name;  /* of a metric, without what goes before and behind */
	const char *help;  /* one sentence without its period */
	const char *title; /* for people */
	enum host_stat first;
	unsigned n;
	bool histogram;
	/* Writes the labels of the member at i, `key="value"` with commas between, or ""
	 * where the family is one counter alone. */
	void (*label)(unsigned i, char *ret, size_t size);
};

enum { HOST_STATS_FAMILIES = 13, HOST_STATS_LABEL = 80 };
extern const struct host_stats_family host_stats_families[HOST_STATS_FAMILIES];

/* The upper end of a bucket in milliseconds; -1 for the last, which has none. */
int64_t host_stats_bucket(unsigned i);

#endif
