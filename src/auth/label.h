// SPDX-License-Identifier: ISC
/*
 * What people call a device: a few words of printable ASCII. In a line of the store, and
 * as a parameter of XENROL, blanks and percent signs in it are written %HH.
 */
#ifndef AUTH_LABEL_H
#define AUTH_LABEL_H

#include <stddef.h>

enum {
	AUTH_LABEL_MAX = 64, /* bytes */
	AUTH_LABEL_SIZE = AUTH_LABEL_MAX + 1,
	AUTH_LABEL_CODED_SIZE = 3 * AUTH_LABEL_MAX + 1,
};

/* 0, or -EINVAL for what is no label: nothing, too much, blanks at an end, bytes that are
 * not printable ASCII, or 64 hexadecimal digits, which would be a pin. */
int auth_label_code(const char *text, char ret[AUTH_LABEL_CODED_SIZE]);

/* The reverse: 0 or -EINVAL. */
int auth_label_read(const char *coded, size_t len, char ret[AUTH_LABEL_SIZE]);

#endif
