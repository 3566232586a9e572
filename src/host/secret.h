// SPDX-License-Identifier: ISC
/*
 * Passwords and passphrases read: from a descriptor, or typed at a terminal that does not
 * show them.
 */
#ifndef HOST_SECRET_H
#define HOST_SECRET_H

enum {
	HOST_SECRET_MAX = 1024,
	HOST_SECRET_SIZE = HOST_SECRET_MAX + 2, /* what is too long shows, and a NUL */
};

/* Reads to the end of a line, byte by byte: what stands behind it is not touched. 0 with
 * the line, without its line end; -ENODATA where there is none, -E2BIG for one of more
 * than HOST_SECRET_MAX bytes or with a NUL in it, or what read(2) says. The caller wipes
 * the line, also after a fault. */
int host_secret_read(int fd, char ret[HOST_SECRET_SIZE]);

/* Writes the question to `out`, and reads what is typed at the terminal `in` while that
 * does not show it. The same faults. */
int host_secret_ask(int in, int out, const char *question, char ret[HOST_SECRET_SIZE]);

#endif
