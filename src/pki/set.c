// SPDX-License-Identifier: ISC
/*
 * Files that are exchanged together. All new ones are written into a folder `.set.`
 * beside them, with links to the old ones. Then each name is made a symbolic link that
 * leads through `live`, which itself leads to the old ones, so that nothing seems to
 * change; one rename(2) makes `live` lead to the new ones; then each name gets the file
 * itself. Every step but that one keeps what the names stand for, so a kill leaves all
 * old or all new, and what lies in the folder is enough to finish or to undo.
 *
 *   .set.RANDOM/new/0 …  old/0 …  live -> old or new  names (one a line)
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pki/file.h"
#include "pki/file_parts.h"
#include "pki/set_parts.h"

enum { OLD_MAX = 1 << 20 }; /* bytes of a file that is copied */

/* The place of file i in the set: "new/7". */
struct place {
	char path[32];
};

static struct place
place_of(const char *folder, size_t i)
{
	struct place place;

	snprintf(place.path, sizeof(place.path), "%s/%zu", folder, i);
	return place;
}

int
pki_set_target(const struct pki_set *s, const char *name, size_t i, char ret[PATH_MAX])
{
	size_t n = 0;

	for (; *name; name++) {
		if (*name != '/')
			continue;
		if (n + 3 >= PATH_MAX)
			return -ENAMETOOLONG;
		memcpy(ret + n, "../", 3);
		n += 3;
	}
	if (snprintf(ret + n, PATH_MAX - n, "%s/live/%zu", s->name, i) >=
		(int)(PATH_MAX - n))
		return -ENAMETOOLONG;
	return 0;
}

static int
sync_folder(int directory, const char *name)
{
	CLEANUP_FD int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fsync(fd) < 0 ? -errno : 0;
}

/* Puts a symbolic link in the place of whatever has the name, in one step. */
static int
replace_by_link(
	const struct pki_set *s, const char *target, int directory, const char *name)
{
	if (symlinkat(target, s->fd, "link") < 0)
		return -errno;
	if (renameat(s->fd, "link", directory, name) == 0)
		return 0;
	int r = -errno;

	unlinkat(s->fd, "link", 0);
	return r;
}

static void
remove_all_in(int directory, const char *name)
{
	int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)))
		unlinkat(fd, entry->d_name, 0);
	closedir(dir);
	unlinkat(directory, name, AT_REMOVEDIR);
}

void
pki_set_end(struct pki_set *s)
{
	if (s->fd >= 0 && s->in_use)
		close(s->fd);
	if (s->fd < 0 || s->in_use)
		return;
	remove_all_in(s->fd, "new");
	remove_all_in(s->fd, "old");
	close(s->fd);
	s->fd = -1;
	remove_all_in(s->base, s->name);
	fsync(s->base);
}

static int
set_begin(int directory, struct pki_set *ret)
{
	struct pki_set s = { .base = directory, .fd = -1 };
	int r = pki_random_name(PKI_SET_PREFIX, sizeof(s.name), s.name);

	if (r < 0)
		return r;
	if (mkdirat(directory, s.name, 0700) < 0)
		return -errno;
	s.fd = openat(directory, s.name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s.fd < 0 || mkdirat(s.fd, "new", 0700) < 0 ||
		mkdirat(s.fd, "old", 0700) < 0 || symlinkat("old", s.fd, "live") < 0) {
		r = -errno;
		if (s.fd < 0)
			unlinkat(directory, s.name, AT_REMOVEDIR);
		pki_set_end(&s);
		return r;
	}
	*ret = s;
	return 0;
}

static int
write_names(const struct pki_set *s, const struct pki_file *files, size_t n)
{
	CLEANUP(buffer_free) struct buffer names = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = buffer_printf(&names, "%s\n", files[i].name);
	return r < 0 ? r
		     : pki_file_create(
			       s->fd, "names", buffer_data(&names), buffer_len(&names));
}

/* The file that has the name now, under another one. Where no link can be made, because
 * it is somebody else's or lies behind a link to another disk, a copy serves. */
static int
keep_old(const struct pki_set *s, const struct pki_file *file, size_t i)
{
	CLEANUP(buffer_wipe) struct buffer text = { 0 };
	struct place old = place_of("old", i);
	struct stat st;
	int r;

	if (fstatat(s->base, file->name, &st, 0) == 0 && S_ISDIR(st.st_mode))
		return -EISDIR;
	if (linkat(s->base, file->name, s->fd, old.path, AT_SYMLINK_FOLLOW) == 0 ||
		errno == ENOENT)
		return 0;
	if (errno != EXDEV && errno != EPERM)
		return -errno;
	r = pki_file_read(s->base, file->name, OLD_MAX, &text);
	return r < 0 ? r
		     : pki_file_create(
			       s->fd, old.path, buffer_data(&text), buffer_len(&text));
}

