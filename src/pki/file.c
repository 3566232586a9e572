// SPDX-License-Identifier: ISC
/*
 * Small files read and written whole. A new file is written under a name that begins with
 * a dot and ends in random digits, synced, and only then linked or renamed to its own;
 * the folder is synced last. Descriptors live inside one call. Faults are those of the
 * system calls, as negative errno.
 */
#include "pki/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "pki/digest.h"
#include "pki/file_parts.h"

int
pki_file_read_from(int fd, size_t max, struct buffer *ret)
{
	struct stat st;
	size_t len = 0;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	for (;;) {
		ssize_t n;
		/* Growing moves what was read: a key's file fits in the first piece. */
		int r = buffer_room(ret) > 0 ? 0 : buffer_reserve(ret, 16384);

		if (r < 0)
			return r;
		n = read(fd, buffer_tail(ret), buffer_room(ret));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		buffer_grow(ret, (size_t)n);
		len += (size_t)n;
		if (len > max)
			return -EFBIG;
	}
}

int
pki_file_read(int directory, const char *name, size_t max, struct buffer *ret)
{
	CLEANUP_FD int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	return pki_file_read_from(fd, max, ret);
}

int
pki_file_write_to(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

int
pki_folder_of(int directory, const char *name, const char **ret_base)
{
	const char *slash = strrchr(name, '/');
	char path[PATH_MAX];
	size_t len;
	int fd;

	*ret_base = slash ? slash + 1 : name;
	len = slash ? (size_t)(slash - name) + 1 : 0;
	if (len >= sizeof(path))
		return -ENAMETOOLONG;
	memcpy(path, name, len);
	path[len] = '\0';
	fd = openat(directory, len > 0 ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return fd;
}

int
pki_folder_sync_of(int directory, const char *name)
{
	const char *base;
	CLEANUP_FD int fd = pki_folder_of(directory, name, &base);

	if (fd < 0)
		return fd;
	return fsync(fd) < 0 ? -errno : 0;
}

int
pki_file_create(int folder, const char *name, const void *data, size_t len)
{
	CLEANUP_FD int fd = -1;
	int r;

	fd = openat(
		folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = fchmod(fd, 0600) < 0 ? -errno : pki_file_write_to(fd, data, len);
	if (r < 0)
		unlinkat(folder, name, 0);
	return r;
}

int
pki_random_name(const char *prefix, size_t size, char *ret)
{
	uint8_t random[PKI_RANDOM_NAME / 2];
	char hex[PKI_RANDOM_NAME + 1];
	int r = pki_random(random, sizeof(random));

	if (r < 0)
		return r;
	text_hex(random, sizeof(random), hex);
	snprintf(ret, size, "%s%s", prefix, hex);
	return 0;
}

/* Gives the finished file its own name. */
static int
move_into_place(int folder, const char *temporary, const char *base, bool replace)
{
	int r = replace ? renameat(folder, temporary, folder, base)
			: linkat(folder, temporary, folder, base, 0);

	r = r < 0 ? -errno : 0;
	if (r < 0 || !replace)
		unlinkat(folder, temporary, 0);
	if (r < 0)
		return r;
	return fsync(folder) < 0 ? -errno : 0;
}

int
pki_file_write(
	int directory, const char *name, const void *data, size_t len, bool replace)
{
	CLEANUP_FD int folder = -1;
	char temporary[sizeof(".new.") + PKI_RANDOM_NAME];
	const char *base;
	int r;

	folder = pki_folder_of(directory, name, &base);
	if (folder < 0)
		return folder;
	r = pki_random_name(".new.", sizeof(temporary), temporary);
	if (r == 0)
		r = pki_file_create(folder, temporary, data, len);
	return r < 0 ? r : move_into_place(folder, temporary, base, replace);
}

int
pki_folder_make(int directory, const char *name)
{
	CLEANUP_FD int folder = -1;
	const char *base;
	struct stat st;

	if (mkdirat(directory, name, 0700) == 0) {
		folder = pki_folder_of(directory, name, &base);
		if (folder < 0)
			return folder;
		return fsync(folder) < 0 ? -errno : 0;
	}
	if (errno != EEXIST)
		return -errno;
	if (fstatat(directory, name, &st, 0) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}
