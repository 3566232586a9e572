// SPDX-License-Identifier: ISC
/*
 * The sum of all counters. Files are only looked at; without any, nothing has happened.
 */
#include "ctl/stats.h"

#include <errno.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "ctl/report.h"
#include "ctl/sessions.h"

static const char TABLE[] = "sessions";

static int
count_session(void *context, unsigned slot, const struct host_session *row)
{
	size_t *n = context;

	(void)slot, (void)row;
	(*n)++;
	return 0;
}

/* 0, or a negative errno. */
static int
read_stats(const struct config *config, const struct host_shared_report *report,
	struct host_stats *ret, size_t *ret_sessions)
{
	struct host_slots *slots;
	int r = host_slots_look(config->run, TABLE, report, &slots);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = host_sessions_each(slots, count_session, ret_sessions);
	if (r == 0)
		r = host_stats_sum(slots, ret);
	host_slots_free(slots);
	return r;
}

int
ctl_stats_run(const struct config *config, const struct ctl_options *o)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	struct host_stats stats = { 0 };
	size_t sessions = 0;
	bool said = false;
	struct host_shared_report report = { ctl_say_shared, &said };
	int r, status = ctl_shared_open(config);

	if (status != EX_OK)
		return status;
	r = read_stats(config, &report, &stats, &sessions);
	if (r < 0)
		return ctl_shared_fail(config, r, said);
	if (o->prometheus)
		r = ctl_stats_prometheus(&b, &stats, sessions);
	else
		r = o->json ? ctl_stats_json(&b, &stats) : ctl_stats_text(&b, &stats);
	if (r < 0 || !buffer_string(&b))
		return ctl_fail(EX_TEMPFAIL, "out of memory");
	fputs(buffer_string(&b), stdout);
	return said ? EX_DATAERR : EX_OK;
}
