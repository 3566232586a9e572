// SPDX-License-Identifier: ISC
/*
 * Windows of enrolment. The one of the user's own name comes before the one for anybody.
 * Faults: those of the store; a damaged line is -EBADMSG and opens nothing.
 */
#include "auth/window.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "auth/stamp.h"
#include "base/cleanup.h"

int
auth_window_of_line(const char *line, size_t len, struct auth_window *ret)
{
	struct auth_window w = { 0 };
	size_t n = auth_line_key(line, len);

	if (!auth_line_is_whole(line, len) || line[0] != 'w')
		return -EBADMSG;
	memcpy(w.name, line + 2, n - 2);
	if (strcmp(w.name, AUTH_WINDOW_TOKENS) == 0)
		return -EBADMSG;
	if (auth_line_time(line, len, AUTH_FIELD_UNTIL, &w.until) != 1 ||
		auth_line_number(line, len, AUTH_FIELD_USES, AUTH_USES_MAX, &w.uses) < 0)
		return -EBADMSG;
	*ret = w;
	return 0;
}

int
auth_window_put(struct auth_update *u, const struct auth_window *w)
{
	CLEANUP(buffer_free) struct buffer line = { 0 };
	char stamp[AUTH_STAMP_SIZE], uses[24];
	int r = buffer_printf(&line, "w %s", w->name);

	auth_stamp(w->until, stamp);
	snprintf(uses, sizeof(uses), "%" PRIu64, w->uses);
	if (r == 0)
		r = auth_line_set(&line, AUTH_FIELD_UNTIL, stamp);
	if (r == 0 && w->uses > 0)
		r = auth_line_set(&line, AUTH_FIELD_USES, uses);
	return r < 0 ? r : auth_update_put(u, buffer_data(&line), buffer_len(&line));
}

/* Looks for a line, in a store or in one that is being changed. */
typedef int (*find_fn)(void *in, const char *name, struct buffer *ret_line);

static int
find_in_store(void *in, const char *name, struct buffer *ret_line)
{
	return auth_store_find(in, 'w', name, ret_line);
}

static int
find_in_update(void *in, const char *name, struct buffer *ret_line)
{
	return auth_update_find(in, 'w', name, ret_line);
}

/* The user's own window, or else anybody's, if it is open: 1 with *ret, 0, or a negative
 * errno. */
static int
find_open(find_fn find, void *in, const char *user, int64_t now, struct auth_window *ret)
{
	const char *const names[] = { user, AUTH_WINDOW_ANYBODY };
	CLEANUP(buffer_free) struct buffer line = { 0 };
	struct auth_window w = { 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int r = find(in, names[i], &line);

		if (r > 0)
			r = auth_window_of_line(
				buffer_data(&line), buffer_len(&line), &w);
		if (r < 0)
			return r;
		if (w.until > now) {
			*ret = w;
			return 1;
		}
	}
	return 0;
}

int
auth_window_find(struct auth_store *s, const char *user, int64_t now)
{
	struct auth_window w;

	return find_open(find_in_store, s, user, now, &w);
}

/* Takes one use of the window in that line. */
static int
use(struct auth_update *u, struct auth_window *w)
{
	int r = 0;

	if (w->uses == 1)
		r = auth_update_remove(u, 'w', w->name);
	else if (w->uses > 1) {
		w->uses--;
		r = auth_window_put(u, w);
	}
	return r < 0 ? r : 1;
}

int
auth_window_use(struct auth_update *u, const char *user, int64_t now)
{
	struct auth_window w;
	int r = find_open(find_in_update, u, user, now, &w);

	return r > 0 ? use(u, &w) : r;
}

struct tidying {
	struct auth_update *update;
	const char *name;
	int64_t now;
	size_t closed;
};

static int
tidy_line(void *context, const char *line, size_t len)
{
	struct tidying *t = context;
	struct auth_window w;
	bool named, past;

	if (auth_window_of_line(line, len, &w) < 0)
		return 0;
	named = t->name && (!*t->name || strcmp(t->name, w.name) == 0);
	past = w.until <= t->now;
	if (!named && !past)
		return 0;
	t->closed += named && !past;
	return auth_update_remove(t->update, 'w', w.name);
}

int
auth_window_tidy(struct auth_update *u, const char *name, int64_t now, size_t *ret_closed)
{
	struct tidying t = { u, name, now, 0 };
	int r = auth_update_each(u, 'w', tidy_line, &t);

	if (r == 0 && ret_closed)
		*ret_closed = t.closed;
	return r;
}
