// SPDX-License-Identifier: ISC
/*
 * Reads the lines of an open store from its first byte to its last, damaged or not, and
 * says of each whether it is in its place. The descriptor is borrowed and its offset is
 * not moved.
 */
#ifndef AUTH_SCAN_H
#define AUTH_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "auth/order.h"

enum { AUTH_SCAN_SIZE = 65536 };

/* Its owner sets fd and zeroes the rest. */
struct auth_scan {
	int fd;
	off_t offset; /* of what is read next */
	size_t start; /* the unread part of data */
	size_t end;
	bool skipping; /* the rest of a line that is too long */
	struct auth_order order;
	size_t number; /* of the last line, from 1 on; the header is the first */
	size_t right;  /* of the last line that was in its place */
	char data[AUTH_SCAN_SIZE];
};

struct auth_scan_line {
	size_t number;
	off_t offset;
	const char *text; /* without its line end; lives until the next call */
	size_t len;
	size_t key_len;   /* 0: not comparable, as the header is */
	size_t misplaced; /* the number of a line found out of its place, or 0 */
};

/* 1 with a line, 0 at the end of the file, or a negative errno. */
int auth_scan_next(struct auth_scan *s, struct auth_scan_line *ret);

#endif
