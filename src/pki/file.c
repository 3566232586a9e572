// SPDX-License-Identifier: ISC
/*
 * Small files read and written whole. A new file is written under a name that begins with
 * a dot and ends in random digits, synced, and only then linked or renamed to its own;
 * the folder is synced last. Descriptors live inside one call. Of files that belong
 * together all are synced before the first gets its name, which leaves but a moment in
 * which a kill can part them. Faults are those of the
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

static int
read_all(int fd, size_t max, struct buffer *ret)
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
	return read_all(fd, max, ret);
}

static int
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* Opens the folder that holds name, and finds the last part of name. */
static int
open_folder(int directory, const char *name, const char **ret_base)
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

static int
write_temporary(int folder, const char *name, const void *data, size_t len)
{
	CLEANUP_FD int fd = -1;
	int r;

	fd = openat(
		folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = fchmod(fd, 0600) < 0 ? -errno : write_all(fd, data, len);
	if (r < 0)
		unlinkat(folder, name, 0);
	return r;
}

/* A file on its way. */
struct pending {
	int folder;
	const char *base;
	char temporary[sizeof(".new.") + 16]; /* empty where there is none */
	bool moved;
};

static int
prepare(int directory, const struct pki_file *file, struct pending *p)
{
	uint8_t random[8];
	char hex[2 * sizeof(random) + 1];
	char name[sizeof(p->temporary)];
	int r;

	p->folder = open_folder(directory, file->name, &p->base);
	if (p->folder < 0)
		return p->folder;
	r = pki_random(random, sizeof(random));
	if (r < 0)
		return r;
	text_hex(random, sizeof(random), hex);
	snprintf(name, sizeof(name), ".new.%s", hex);
	r = write_temporary(p->folder, name, file->data, file->len);
	if (r == 0)
		memcpy(p->temporary, name, sizeof(name));
	return r;
}

/* Gives the finished file its own name. */
static int
move_into_place(struct pending *p, bool replace)
{
	int r = replace ? renameat(p->folder, p->temporary, p->folder, p->base)
			: linkat(p->folder, p->temporary, p->folder, p->base, 0);

	if (r < 0)
		return -errno;
	p->moved = true;
	if (!replace)
		unlinkat(p->folder, p->temporary, 0);
	p->temporary[0] = '\0';
	return 0;
}

static int
write_pending(int directory, const struct pki_file *files, struct pending *p, size_t n,
	bool replace, size_t *ret_failed)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		*ret_failed = i;
		r = prepare(directory, &files[i], &p[i]);
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		*ret_failed = i;
		r = move_into_place(&p[i], replace);
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		*ret_failed = i;
		r = fsync(p[i].folder) < 0 ? -errno : 0;
	}
	return r;
}

int
pki_files_write(int directory, const struct pki_file *files, size_t n, bool replace,
	size_t *ret_failed)
{
	struct pending *p CLEANUP_FREE = calloc(n, sizeof(*p));
	int r;

	*ret_failed = 0;
	if (!p)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		p[i].folder = -1;
	r = write_pending(directory, files, p, n, replace, ret_failed);
	for (size_t i = 0; i < n; i++) {
		if (p[i].temporary[0])
			unlinkat(p[i].folder, p[i].temporary, 0);
		if (r < 0 && p[i].moved && !replace)
			unlinkat(p[i].folder, p[i].base, 0);
		if (p[i].folder >= 0)
			close(p[i].folder);
	}
	return r;
}

int
pki_file_write(
	int directory, const char *name, const void *data, size_t len, bool replace)
{
	const struct pki_file file = { name, data, len };
	size_t failed;

	return pki_files_write(directory, &file, 1, replace, &failed);
}

int
pki_folder_make(int directory, const char *name)
{
	CLEANUP_FD int folder = -1;
	const char *base;
	struct stat st;

	if (mkdirat(directory, name, 0700) == 0) {
		folder = open_folder(directory, name, &base);
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
