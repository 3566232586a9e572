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
	bool made;   /* it may not be on disk yet: spool_folder_finish */
	bool linked; /* the message has its name in new/ */
};

/* Opens the directory name in at, making it where there is none. A descriptor, or a
 * negative errno. */
int spool_folder_directory(int at, const char *name);

/* Opens new/ of the recipient whose names are in f, making what is missing; f->made is
 * set where it is not known to be on disk, whoever made it. */
int spool_folder_open(int root, struct spool_folder *f);

/* For a folder with f->made: puts it and its parents on disk, and marks it as finished.
 * 0 or a negative errno, after which whoever delivers next begins again. */
int spool_folder_finish(int root, struct spool_folder *f);

/* fsync of a directory; file systems that know none for directories pass. */
int spool_folder_sync(int fd);

#endif
