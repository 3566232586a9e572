// SPDX-License-Identifier: ISC
/*
 * The folder that the program works in, with its faults said in words. Every call answers
 * 0, or an exit status of sysexits.h once the fault has been named on standard error.
 */
#ifndef KEYS_FOLDER_H
#define KEYS_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

enum { KEYS_SET_MAX = 4 };

/* A folder, and its path for messages. Whoever opened it closes it. */
struct keys_folder {
	const char *path;
	int fd;
};

/* One file to be: its name relative to the folder, and what it is to hold. */
struct keys_file {
	const char *name;
	struct buffer text;
};

/* With create it is made, mode 0700, where it is missing. */
int keys_folder_open(const char *path, bool create, struct keys_folder *ret);
void keys_folder_close(struct keys_folder *folder);

int keys_folder_make(const struct keys_folder *folder, const char *name);
bool keys_folder_has(const struct keys_folder *folder, const char *name);

/* Reads a file behind what *ret holds. */
int keys_folder_load(
	const struct keys_folder *folder, const char *name, struct buffer *ret);

/* Refuses where one of the files is there already. */
int keys_folder_check_free(
	const struct keys_folder *folder, const struct keys_file *files, size_t n);

/* Writes a set of at most KEYS_SET_MAX files and says so on standard output: all are on
 * disk before the first gets its name. Without force none may be there, and where one
 * cannot be written none is there afterwards. */
int keys_folder_store(const struct keys_folder *folder, const struct keys_file *files,
	size_t n, bool force);

/* Cleanup of a file's text, which may be a key. */
void keys_file_wipe(struct keys_file *file);

#endif
