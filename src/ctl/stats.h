// SPDX-License-Identifier: ISC
/*
 * posternctl stats: what has happened since the counters began.
 */
#ifndef CTL_STATS_H
#define CTL_STATS_H

#include "base/buffer.h"
#include "config/config.h"
#include "ctl/options.h"
#include "host/stats.h"

/* Answers an exit status. */
int ctl_stats_run(const struct config *config, const struct ctl_options *o);

/* Append the counters for people, for programs, and in the text format of Prometheus
 * (version 0.0.4). 0 or -ENOMEM. */
int ctl_stats_text(struct buffer *b, const struct host_stats *s);
int ctl_stats_json(struct buffer *b, const struct host_stats *s);
int ctl_stats_prometheus(struct buffer *b, const struct host_stats *s, size_t sessions);

#endif
