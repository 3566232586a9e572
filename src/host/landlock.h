// SPDX-License-Identifier: ISC
/*
 * Landlock (landlock(7)): from here on this process, and what it starts, reaches no files
 * but those below the paths that are named. What the kernel knows of is taken away, and
 * nothing is asked for that it does not know: file access since ABI 1, link and rename
 * between directories since 2, truncation since 3, TCP since 4, device ioctls since 5,
 * abstract sockets since 6.
 */
#ifndef HOST_LANDLOCK_H
#define HOST_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

struct host_landlock_rule {
	const char *path; /* a file or a directory with all below it; NULL: no rule */
	bool write;       /* make, change, move and remove as well; else only read */
	bool execute;     /* start programs, and the linker that they name */
};

/* Before it no file could be linked into another directory, which delivery has to do. */
enum { HOST_LANDLOCK_ABI_MIN = 2 };

/* The kernel's ABI: 1 and up; 0 where it has no Landlock or does not use it. */
int host_landlock_abi(void);

/* Needs no_new_privs. A path that is not there is passed over: nothing can be reached
 * there. 0; -EOPNOTSUPP where the ABI is below the least; or another negative errno, and
 * nothing is taken away. */
int host_landlock_restrict(const struct host_landlock_rule *rules, size_t n);

#endif
