// SPDX-License-Identifier: ISC
/*
 * Files that are written together. Their texts may be keys, and belong to the set.
 */
#include "keys/set.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "keys/report.h"
#include "pki/file.h"

__attribute__((format(printf, 3, 0))) static int
add(struct keys_set *set, struct keys_file **ret, const char *format, va_list args)
{
	struct keys_file *file = &set->files[set->n];

	if (set->n == KEYS_SET_MAX || vsnprintf(file->name, sizeof(file->name), format,
					      args) >= (int)sizeof(file->name))
		return keys_fail(EX_SOFTWARE, "too many files, or too long a name");
	set->n++;
	*ret = file;
	return 0;
}

int
keys_set_add(struct keys_set *set, struct buffer **ret_text, const char *format, ...)
{
	struct keys_file *file = NULL;
	va_list args;
	int r;

	va_start(args, format);
	r = add(set, &file, format, args);
	va_end(args);
	if (file)
		*ret_text = &file->text;
	return r;
}

int
keys_set_put(struct keys_set *set, const struct buffer *text, const char *format, ...)
{
	struct keys_file *file = NULL;
	va_list args;
	int r;

	va_start(args, format);
	r = add(set, &file, format, args);
	va_end(args);
	if (!file)
		return r;
	if (buffer_append(&file->text, buffer_data(text), buffer_len(text)) < 0)
		return keys_fail(EX_OSERR, "no memory");
	return 0;
}

__attribute__((format(printf, 2, 3))) static int
drop(struct keys_set *set, const char *format, ...)
{
	struct keys_file *file = NULL;
	va_list args;
	int r;

	va_start(args, format);
	r = add(set, &file, format, args);
	va_end(args);
	if (file)
		file->gone = true;
	return r;
}

int
keys_set_drop(struct keys_set *set, const char *name)
{
	return drop(set, "%s", name);
}

int
keys_set_check_free(const struct keys_folder *folder, const struct keys_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		if (keys_folder_has(folder, set->files[i].name))
			return keys_folder_taken(folder, set->files[i].name);
	}
	return 0;
}

static int
make_folders(const struct keys_folder *folder, const struct keys_set *set)
{
	char path[KEYS_PATH_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && i < set->n; i++) {
		const char *slash = strrchr(set->files[i].name, '/');

		if (!slash)
			continue;
		snprintf(path, sizeof(path), "%.*s", (int)(slash - set->files[i].name),
			set->files[i].name);
		r = keys_folder_make(folder, path);
	}
	return r;
}

int
keys_set_store(const struct keys_folder *folder, const struct keys_set *set, bool replace)
{
	struct pki_file files[KEYS_SET_MAX];
	size_t failed;
	int r = make_folders(folder, set);

	if (r != 0)
		return r;
	for (size_t i = 0; i < set->n; i++) {
		const struct keys_file *file = &set->files[i];

		files[i] = (struct pki_file){ file->name, buffer_data(&file->text),
			buffer_len(&file->text) };
		if (!file->gone && !files[i].data)
			files[i].data = "";
	}
	r = pki_files_write(folder->fd, files, set->n, replace, &failed);
	if (r == -EEXIST)
		return keys_folder_taken(folder, set->files[failed].name);
	if (r < 0)
		return keys_fail(EX_IOERR, "%s/%s cannot be written: %s", folder->path,
			set->files[failed].name, strerror(-r));
	for (size_t i = 0; i < set->n; i++)
		printf("%s %s/%s\n", set->files[i].gone ? "removed" : "wrote",
			folder->path, set->files[i].name);
	return 0;
}

void
keys_set_clear(struct keys_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		buffer_wipe(&set->files[i].text);
	set->n = 0;
}
