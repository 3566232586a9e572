// SPDX-License-Identifier: ISC
/*
 * posternctl enrol status: who may enrol now, by which windows and tokens. What is past
 * is not shown. Damaged lines are named on standard error and passed over.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "auth/stamp.h"
#include "auth/token.h"
#include "auth/window.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "ctl/enrol.h"
#include "ctl/report.h"

struct status {
	const struct config *config;
	int64_t now;
	struct buffer windows; /* lines of text, or objects with commas between */
	struct buffer tokens;
	bool json;
};

static void
status_clear(struct status *s)
{
	buffer_free(&s->windows);
	buffer_free(&s->tokens);
}

static int
add_window(struct status *s, const struct auth_window *w)
{
	bool anybody = strcmp(w->name, AUTH_WINDOW_ANYBODY) == 0;
	struct buffer *b = &s->windows;
	char until[AUTH_STAMP_SIZE], uses[24] = "any number of";
	int r;

	auth_stamp(w->until, until);
	if (w->uses > 0)
		snprintf(uses, sizeof(uses), "%" PRIu64, w->uses);
	if (!s->json)
		return buffer_printf(b, "open for %s until %s, %s enrolment%s\n",
			anybody ? "anybody" : w->name, until, uses,
			w->uses == 1 ? "" : "s");
	r = buffer_puts(b, buffer_len(b) > 0 ? ", {" : "{");
	if (r == 0)
		r = json_member(b, "user", anybody ? NULL : w->name);
	if (r == 0)
		r = buffer_printf(b, ", \"until\": \"%s\", \"uses\": %s}", until,
			w->uses > 0 ? uses : "null");
	return r;
}

static int
add_token(struct status *s, const struct auth_token *t)
{
	struct buffer *b = &s->tokens;
	char expires[AUTH_STAMP_SIZE];
	int r;

	auth_stamp(t->expires, expires);
	if (!s->json)
		return buffer_printf(b, "token for %s until %s%s%s\n", t->user, expires,
			*t->label ? ", " : "", t->label);
	r = buffer_puts(b, buffer_len(b) > 0 ? ", {" : "{");
	if (r == 0)
		r = json_member(b, "user", t->user);
	if (r == 0)
		r = json_member(b, "label", *t->label ? t->label : NULL);
	if (r == 0)
		r = buffer_printf(b, ", \"expires\": \"%s\"}", expires);
	return r;
}

static int
take_line(void *context, size_t number, const char *line, size_t len, bool whole)
{
	struct status *s = context;
	struct auth_window w;
	struct auth_token t;

	if (!whole) {
		ctl_warn_damage(s->config, number);
		return 0;
	}
	if (line[0] == 'w' && auth_window_of_line(line, len, &w) == 0 && w.until > s->now)
		return add_window(s, &w);
	if (line[0] == 't' && auth_token_of_line(line, len, &t) == 0 &&
		t.expires > s->now)
		return add_token(s, &t);
	return 0;
}

static const char *
mode_name(enum config_enrol enrol)
{
	switch (enrol) {
	case CONFIG_ENROL_OFF:
		return "off";
	case CONFIG_ENROL_CERTIFICATE:
		return "certificate";
	case CONFIG_ENROL_WINDOW:
		return "window";
	case CONFIG_ENROL_ANY:
		return "any";
	}
	return "off";
}

int
ctl_enrol_status(const struct config *config, const struct ctl_options *o)
{
	CLEANUP(status_clear)
	struct status s = { .config = config, .now = auth_now(), .json = o->json };
	CLEANUP(auth_store_cleanup) struct auth_store *store = NULL;
	int r = auth_store_open(config->users, &store);

	if (r == 0)
		r = auth_store_each(store, take_line, &s);
	if (r < 0)
		return ctl_store_fail(config, r);
	if (!buffer_string(&s.windows) || !buffer_string(&s.tokens))
		return ctl_fail(EX_TEMPFAIL, "out of memory");
	if (s.json)
		printf("{\"enrol\": \"%s\", \"windows\": [%s], \"tokens\": [%s]}\n",
			mode_name(config->enrol), buffer_data(&s.windows),
			buffer_data(&s.tokens));
	else
		printf("enrol = %s\n%s%s", mode_name(config->enrol),
			buffer_data(&s.windows), buffer_data(&s.tokens));
	return EX_OK;
}
