// SPDX-License-Identifier: ISC
/*
 * The folder that the program works in. Names are relative to its descriptor, and made of
 * constants, checked names and hexadecimal alone. Faults are named with the whole path.
 */
#include "keys/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

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

void
keys_folder_close(struct keys_folder *folder)
{
	if (folder->fd >= 0)
		close(folder->fd);
	folder->fd = -1;
}

int
keys_folder_make(const struct keys_folder *folder, const char *name)
{
	int r = pki_folder_make(folder->fd, name);

	if (r < 0)
		return keys_fail(EX_CANTCREAT, "the folder %s/%s cannot be made: %s",
			folder->path, name, strerror(-r));
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

static int
taken(const struct keys_folder *folder, const char *name)
{
	return keys_fail(EX_CANTCREAT, "%s/%s is there already: --force overwrites it",
		folder->path, name);
}

int
keys_folder_check_free(
	const struct keys_folder *folder, const struct keys_file *files, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (keys_folder_has(folder, files[i].name))
			return taken(folder, files[i].name);
	}
	return 0;
}

int
keys_folder_store(const struct keys_folder *folder, const struct keys_file *files,
	size_t n, bool force)
{
	struct pki_file set[KEYS_SET_MAX];
	size_t failed;
	int r;

	if (n > KEYS_SET_MAX)
		return keys_fail(EX_SOFTWARE, "too many files for one set");
	for (size_t i = 0; i < n; i++)
		set[i] = (struct pki_file){ files[i].name, buffer_data(&files[i].text),
			buffer_len(&files[i].text) };
	r = pki_files_write(folder->fd, set, n, force, &failed);
	if (r == -EEXIST)
		return taken(folder, files[failed].name);
	if (r < 0)
		return keys_fail(EX_IOERR, "%s/%s cannot be written: %s", folder->path,
			files[failed].name, strerror(-r));
	for (size_t i = 0; i < n; i++)
		printf("wrote %s/%s\n", folder->path, files[i].name);
	return 0;
}

void
keys_file_wipe(struct keys_file *file)
{
	buffer_wipe(&file->text);
}
