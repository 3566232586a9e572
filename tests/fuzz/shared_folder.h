// SPDX-License-Identifier: ISC
/*
 * A folder for the files that instances share, for targets that fill one: made at the
 * first input, and removed at the end with what it may hold.
 */
#ifndef FUZZ_SHARED_FOLDER_H
#define FUZZ_SHARED_FOLDER_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATH_IN_FOLDER = 128 };

static char folder[] = P_tmpdir "/postern-fuzz.XXXXXX";

static inline void
check(bool good)
{
	if (!good)
		abort();
}

static inline void
in_folder(const char *name, char ret[PATH_IN_FOLDER])
{
	snprintf(ret, PATH_IN_FOLDER, "%s/%s", folder, name);
}

/* A file, and the one that was set aside for its damage. */
static inline void
remove_both(const char *name)
{
	char path[PATH_IN_FOLDER], damaged[PATH_IN_FOLDER + sizeof ".damaged"];

	in_folder(name, path);
	remove(path);
	snprintf(damaged, sizeof damaged, "%s.damaged", path);
	remove(damaged);
}

/* leave is called at the end: it empties the folder and removes it. */
static inline void
make_folder(void (*leave)(void))
{
	static bool begun;

	if (!begun)
		check(mkdtemp(folder) && atexit(leave) == 0);
	begun = true;
}

#endif
