// SPDX-License-Identifier: ISC
/*
 * Counters in three forms. All names are of our own tables, so that nothing is to be
 * escaped.
 */
#include <inttypes.h>
#include <stdio.h>

#include "ctl/stats.h"

enum { TITLE_WIDTH = 20 };

static uint64_t
total_of(const struct host_stats *s, const struct host_stats_family *f)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < (f->histogram ? HOST_STATS_BUCKETS : f->n); i++)
		n += s->n[f->first + i];
	return n;
}

/* What a member is called, without the words that say what the words mean. */
static void
short_label(const struct host_stats_family *f, unsigned i, char *ret, size_t size)
{
	char label[HOST_STATS_LABEL];
	size_t n = 0;
	bool quoted = false;

	f->label(i, label, sizeof label);
	for (const char *p = label; *p && n + 1 < size; p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (quoted)
			ret[n++] = *p;
		else if (*p == ',')
			ret[n++] = ' ';
	}
	ret[n] = '\0';
}

static int
text_histogram(
	struct buffer *b, const struct host_stats *s, const struct host_stats_family *f)
{
	uint64_t n = total_of(s, f), below = 0;
	int r = buffer_printf(b, "%-*s %" PRIu64, TITLE_WIDTH, f->title, n);

	if (r == 0 && n > 0)
		r = buffer_printf(b, ", on average %" PRIu64 " ms",
			s->n[f->first + HOST_STATS_BUCKETS] / n);
	if (r == 0)
		r = buffer_puts(b, "\n");
	for (unsigned i = 0; r == 0 && n > 0 && i < HOST_STATS_BUCKETS - 1; i++) {
		below += s->n[f->first + i];
		r = buffer_printf(b, "  at most %7" PRId64 " ms %" PRIu64 "\n",
			host_stats_bucket(i), below);
	}
	return r;
}

/* A family, and of its members those that are not 0. */
static int
text_family(
	struct buffer *b, const struct host_stats *s, const struct host_stats_family *f)
{
	char label[HOST_STATS_LABEL];
	int r;

	if (f->histogram)
		return text_histogram(b, s, f);
	r = buffer_printf(b, "%-*s %" PRIu64 "\n", TITLE_WIDTH, f->title, total_of(s, f));
	for (unsigned i = 0; r == 0 && f->n > 1 && i < f->n; i++) {
		if (s->n[f->first + i] == 0)
			continue;
		short_label(f, i, label, sizeof label);
		r = buffer_printf(b, "  %-*s %" PRIu64 "\n", 2 * TITLE_WIDTH, label,
			s->n[f->first + i]);
	}
	return r;
}

int
ctl_stats_text(struct buffer *b, const struct host_stats *s)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < HOST_STATS_FAMILIES; i++)
		r = text_family(b, s, &host_stats_families[i]);
	return r;
}

static int
json_histogram(
	struct buffer *b, const struct host_stats *s, const struct host_stats_family *f)
{
	int r = buffer_printf(b, "{\"milliseconds\": %" PRIu64 ", \"buckets\": [",
		s->n[f->first + HOST_STATS_BUCKETS]);

	for (unsigned i = 0; r == 0 && i < HOST_STATS_BUCKETS; i++) {
		int64_t end = host_stats_bucket(i);

		r = buffer_puts(b, i > 0 ? ", {\"most\": " : "{\"most\": ");
		if (r == 0)
			r = end < 0 ? buffer_puts(b, "null")
				    : buffer_printf(b, "%" PRId64, end);
		if (r == 0)
			r = buffer_printf(b, ", \"n\": %" PRIu64 "}", s->n[f->first + i]);
	}
	return r < 0 ? r : buffer_puts(b, "]}");
}

/* A number; or an array with an object for each member, the labels as its keys. */
static int
json_family(
	struct buffer *b, const struct host_stats *s, const struct host_stats_family *f)
{
	char label[HOST_STATS_LABEL];
	int r;

