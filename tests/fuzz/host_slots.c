// SPDX-License-Identifier: ISC
/*
 * A session table of any bytes. Whatever is in it, it is looked at, entered, counted,
 * listed and left, in a bounded time; nothing outside is read; and afterwards the table
 * is one in which a session is found that entered.
 *
 * The first byte says what is made to add up, so that what lies behind the checksums is
 * reached as well: 1 the header, 2 the rows, 4 that the file is as long as the input.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/sessions.h"
#include "host/slots_private.h"
#include "host/stats.h"
#include "shared_folder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_SIZE = HOST_SLOTS_PAGES_AT + HOST_SLOTS_A_FILE * HOST_SLOTS_PAGE };

static void
remove_all(void)
{
	char path[128];

	for (int i = 0; i < HOST_SLOTS_FILES; i++) {
		snprintf(path, sizeof path, "%s/sessions.%d", folder, i);
		if (remove(path) < 0)
			break;
	}
	in_folder("sessions.0.damaged", path);
	remove(path);
}

static void
leave(void)
{
	remove_all();
	rmdir(folder);
}

static void
begin(void)
{
	make_folder(leave);
	remove_all();
}

static bool
pass_over(void *context, unsigned slot, const void *row)
{
	(void)context, (void)slot, (void)row;
	return false;
}

/* A good header, as the code itself makes it. */
static void
make_header(void)
{
	struct host_slots_visit visit = { pass_over, NULL };
	struct host_slots *s;

	check(host_slots_open(folder, "sessions", NULL, &s) == 0);
	check(host_slots_scan(s, &visit) == -EAGAIN);
	host_slots_free(s);
}

static void
write_file(const uint8_t *data, size_t size, int flags)
{
	static uint8_t bytes[FILE_SIZE];
	char path[128];
	int fd CLEANUP_FD = -1;
	size_t from = flags & 1 ? HOST_SHARED_HEADER : 0, end = from + size;

	memset(bytes, 0, sizeof bytes);
	if (end > sizeof bytes)
		end = sizeof bytes;
	if (size > 0)
		memcpy(bytes + from, data, end - from);
	for (unsigned i = 0; (flags & 2) && i < HOST_SLOTS_A_FILE; i++) {
		struct host_slots_row row;

		memcpy(&row, bytes + host_slots_row_at(i), sizeof row);
		if (row.sum != 0)
			row.sum = host_slots_sum_of(&row, i);
		memcpy(bytes + host_slots_row_at(i), &row, sizeof row);
	}
	if (flags & 1)
		make_header();
	in_folder("sessions.0", path);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	check(fd >= 0);
	check(pwrite(fd, bytes + from, end - from, (off_t)from) == (ssize_t)(end - from));
	check(ftruncate(fd, flags & 4 ? (off_t)end : FILE_SIZE) == 0);
}

static int
note(void *context, unsigned slot, const struct host_session *session)
{
	char name[HOST_SESSION_USER_MAX + 1];

	host_sessions_read_user(context, slot, session, name);
	check(strlen(name) <= HOST_SESSION_USER_MAX);
	check(*host_session_state_name(session->state) != '\0');
	return 0;
}

static void
look(void)
{
	struct host_stats stats;
	struct host_slots *s;

	if (host_slots_look(folder, "sessions", NULL, &s) < 0)
		return;
	host_sessions_each(s, note, s);
	host_stats_sum(s, &stats);
	host_slots_free(s);
}

static int
enter(struct host_slots *s, const struct host_session *row)
{
	int r = -EAGAIN;
	unsigned n;

	for (int i = 0; r == -EAGAIN && i < 4; i++) {
		check(host_slots_lock(s, 0) == 0);
		r = host_sessions_count(s, row, CONFIG_LIMIT_ADDRESS, 2, 1000, 100, &n);
	}
	if (r == 0)
		r = host_slots_claim(s, row);
	host_slots_unlock(s);
	return r;
}

/* Whether one who looks for sessions of the user sees any; a file that is damaged further
 * down than anybody has looked may be set aside for that. */
static bool
sees(struct host_slots *s, const struct host_session *row)
{
	int r = -EAGAIN;
	unsigned n = 0;

	for (int i = 0; r == -EAGAIN && i < 4; i++)
		r = host_sessions_count(
			s, row, CONFIG_LIMIT_USER, UINT_MAX, 1000, 100, &n);
	check(r == 0);
	return n > 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct host_session row = { .since = 1000, .address = { 1 }, .user = 7 };
	struct host_stats more = { .n = { 1 } };
	struct host_slots *s, *other;

	if (size == 0)
		return 0;
	begin();
	write_file(data + 1, size - 1, data[0]);
	look();
	check(host_slots_open(folder, "sessions", NULL, &s) == 0);
	check(host_slots_open(folder, "sessions", NULL, &other) == 0);
	check(enter(s, &row) == 0);
	check(host_sessions_write_user(s, &row, "brad") == 0);
	host_stats_add(s, &more);
	if (!sees(other, &row)) {
		check(sees(s, &row) || enter(s, &row) == 0);
		check(sees(other, &row));
	}
	look();
	host_slots_free(s);
	host_slots_free(other);
	return 0;
}
