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
#include "keys/name.h"

enum {
	KEYS_PATH_MAX = 1024, /* of any name below the folder */
};

/* A folder, and its path for messages. Whoever opened it closes it. */
struct keys_folder {
	const char *path;
	char *own; /* the path, where it is the folder's to free */
	int fd;
};

/* With create it is made, mode 0700, where it is missing. */
int keys_folder_open(const char *path, bool create, struct keys_folder *ret);

/* Opens the folder of a CA below, cas/NAME, which has to be there. */
int keys_folder_open_below(
	const struct keys_folder *folder, const char *name, struct keys_folder *ret);

/* Waits until nobody else changes the folder, and tidies up behind those whom a kill kept
 * from it. Whoever writes here calls it first; it lasts until the folder is closed. */
int keys_folder_lock(const struct keys_folder *folder);
void keys_folder_close(struct keys_folder *folder);

/* Makes a folder below, and those above it. */
int keys_folder_make(const struct keys_folder *folder, const char *name);
bool keys_folder_has(const struct keys_folder *folder, const char *name);

/* Reads a file that holds a key or certificates behind what *ret holds. */
int keys_folder_load(
	const struct keys_folder *folder, const char *name, struct buffer *ret);

/* Says that something is there already, and that --force overwrites it. */
int keys_folder_taken(const struct keys_folder *folder, const char *name);

struct dirent;

/* The entries of a folder below, sorted, those that begin with a dot left out; none where
 * there is no such folder. */
struct keys_entries {
	struct dirent **list;
	int n;
};

int keys_folder_list(
	const struct keys_folder *folder, const char *name, struct keys_entries *ret);
void keys_entries_clear(struct keys_entries *entries);

#endif
