// SPDX-License-Identifier: ISC
/*
 * The folder that the program works in. Names are relative to its descriptor, and made of
 * constants, checked names, hexadecimal and what lies there already. The lock is that of
 * the folder's own descriptor (flock(2)). Faults are named with the whole path.
 */
#include "keys/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "keys/report.h"
#include "pki/file.h"
#include "pki/identity.h"

int
keys_folder_open(const char *path, bool create, struct keys_folder *ret)
{
	int r = create ? pki_folder_make(AT_FDCWD, path) : 0;
	int fd;

	if (r < 0)
		return keys_fail(EX_CANTCREAT, "the folder %s cannot be made: %s", path,
			strerror(-r));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return keys_fail(EX_NOINPUT, "the folder %s cannot be opened: %s", path,
			strerror(errno));
	*ret = (struct keys_folder){ .path = path, .fd = fd };
	return 0;
}

int
keys_folder_open_below(
	const struct keys_folder *folder, const char *name, struct keys_folder *ret)
{
	CLEANUP(keys_folder_close) struct keys_folder below = { .fd = -1 };

	if (asprintf(&below.own, "%s/cas/%s", folder->path, name) < 0) {
		below.own = NULL;
		return keys_fail(EX_OSERR, "no memory");
	}
	below.path = below.own;
	below.fd = open(below.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (below.fd < 0)
		return keys_fail(EX_NOINPUT, "the folder %s cannot be opened: %s",
			below.path, strerror(errno));
	*ret = TAKE(below, ((struct keys_folder){ .fd = -1 }));
	return 0;
}

int
keys_folder_lock(const struct keys_folder *folder)
{
	int r;

	while (flock(folder->fd, LOCK_EX) < 0) {
		if (errno != EINTR)
			return keys_fail(EX_IOERR, "the folder %s cannot be locked: %s",
				folder->path, strerror(errno));
	}
	r = pki_files_recover(folder->fd);
	if (r < 0)
		return keys_fail(EX_IOERR,
			"what a command that was killed has left in %s cannot be tidied "
			"up: %s",
			folder->path, strerror(-r));
	return 0;
}

void
keys_folder_close(struct keys_folder *folder)
{
	if (folder->fd >= 0)
		close(folder->fd);
	folder->fd = -1;
	free(folder->own);
	folder->own = NULL;
}

/* Folder by folder: what stands before each slash, then all of it. */
int
keys_folder_make(const struct keys_folder *folder, const char *name)
{
	char path[KEYS_PATH_MAX];
	size_t len = strlen(name);
	int r = 0;

	if (len >= sizeof(path))
		return keys_fail(EX_SOFTWARE, "too long a name");
	for (size_t i = 1; r == 0 && i <= len; i++) {
		if (name[i] != '/' && name[i] != '\0')
			continue;
		memcpy(path, name, i);
		path[i] = '\0';
		r = pki_folder_make(folder->fd, path);
	}
	if (r < 0)
		return keys_fail(EX_CANTCREAT, "the folder %s/%s cannot be made: %s",
			folder->path, path, strerror(-r));
	return 0;
}

bool
keys_folder_has(const struct keys_folder *folder, const char *name)
{
	return faccessat(folder->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int
keys_folder_load(const struct keys_folder *folder, const char *name, struct buffer *ret)
{
	int r = pki_file_read(folder->fd, name, PKI_CERTIFICATE_MAX, ret);

	if (r < 0)
		return keys_fail(EX_NOINPUT, "%s/%s cannot be read: %s", folder->path,
			name, strerror(-r));
	return 0;
}

int
keys_folder_taken(const struct keys_folder *folder, const char *name)
{
	return keys_fail(EX_CANTCREAT, "%s/%s is there already: --force overwrites it",
		folder->path, name);
}

static int
is_shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int
keys_folder_list(
	const struct keys_folder *folder, const char *name, struct keys_entries *ret)
{
	struct keys_entries found = { 0 };

	found.n = scandirat(folder->fd, name, &found.list, is_shown, alphasort);
	if (found.n < 0 && errno == ENOENT)
		found.n = 0;
	if (found.n < 0)
		return keys_fail(EX_NOINPUT, "the folder %s/%s cannot be read: %s",
			folder->path, name, strerror(errno));
	*ret = found;
	return 0;
}

void
keys_entries_clear(struct keys_entries *entries)
{
	for (int i = 0; i < entries->n; i++)
		free(entries->list[i]);
	free(entries->list);
	*entries = (struct keys_entries){ 0 };
}
