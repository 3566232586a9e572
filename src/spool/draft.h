// SPDX-License-Identifier: ISC
/*
 * A file that is being written and is nobody's message yet. It has no name (O_TMPFILE)
 * where the file system and /proc allow it, so that nothing is left of it whenever the
 * process dies; else a name that begins with a dot, which Maildir readers pass over and
 * which is swept away when it has become old.
 */
#ifndef SPOOL_DRAFT_H
#define SPOOL_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "spool/name.h"

struct spool_draft {
	int fd;
	int dir;       /* where a named one lies; borrowed */
	bool by_proc;  /* an unnamed one is linked by way of /proc/self/fd */
	off_t written; /* bytes */
	off_t started; /* of these, what the disk has been told to begin with */
	char name[SPOOL_NAME_SIZE]; /* "" for none */
};

#define SPOOL_DRAFT_NONE                                                                 \
	(struct spool_draft)                                                             \
	{                                                                                \
		.fd = -1, .dir = -1                                                      \
	}

/* An unnamed draft on the file system of the directory dir. 0; -EOPNOTSUPP where there
 * can be none; another negative errno. */
int spool_draft_open(int dir, struct spool_draft *ret);

/* A named one in dir, which stays open for as long as the draft does. Sweeps dir. */
int spool_draft_open_named(int dir, const char *id, struct spool_draft *ret);

/* Writes all of len bytes. 0 or a negative errno. */
int spool_draft_write(struct spool_draft *d, const void *data, size_t len);

/* Writes all that is in the draft from to d, from its beginning. */
int spool_draft_copy(struct spool_draft *d, const struct spool_draft *from);

/* Gives the draft's file the name in dir; never replaces. 0 or a negative errno, -EXDEV
 * where dir is on another file system. */
int spool_draft_link(struct spool_draft *d, int dir, const char *name);

/* Closes it; a named one loses its name. */
void spool_draft_close(struct spool_draft *d);

#endif
