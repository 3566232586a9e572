// SPDX-License-Identifier: ISC
/*
 * A process that executes its own program anew: the same process to everybody else, with
 * its children, and memory laid out afresh. What it was doing it hands to itself as a few
 * bytes in sealed memory, which nobody can change once they are read.
 */
#ifndef HOST_AGAIN_H
#define HOST_AGAIN_H

#include <stddef.h>

#include "base/buffer.h"

enum { HOST_AGAIN_PATH_SIZE = 4096, HOST_AGAIN_DATA_MAX = 4 << 20 };

/* Where this program lies. 0 or a negative errno. */
int host_again_find(char ret[HOST_AGAIN_PATH_SIZE]);

/* Executes the program with these words, and these bytes for host_again_take. Returns
 * only if that fails, with a negative errno. */
int host_again_run(const char *program, char *const *argv, const void *data, size_t len);

/* Appends what host_again_run was given. 0; -ENOENT where this program was started in
 * any other way; -EBADMSG for what is no sealed memory of at most HOST_AGAIN_DATA_MAX
 * bytes. */
int host_again_take(struct buffer *ret);

#endif