static int
prepare(const struct pki_set *s, const struct pki_file *files, size_t n, bool replace,
	size_t *ret_failed)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		*ret_failed = i;
		if (files[i].data)
			r = pki_file_create(s->fd, place_of("new", i).path, files[i].data,
				files[i].len);
	}
	for (size_t i = 0; r == 0 && replace && i < n; i++) {
		*ret_failed = i;
		r = keep_old(s, &files[i], i);
	}
	if (r == 0)
		r = write_names(s, files, n);
	if (r == 0)
		r = sync_folder(s->fd, "new");
	if (r == 0)
		r = sync_folder(s->fd, "old");
	if (r == 0 && (fsync(s->fd) < 0 || fsync(s->base) < 0))
		r = -errno;
	return r;
}

/* Makes the name of file i lead into the set. */
static int
lead_in(const struct pki_set *s, const struct pki_file *file, size_t i, bool replace)
{
	char target[PATH_MAX] = "";
	int r = pki_set_target(s, file->name, i, target);

	if (r < 0)
		return r;
	if (replace)
		return replace_by_link(s, target, s->base, file->name);
	return symlinkat(target, s->base, file->name) < 0 ? -errno : 0;
}

int
pki_set_settle(const struct pki_set *s, const char *name, const char *folder, size_t i)
{
	struct place place = place_of(folder, i);

	unlinkat(s->fd, "file", 0); /* of one that was killed right here */
	if (linkat(s->fd, place.path, s->fd, "file", 0) < 0)
		return errno != ENOENT || unlinkat(s->base, name, 0) < 0 ? -errno : 0;
	if (renameat(s->fd, "file", s->base, name) == 0)
		return 0;
	int r = -errno;

	unlinkat(s->fd, "file", 0);
	return r;
}

/* The same for all; one that cannot be settled goes on leading into the set. */
static void
settle_all(struct pki_set *s, const struct pki_file *files, size_t n, const char *folder)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = pki_set_settle(s, files[i].name, folder, i);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = pki_folder_sync_of(s->base, files[i].name);
	s->in_use = r < 0;
}

/* All names lead into the set, or are as they were. */
static int
lead_all_in(struct pki_set *s, const struct pki_file *files, size_t n, bool replace,
	size_t *ret_failed)
{
	size_t led = 0;
	int r = 0;

	s->in_use = true;
	for (; led < n; led++) {
		*ret_failed = led;
		r = lead_in(s, &files[led], led, replace);
		if (r < 0)
			break;
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		*ret_failed = i;
		r = pki_folder_sync_of(s->base, files[i].name);
	}
	if (r < 0)
		settle_all(s, files, led, "old");
	return r;
}

static int
exchange(struct pki_set *s, const struct pki_file *files, size_t n, bool replace,
	size_t *ret_failed)
{
	int r = lead_all_in(s, files, n, replace, ret_failed);

	if (r < 0)
		return r;
	*ret_failed = 0;
	r = replace_by_link(s, "new", s->fd, "live");
	if (r == 0 && fsync(s->fd) < 0) {
		r = -errno;
		replace_by_link(s, "old", s->fd, "live");
	}
	settle_all(s, files, n, r < 0 ? "old" : "new");
	return r;
}

/* One file needs no detour. */
static int
put_one(const struct pki_set *s, const struct pki_file *file, bool replace)
{
	const char *path = "new/0";
	int r = replace ? renameat(s->fd, path, s->base, file->name)
			: linkat(s->fd, path, s->base, file->name, 0);

	return r < 0 ? -errno : pki_folder_sync_of(s->base, file->name);
}

int
pki_files_write(int directory, const struct pki_file *files, size_t n, bool replace,
	size_t *ret_failed)
{
	struct pki_set s = { .base = directory, .fd = -1 };
	int r;

	*ret_failed = 0;
	if (n == 0)
		return 0;
	r = set_begin(directory, &s);
	if (r < 0)
		return r;
	r = prepare(&s, files, n, replace, ret_failed);
	if (r == 0 && n == 1 && files[0].data)
		r = put_one(&s, &files[0], replace);
	else if (r == 0)
		r = exchange(&s, files, n, replace, ret_failed);
	pki_set_end(&s);
	return r;
}
