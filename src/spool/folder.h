// SPDX-License-Identifier: ISC
/*
 * The Maildir of one recipient: ROOT/DOMAIN/LOCALPART/{tmp,new,cur}. Folders are opened
 * and made one component after the other, beneath a descriptor, and no symbolic link is
 * followed below the root. Modes are 0700.
 */
#ifndef SPOOL_FOLDER_H
#define SPOOL_FOLDER_H

#include <stdbool.h>

#include "spool/name.h"

struct spool_folder {
	char domain[SPOOL_NAME_SIZE];
	char local[SPOOL_NAME_SIZE];
	int new_fd;  /* -1 until opened */
	bool made;   /* some of it is new, and its parents are not on disk yet */
	bool linked; /* the message has its name in new/ */
};

/* Opens the directory name in at, making it where there is none; *ret_made is set then
 * and left alone otherwise. A descriptor, or a negative errno. */
int spool_folder_directory(int at, const char *name, bool *ret_made);

/* Opens new/ of the recipient whose names are in f, making what is missing. */
int spool_folder_open(int root, struct spool_folder *f);

/* Puts the entries of what spool_folder_open has made on disk: those in the recipient's
 * folder, and where with_domain is set those of its domain, of the root as well. */
int spool_folder_sync_made(int root, const struct spool_folder *f, bool with_domain);

/* fsync of a directory; file systems that know none for directories pass. */
int spool_folder_sync(int fd);

#endif