	if (f->histogram)
		return json_histogram(b, s, f);
	if (f->n == 1)
		return buffer_printf(b, "%" PRIu64, s->n[f->first]);
	r = buffer_puts(b, "[");
	for (unsigned i = 0; r == 0 && i < f->n; i++) {
		r = buffer_puts(b, i > 0 ? ", {" : "{");
		f->label(i, label, sizeof label);
		for (const char *p = label; r == 0 && *p; p++) {
			bool begins = p == label || p[-1] == ',';

			if (begins)
				r = buffer_puts(b, "\"");
			if (r == 0)
				r = *p == '=' ? buffer_puts(b, "\": ")
					      : buffer_append(b, p, 1);
		}
		if (r == 0)
			r = buffer_printf(b, ",\"n\": %" PRIu64 "}", s->n[f->first + i]);
	}
	return r < 0 ? r : buffer_puts(b, "]");
}

int
ctl_stats_json(struct buffer *b, const struct host_stats *s)
{
	int r = buffer_puts(b, "{");

	for (unsigned i = 0; r == 0 && i < HOST_STATS_FAMILIES; i++) {
		r = buffer_printf(b, "%s\n  \"%s\": ", i > 0 ? "," : "",
			host_stats_families[i].name);
		if (r == 0)
			r = json_family(b, s, &host_stats_families[i]);
	}
	return r < 0 ? r : buffer_puts(b, "\n}\n");
}

/* Milliseconds as seconds, exactly. */
static int
put_seconds(struct buffer *b, uint64_t milliseconds)
{
	return buffer_printf(
		b, "%" PRIu64 ".%03" PRIu64, milliseconds / 1000, milliseconds % 1000);
}

static int
prometheus_histogram(
	struct buffer *b, const struct host_stats *s, const struct host_stats_family *f)
{
	uint64_t below = 0;
	int r = buffer_printf(b,
		"# HELP postern_%s_seconds %s.\n# TYPE postern_%s_seconds histogram\n",
		f->name, f->help, f->name);

	for (unsigned i = 0; r == 0 && i < HOST_STATS_BUCKETS; i++) {
		int64_t end = host_stats_bucket(i);

		below += s->n[f->first + i];
		r = buffer_printf(b, "postern_%s_seconds_bucket{le=\"", f->name);
		if (r == 0)
			r = end < 0 ? buffer_puts(b, "+Inf")
				    : put_seconds(b, (uint64_t)end);
		if (r == 0)
			r = buffer_printf(b, "\"} %" PRIu64 "\n", below);
	}
	if (r == 0)
		r = buffer_printf(b, "postern_%s_seconds_sum ", f->name);
	if (r == 0)
		r = put_seconds(b, s->n[f->first + HOST_STATS_BUCKETS]);
	return r < 0 ? r
		     : buffer_printf(b, "\npostern_%s_seconds_count %" PRIu64 "\n",
			       f->name, below);
}

static int
prometheus_family(
	struct buffer *b, const struct host_stats *s, const struct host_stats_family *f)
{
	char label[HOST_STATS_LABEL];
	int r;

	if (f->histogram)
		return prometheus_histogram(b, s, f);
	r = buffer_printf(b,
		"# HELP postern_%s_total %s.\n# TYPE postern_%s_total counter\n", f->name,
		f->help, f->name);
	for (unsigned i = 0; r == 0 && i < f->n; i++) {
		f->label(i, label, sizeof label);
		r = buffer_printf(b, "postern_%s_total%s%s%s %" PRIu64 "\n", f->name,
			*label ? "{" : "", label, *label ? "}" : "", s->n[f->first + i]);
	}
	return r;
}

int
ctl_stats_prometheus(struct buffer *b, const struct host_stats *s, size_t sessions)
{
	int r = buffer_printf(b,
		"# HELP postern_sessions Connections that are open now.\n"
		"# TYPE postern_sessions gauge\npostern_sessions %zu\n",
		sessions);

	for (unsigned i = 0; r == 0 && i < HOST_STATS_FAMILIES; i++)
		r = prometheus_family(b, s, &host_stats_families[i]);
	return r;
}
