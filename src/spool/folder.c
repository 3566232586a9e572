// SPDX-License-Identifier: ISC
/*
 * Opening and making Maildirs. new/ is made last and marked as unfinished by its mode
 * until it, tmp/, cur/ and all their parents are on disk. So whoever finds new/ without
 * the mark needs to sync no parent; whoever finds it marked, or finds none, finishes the
 * Maildir, since its maker may be slower, may have failed or been killed.
 */
#include "spool/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
	MODE = 0700,
	UNFINISHED = S_ISVTX | 0500, /* nobody gives a Maildir this mode */
	FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
};

static int
make_directory(int at, const char *name, mode_t mode)
{
	return mkdirat(at, name, mode) < 0 && errno != EEXIST ? -errno : 0;
}

static int
open_directory(int at, const char *name)
{
	int fd = openat(at, name, FLAGS);

	return fd < 0 ? -errno : fd;
}

int
spool_folder_directory(int at, const char *name)
{
	int fd = open_directory(at, name);
	int r;

	if (fd != -ENOENT)
		return fd;
	r = make_directory(at, name, MODE);
	return r < 0 ? r : open_directory(at, name);
}

/* Makes tmp, cur and then new in the recipient's folder, and opens new. */
static int
make_maildir(int local)
{
	int r = make_directory(local, "tmp", MODE);

	if (r == 0)
		r = make_directory(local, "cur", MODE);
	if (r == 0)
		r = make_directory(local, "new", UNFINISHED);
	return r < 0 ? r : open_directory(local, "new");
}

static bool
is_unfinished(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 || (st.st_mode & S_ISVTX);
}

int
spool_folder_open(int root, struct spool_folder *f)
{
	int domain CLEANUP_FD = spool_folder_directory(root, f->domain);
	int local CLEANUP_FD = -1;
	int fd;

	if (domain < 0)
		return domain;
	local = spool_folder_directory(domain, f->local);
	if (local < 0)
		return local;
	fd = open_directory(local, "new");
	if (fd == -ENOENT)
		fd = make_maildir(local);
	if (fd < 0)
		return fd;
	f->new_fd = fd;
	f->made = is_unfinished(fd);
	return 0;
}

int
spool_folder_sync(int fd)
{
	return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

/* Syncs the directory name in at, if there is one. */
static int
sync_directory(int at, const char *name)
{
	int fd CLEANUP_FD = open_directory(at, name);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	return spool_folder_sync(fd);
}

int
spool_folder_finish(int root, struct spool_folder *f)
{
	int domain CLEANUP_FD = openat(root, f->domain, FLAGS);
	int local CLEANUP_FD = domain < 0 ? -1 : openat(domain, f->local, FLAGS);
	int r;

	if (local < 0)
		return -errno;
	r = sync_directory(local, "tmp");
	if (r == 0)
		r = sync_directory(local, "cur");
	if (r == 0)
		r = spool_folder_sync(f->new_fd);
	if (r == 0)
		r = spool_folder_sync(local);
	if (r == 0)
		r = spool_folder_sync(domain);
	if (r == 0)
		r = spool_folder_sync(root);
	if (r < 0)
		return r;
	return fchmod(f->new_fd, MODE) < 0 ? -errno : 0;
}
