// SPDX-License-Identifier: ISC
/*
 * Both kinds of draft. A named one that a killed process left is removed by whoever makes
 * the next one in the same directory, 36 hours later (the age at which Maildir calls a
 * file in tmp/ dead).
 */
#include "spool/draft.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
	MODE = 0600,
	STALE_SECONDS = 36 * 3600,
	PROC_PATH_SIZE = 32,
	AHEAD_BYTES = 1 << 20, /* the disk begins with a large message before its end */
};

int
spool_draft_open(int dir, struct spool_draft *ret)
{
	int fd;

	/* Without it there may be no way to give the file a name in the end. */
	if (access("/proc/self/fd", F_OK) < 0)
		return -EOPNOTSUPP;
	fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, MODE);
	if (fd < 0)
		return errno == EISDIR || errno == EINVAL ? -EOPNOTSUPP : -errno;
	*ret = SPOOL_DRAFT_NONE;
	ret->fd = fd;
	return 0;
}

static void
close_directory(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* Removes dot files in dir that nobody can be writing any more. What fails, fails: it is
 * somebody else's litter. */
static void
sweep(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d CLEANUP(close_directory) = fd < 0 ? NULL : fdopendir(fd);
	time_t now = time(NULL);
	struct dirent *e;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((e = readdir(d))) {
		struct stat st;

		if (e->d_name[0] != '.')
			continue;
		if (fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISREG(st.st_mode) && st.st_mtime < now - STALE_SECONDS)
			unlinkat(dir, e->d_name, 0);
	}
}

int
spool_draft_open_named(int dir, const char *id, struct spool_draft *ret)
{
	struct spool_draft d = SPOOL_DRAFT_NONE;
	char name[SPOOL_NAME_SIZE];

	sweep(dir);
	spool_name_file(id, 0, "", name);
	snprintf(d.name, sizeof(d.name), ".%.*s", NAME_MAX - 1, name);
	d.fd = openat(
		dir, d.name, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, MODE);
	if (d.fd < 0)
		return -errno;
	d.dir = dir;
	*ret = d;
	return 0;
}

/* Has the disk begin with what was written, so that fsync finds little left to do.
 * Nothing rests on it: a fault of the disk is fsync's to tell. */
static void
start_writing_out(struct spool_draft *d)
{
	if (d->written - d->started < AHEAD_BYTES)
		return;
	sync_file_range(
		d->fd, d->started, d->written - d->started, SYNC_FILE_RANGE_WRITE);
	d->started = d->written;
}

int
spool_draft_write(struct spool_draft *d, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(d->fd, p, len);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (n == 0)
			return -EIO;
		p += n;
		len -= (size_t)n;
		d->written += n;
	}
	start_writing_out(d);
	return 0;
}

int
spool_draft_copy(struct spool_draft *d, const struct spool_draft *from)
{
	char block[16384];
	off_t at = 0;

	for (;;) {
		ssize_t n = pread(from->fd, block, sizeof(block), at);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		r = spool_draft_write(d, block, (size_t)n);
		if (r < 0)
			return r;
		at += n;
	}
}

static int
link_unnamed(struct spool_draft *d, int dir, const char *name)
{
	char path[PROC_PATH_SIZE];

	/* ENOENT where the kernel keeps this call for the privileged (before 6.10), EPERM
	 * where a filter does. */
	if (!d->by_proc) {
		if (linkat(d->fd, "", dir, name, AT_EMPTY_PATH) == 0)
			return 0;
		if (errno != ENOENT && errno != EPERM)
			return -errno;
		d->by_proc = true;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", d->fd);
	return linkat(AT_FDCWD, path, dir, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

int
spool_draft_link(struct spool_draft *d, int dir, const char *name)
{
	if (!*d->name)
		return link_unnamed(d, dir, name);
	return linkat(d->dir, d->name, dir, name, 0) < 0 ? -errno : 0;
}

void
spool_draft_close(struct spool_draft *d)
{
	if (d->fd >= 0)
		close(d->fd);
	if (*d->name)
		unlinkat(d->dir, d->name, 0);
	*d = SPOOL_DRAFT_NONE;
}
