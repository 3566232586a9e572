// SPDX-License-Identifier: ISC
/*
 * What a process may do: whom it runs as, what others of the same user may do to it,
 * which descriptors and resources it has. The calls here hold whatever `sandbox` says.
 */
#ifndef HOST_PRIVILEGES_H
#define HOST_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>

/* Whether there is a user with that name: 0, -ENOENT, or another negative errno. */
int host_privileges_find(const char *user);

/* Becomes the user with that name, his groups and nobody else's, if started as root; does
 * nothing otherwise. 0; -ENOENT where there is no such user; a negative errno. */
int host_privileges_become(const char *user);

/* Not dumpable, so that no other process of the same user reads this one's memory; no
 * capabilities, and no new privileges. 0 or a negative errno. */
int host_privileges_lock(void);

/* Closes all descriptors but those named (negative ones are passed over), which may be in
 * any order and stand twice. 0 or a negative errno. */
int host_privileges_keep(const int *fds, size_t n);

/* The kernel ends this process after so many seconds, whatever it does by then. A child
 * has a time of its own. 0 or a negative errno. */
int host_privileges_end_after(unsigned seconds);

/* The kernel ends this process with its parent, which has the given id now; and with
 * limits it writes no file, makes no child and has bounded time and memory. 0 or a
 * negative errno. */
int host_privileges_bound(int parent, bool limits);

#endif
