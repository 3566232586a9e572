// SPDX-License-Identifier: ISC
/*
 * A file system's clock ticks every few milliseconds, and two changes in one tick leave
 * the same times: a stamp that was taken shortly after a change counts as out of date.
 * Nothing is owned; a file that cannot be looked at has a stamp as well.
 */
#include "host/stamp.h"

#include <errno.h>
#include <sys/stat.h>
#include <time.h>

enum { SECOND = 1000000000, SETTLED = SECOND };

static int64_t
in_ns(const struct timespec *t)
{
	return (int64_t)t->tv_sec * SECOND + t->tv_nsec;
}

void
host_stamp_take(const char *path, struct host_stamp *ret)
{
	struct host_stamp s = { .taken = true };
	struct timespec now;
	struct stat st;

	if (stat(path, &st) < 0) {
		s.error = errno;
		*ret = s;
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	s.device = st.st_dev;
	s.inode = st.st_ino;
	s.size = st.st_size;
	s.modified = in_ns(&st.st_mtim);
	s.changed = in_ns(&st.st_ctim);
	s.fresh = s.changed > in_ns(&now) - SETTLED;
	*ret = s;
}

bool
host_stamp_differs(const struct host_stamp *s, const char *path)
{
	struct host_stamp now;

	if (!path)
		return false;
	if (!s->taken || s->fresh)
		return true;
	host_stamp_take(path, &now);
	return now.error != s->error || now.device != s->device ||
	       now.inode != s->inode || now.size != s->size ||
	       now.modified != s->modified || now.changed != s->changed;
}

bool
host_stamp_replaced(const struct host_stamp *s, const char *path)
{
	struct host_stamp now;

	if (!path)
		return false;
	host_stamp_take(path, &now);
	return !s->taken || now.error != s->error || now.device != s->device ||
	       now.inode != s->inode;
}
