// SPDX-License-Identifier: ISC
/*
 * Files of a folder that are written together: either all of them or none, whatever
 * happens meanwhile. Every call answers 0, or an exit status once the fault has been
 * named. A zeroed set is an empty one.
 */
#ifndef KEYS_SET_H
#define KEYS_SET_H

#include "keys/folder.h"

enum { KEYS_SET_MAX = 16 };

struct keys_file {
	char name[KEYS_PATH_MAX]; /* relative to the folder */
	struct buffer text;
	bool gone; /* it is to be there no longer */
};

struct keys_set {
	struct keys_file files[KEYS_SET_MAX];
	size_t n;
};

/* Adds a file with its name; *ret_text is where what it holds goes. */
int keys_set_add(struct keys_set *set, struct buffer **ret_text, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with a copy of what it holds. */
int keys_set_put(struct keys_set *set, const struct buffer *text, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds a file that is to be removed. */
int keys_set_drop(struct keys_set *set, const char *name);

/* Refuses where one of the files is there already. */
int keys_set_check_free(const struct keys_folder *folder, const struct keys_set *set);

/* Makes the folders of the files, exchanges all of them at once, and says so on standard
 * output. Without replace none may be there. */
int keys_set_store(
	const struct keys_folder *folder, const struct keys_set *set, bool replace);

/* Cleanup; what the files were to hold is wiped. */
void keys_set_clear(struct keys_set *set);

#endif
