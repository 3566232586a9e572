// SPDX-License-Identifier: ISC
/*
 * Opening and making Maildirs. new/ is made last, so where it is found tmp/ and cur/ are
 * there as well, whoever was killed in between.
 */
#include "spool/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { MODE = 0700, FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

int
spool_folder_directory(int at, const char *name, bool *ret_made)
{
	int fd = openat(at, name, FLAGS);

	if (fd >= 0)
		return fd;
	if (errno != ENOENT)
		return -errno;
	if (mkdirat(at, name, MODE) < 0 && errno != EEXIST)
		return -errno;
	*ret_made = true;
	fd = openat(at, name, FLAGS);
	return fd < 0 ? -errno : fd;
}

static int
make_directory(int at, const char *name)
{
	return mkdirat(at, name, MODE) < 0 && errno != EEXIST ? -errno : 0;
}

/* Makes tmp, cur and then new in the recipient's folder, and opens new. */
static int
make_maildir(int local)
{
	int r = make_directory(local, "tmp");
	bool made = true;

	if (r == 0)
		r = make_directory(local, "cur");
	return r < 0 ? r : spool_folder_directory(local, "new", &made);
}

int
spool_folder_open(int root, struct spool_folder *f)
{
	int domain CLEANUP_FD = spool_folder_directory(root, f->domain, &f->made);
	int local CLEANUP_FD = -1;

	if (domain < 0)
		return domain;
	local = spool_folder_directory(domain, f->local, &f->made);
	if (local < 0)
		return local;
	f->new_fd = openat(local, "new", FLAGS);
	if (f->new_fd >= 0)
		return 0;
	if (errno != ENOENT)
		return -errno;
	f->made = true;
	f->new_fd = make_maildir(local);
	return f->new_fd < 0 ? f->new_fd : 0;
}

int
spool_folder_sync(int fd)
{
	return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

int
spool_folder_sync_made(int root, const struct spool_folder *f, bool with_domain)
{
	int domain CLEANUP_FD = openat(root, f->domain, FLAGS);
	int local CLEANUP_FD = domain < 0 ? -1 : openat(domain, f->local, FLAGS);
	int r;

	if (local < 0)
		return -errno;
	r = spool_folder_sync(local);
	if (r == 0 && with_domain)
		r = spool_folder_sync(domain);
	if (r == 0 && with_domain)
		r = spool_folder_sync(root);
	return r;
}
