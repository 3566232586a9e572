// SPDX-License-Identifier: ISC
/*
 * Behind a kill: what set.c left is finished where the exchange had come about, and
 * undone where it had not. Faults are those of the system calls; a set that cannot be
 * tidied up stays as it is, and its names go on leading to whole files.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pki/file.h"
#include "pki/set_parts.h"

enum { NAMES_MAX = 16 << 20 }; /* bytes of all names */

/* Names come from a file: those that leave the folder are none of ours. */
static bool
is_inside(const char *name)
{
	if (*name == '\0' || *name == '/')
		return false;
	for (const char *at = name; *at; at += strspn(at, "/")) {
		size_t len = strcspn(at, "/");

		if (len == 2 && at[0] == '.' && at[1] == '.')
			return false;
		at += len;
	}
	return true;
}

static int
recover_name(const struct pki_set *s, const char *name, size_t i)
{
	char target[PATH_MAX];
	char found[PATH_MAX];
	ssize_t len;
	int r;

	if (!is_inside(name) || pki_set_target(s, name, i, target) < 0)
		return 0;
	len = readlinkat(s->base, name, found, sizeof(found));
	if (len < 0 || (size_t)len != strlen(target) ||
		memcmp(found, target, (size_t)len) != 0)
		return 0;
	r = pki_set_settle(s, name, "live", i);
	return r < 0 ? r : pki_folder_sync_of(s->base, name);
}

/* Without names nothing leads into the set yet. */
static int
recover_names(const struct pki_set *s)
{
	CLEANUP(buffer_free) struct buffer text = { 0 };
	int r = pki_file_read(s->fd, "names", NAMES_MAX, &text);
	char *at;

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	at = buffer_string(&text);
	if (!at)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && *at; i++) {
		char *end = strchrnul(at, '\n');
		bool last = *end == '\0';

		*end = '\0';
		r = recover_name(s, at, i);
		at = last ? end : end + 1;
	}
	return r;
}

static bool
is_set(const char *name)
{
	size_t len = sizeof(PKI_SET_PREFIX) - 1;

	return strncmp(name, PKI_SET_PREFIX, len) == 0 &&
	       strlen(name) == len + PKI_RANDOM_NAME &&
	       strspn(name + len, "0123456789abcdef") == PKI_RANDOM_NAME;
}

static int
recover_set(int directory, const char *name)
{
	struct pki_set s = { .base = directory };
	int r;

	memcpy(s.name, name, sizeof(s.name)); /* is_set has seen its length */
	s.fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s.fd < 0)
		return -errno;
	r = recover_names(&s);
	s.in_use = r < 0;
	pki_set_end(&s);
	return r;
}

int
pki_files_recover(int directory)
{
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!dir) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (r == 0 && (entry = readdir(dir))) {
		if (is_set(entry->d_name))
			r = recover_set(directory, entry->d_name);
	}
	closedir(dir);
	return r;
}
