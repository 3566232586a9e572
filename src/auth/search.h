// SPDX-License-Identifier: ISC
/*
 * Binary search in a sorted file of lines by pread of 4 KB blocks.
 */
#ifndef AUTH_SEARCH_H
#define AUTH_SEARCH_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buffer.h"

/* Looks for the line with that key between the offsets begin, where a line starts, and
 * end, the size of the file. 1 with the line in *ret_line, 0 where there is none,
 * -EUCLEAN where a line met on the way has no key or stands out of its place, so that
 * nothing can be said; or another negative errno. */
int auth_search(int fd, off_t begin, off_t end, const char *key, size_t key_len,
	struct buffer *ret_line);

#endif
