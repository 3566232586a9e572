// SPDX-License-Identifier: ISC
/*
 * Files and folders beside the store, none followed through a symbolic link; what root
 * makes is given to the owner of the store's folder. A pin is checked before it becomes
 * part of a path. Faults: those of the calls, -EINVAL for what is no pin.
 */
#include "auth/seen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "auth/folder.h"
#include "base/cleanup.h"
#include "base/text.h"

static const char FOLDER[] = "seen";

enum { FOLDER_MODE = 0750, FILE_MODE = 0640, SHELF_SIZE = 3 };

/* Whoever owns the store's folder is the service. */
static int
give(int fd, int model)
{
	struct stat st;

	if (geteuid() != 0)
		return 0;
	if (fstat(model, &st) < 0 || fchown(fd, st.st_uid, st.st_gid) < 0)
		return -errno;
	return 0;
}

/* Opens a folder in another one; makes it where it is not there and make says so. */
static int
enter(int parent, const char *name, bool make, int *ret_fd)
{
	CLEANUP_FD int fd = -1;
	bool made = make && mkdirat(parent, name, FOLDER_MODE) == 0;
	int r;

	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	if (made) {
		r = give(fd, parent);
		if (r < 0)
			return r;
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* The folder that the pin's file is in. */
static int
open_shelf(const char *store, const char *pin, bool make, int *ret_fd)
{
	CLEANUP_FD int top = -1, seen = -1;
	uint8_t bytes[PKI_PIN_SIZE];
	char shelf[SHELF_SIZE];
	const char *name;
	int r;

	if (text_unhex(pin, strlen(pin), bytes, sizeof(bytes)) < 0)
		return -EINVAL;
	text_hex(bytes, 1, shelf);
	r = auth_folder_open(store, &top, &name);
	if (r == 0)
		r = enter(top, FOLDER, make, &seen);
	return r < 0 ? r : enter(seen, shelf, make, ret_fd);
}

static int
touch(int shelf, const char *pin, int64_t now)
{
	struct timespec times[2] = { { .tv_sec = now }, { .tv_sec = now } };
	CLEANUP_FD int fd = openat(shelf, pin,
		O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, FILE_MODE);
	int r;

	if (fd < 0)
		return -errno;
	r = give(fd, shelf);
	if (r == 0 && futimens(fd, times) < 0)
		r = -errno;
	return r;
}

int
auth_seen_note(const char *store, const char *pin, int64_t now)
{
	CLEANUP_FD int shelf = -1;
	struct stat st;
	int r = open_shelf(store, pin, true, &shelf);

	if (r < 0)
		return r;
	if (fstatat(shelf, pin, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_mtime <= now &&
		st.st_mtime > now - AUTH_SEEN_EVERY)
		return 0;
	return touch(shelf, pin, now);
}

int
auth_seen_read(const char *store, const char *pin, int64_t *ret)
{
	CLEANUP_FD int shelf = -1;
	struct stat st = { 0 };
	int r = open_shelf(store, pin, false, &shelf);

	if (r == 0 && fstatat(shelf, pin, &st, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	*ret = st.st_mtime;
	return 1;
}

int
auth_seen_forget(const char *store, const char *pin)
{
	CLEANUP_FD int shelf = -1;
	int r = open_shelf(store, pin, false, &shelf);

	if (r == 0 && unlinkat(shelf, pin, 0) < 0)
		r = -errno;
	return r == -ENOENT ? 0 : r;
}
