// SPDX-License-Identifier: ISC
/*
 * A set of files while it is exchanged: for those that exchange it, and for those that
 * tidy up behind them. set.c says what lies where.
 */
#ifndef PKI_SET_PARTS_H
#define PKI_SET_PARTS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "pki/file_parts.h"

#define PKI_SET_PREFIX ".set."

struct pki_set {
	int base; /* the folder of all, not ours */
	int fd;   /* of the set's own folder, or -1 */
	char name[sizeof(PKI_SET_PREFIX) + PKI_RANDOM_NAME];
	bool in_use; /* names lead into it */
};

/* Where the name of file i leads while the set is exchanged. 0 or -ENAMETOOLONG. */
int pki_set_target(
	const struct pki_set *s, const char *name, size_t i, char ret[PATH_MAX]);

/* Gives a name that leads into the set the file itself, as it lies in this folder of the
 * set, or takes the name away where there is none. */
int pki_set_settle(
	const struct pki_set *s, const char *name, const char *folder, size_t i);

/* Removes the set; one that is in use stays, and is for pki_files_recover. */
void pki_set_end(struct pki_set *s);

#endif
