// SPDX-License-Identifier: ISC
/*
 * Lock and replacement of the store. All files are named relative to the directory, which
 * is held open; none is followed through a symbolic link. Only the holder of the lock
 * makes files named STORE.new-XXXXXXXXXXXXXXXX, so those that are there when it gets the
 * lock belong to nobody. Faults: those of the calls; -EINVAL for a path that names no
 * file; -ETIMEDOUT for a lock that another process keeps.
 */
#include "auth/lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "auth/folder.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "pki/digest.h"
#include "pki/file.h"

enum {
	RANDOM_SIZE = 8,
	READ_STEP = 65536,
	STEM_MAX = NAME_MAX - 32, /* leaves room for what is put behind it */
	LOCK_MODE = 0660,
	STORE_MODE = 0640,
	PAUSE_MAX = 8,    /* ms between two tries for the lock, at first */
	PAUSE_LESS = 100, /* ms of waiting for each of them less */
};

static const char LOCK_SUFFIX[] = ".lock";
static const char NEW_SUFFIX[] = ".new-";

struct auth_lock {
	int dir;
	int fd;
	char name[STEM_MAX + 1];
	struct stat model; /* owner, group and mode for the files made here */
};

static int
open_directory(struct auth_lock *l, const char *path)
{
	const char *name;
	int r = auth_folder_open(path, &l->dir, &name);

	if (r < 0)
		return r;
	if (strlen(name) > STEM_MAX)
		return -ENAMETOOLONG;
	memcpy(l->name, name, strlen(name) + 1);
	return 0;
}

/* Whom a new file shall belong to: the owner of the store, else that of the directory. */
static int
read_model(struct auth_lock *l)
{
	struct stat st;

	if (fstatat(l->dir, l->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISLNK(st.st_mode))
			return -ELOOP;
		if (!S_ISREG(st.st_mode))
			return -EINVAL;
		l->model = st;
		return 0;
	}
	if (errno != ENOENT)
		return -errno;
	if (fstat(l->dir, &st) < 0)
		return -errno;
	l->model = st;
	l->model.st_mode = S_IFREG | STORE_MODE;
	return 0;
}

/* Gives a file to its owner and group as far as this process may: a group that cannot be
 * set gets no rights. */
static int
give(const struct auth_lock *l, int fd, mode_t mode)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != l->model.st_uid && fchown(fd, l->model.st_uid, (gid_t)-1) < 0 &&
		errno != EPERM)
		return -errno;
	if (st.st_gid != l->model.st_gid && fchown(fd, (uid_t)-1, l->model.st_gid) < 0) {
		if (errno != EPERM)
			return -errno;
		mode &= ~(mode_t)(S_IRWXG);
	}
	return fchmod(fd, mode) < 0 ? -errno : 0;
}

/* Opens the lock file, or makes it for whoever owns the store. */
static int
open_lock(struct auth_lock *l)
{
	char name[NAME_MAX + 1];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", l->name, LOCK_SUFFIX);
	l->fd = openat(l->dir, name,
		O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (l->fd < 0)
		return -errno;
	if (fstat(l->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	/* Ours to give away: just made, or by one who died before this line. A second
	 * link would be somebody else's file. */
	if (st.st_uid == geteuid() && st.st_nlink == 1 &&
		(st.st_uid != l->model.st_uid || (st.st_mode & 07777) != LOCK_MODE))
		return give(l, l->fd, LOCK_MODE);
	return 0;
}

static long
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Tries until the time is over: the more often the longer it has waited, so that those
 * who came later do not always come first. The kernel can wait for a lock, but not with a
 * limit; and a signal must not begin the wait anew. */
static int
wait_for_lock(int fd, unsigned wait)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct timespec pause = { 0, 0 };
	long now, ms, begun = now_ms();

	while (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return -errno;
		now = now_ms();
		if (now >= begun + (long)wait)
			return -ETIMEDOUT;
		ms = PAUSE_MAX - (now - begun) / PAUSE_LESS;
		pause.tv_nsec = (ms > 1 ? ms : 1) * 1000000L;
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int
remove_stale(const struct auth_lock *l)
{
	char prefix[NAME_MAX + 1];
	int fd = openat(l->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	snprintf(prefix, sizeof(prefix), "%s%s", l->name, NEW_SUFFIX);
	while ((entry = readdir(dir)))
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
			strlen(entry->d_name) == strlen(prefix) + 2 * RANDOM_SIZE)
			unlinkat(l->dir, entry->d_name, 0);
	closedir(dir);
	return 0;
}

int
auth_lock_take(const char *path, unsigned wait, struct auth_lock **ret)
{
	struct auth_lock *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	l->dir = l->fd = -1;
	r = open_directory(l, path);
	if (r == 0)
		r = read_model(l);
	if (r == 0)
		r = open_lock(l);
	if (r == 0)
		r = wait_for_lock(l->fd, wait);
	/* Another writer may have made the store meanwhile. */
	if (r == 0)
		r = read_model(l);
	if (r == 0)
		r = remove_stale(l);
	if (r < 0) {
		auth_lock_free(l);
		return r;
	}
	*ret = l;
	return 0;
}

void
auth_lock_free(struct auth_lock *l)
{
	if (!l)
		return;
	if (l->fd >= 0)
		close(l->fd);
	if (l->dir >= 0)
		close(l->dir);
	free(l);
}

int
auth_lock_read(struct auth_lock *l, struct buffer *ret_text)
{
	CLEANUP_FD int fd = openat(
		l->dir, l->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	ssize_t n;
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	r = buffer_reserve(ret_text, (size_t)st.st_size + 1);
	while (r == 0) {
		n = read(fd, buffer_tail(ret_text), buffer_room(ret_text));
		if (n == 0)
			return 1;
		if (n > 0)
			buffer_grow(ret_text, (size_t)n);
		else if (errno != EINTR)
			return -errno;
		if (buffer_room(ret_text) == 0)
			r = buffer_reserve(ret_text, READ_STEP);
	}
	return r;
}

/* Fills the new file and puts it in the store's place. */
static int
fill_and_rename(
	struct auth_lock *l, int fd, const char *new_name, const void *text, size_t len)
{
	int r = give(l, fd, l->model.st_mode & 0777);

	if (r == 0)
		r = pki_file_write_to(fd, text, len);
	if (r == 0 && renameat(l->dir, new_name, l->dir, l->name) < 0)
		r = -errno;
	return r;
}

int
auth_lock_replace(struct auth_lock *l, const void *text, size_t len)
{
	CLEANUP_FD int fd = -1;
	uint8_t random[RANDOM_SIZE];
	char hex[2 * RANDOM_SIZE + 1], name[NAME_MAX + 1];
	int r = pki_random(random, sizeof(random));

	if (r < 0)
		return r;
	text_hex(random, sizeof(random), hex);
	snprintf(name, sizeof(name), "%s%s%s", l->name, NEW_SUFFIX, hex);
	fd = openat(
		l->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = fill_and_rename(l, fd, name, text, len);
	if (r < 0) {
		unlinkat(l->dir, name, 0);
		return r;
	}
	return fsync(l->dir) < 0 ? -EINPROGRESS : 0;
}
