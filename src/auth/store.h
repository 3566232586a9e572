// SPDX-License-Identifier: ISC
/*
 * The user store, read: one look-up is a binary search by pread of 4 KB blocks, whatever
 * the size of the file. A line that the search meets and cannot compare, or that stands
 * out of its place, makes it read the whole file instead, so that a damaged line hides
 * nobody else.
 *
 * A store once opened stays what it was: writers replace the file. A file that does not
 * exist is a store without lines, if its folder is there; else it is -ENOENT.
 */
#ifndef AUTH_STORE_H
#define AUTH_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "auth/line.h"
#include "base/buffer.h"

enum { AUTH_SECRET_SIZE = 32 };

/* The first line: "postern-users 1 secret=" and the secret in hexadecimal. */
#define AUTH_HEADER_NAME    "postern-users"
#define AUTH_HEADER_VERSION "1"

struct auth_store;

/* 0 with *ret, which auth_store_free ends; -ELOOP for a symbolic link, -EINVAL for what
 * is no regular file, -EPROTONOSUPPORT for a version this program does not know, or
 * another negative errno. */
int auth_store_open(const char *path, struct auth_store **ret);

/* The same for an open file, which then belongs to the store whatever is answered. */
int auth_store_open_fd(int fd, struct auth_store **ret);

void auth_store_free(struct auth_store *s); /* NULL does nothing */

static inline void
auth_store_cleanup(struct auth_store **s)
{
	auth_store_free(*s);
}

/* Looks for the line of that type ('u', 'd') and key. 1 with the line in *ret_line, whose
 * former content is gone; 0 where there is none; -EBADMSG where there is one and it is
 * damaged; or another negative errno. */
int auth_store_find(
	struct auth_store *s, char type, const char *word, struct buffer *ret_line);

/* The number of the first damaged line that look-ups have met, or 0. */
size_t auth_store_damage(const struct auth_store *s);

/* The salt of a user who does not exist: always the same for the same text, and as random
 * as others to whoever does not know the store's secret. 0 or -EIO. */
int auth_store_salt(const struct auth_store *s, const char *text, size_t len,
	uint8_t ret[AUTH_SALT_SIZE]);

/* A key for that purpose, made from the store's secret; no salt tells anything of it. 0
 * or -EIO. */
int auth_store_key(
	const struct auth_store *s, const char *purpose, uint8_t ret[PKI_SHA256_SIZE]);
int auth_secret_key(const uint8_t secret[AUTH_SECRET_SIZE], const char *purpose,
	uint8_t ret[PKI_SHA256_SIZE]);

/* Reads the secret from a first line (without its line end). 0, -EPROTONOSUPPORT, or
 * -EBADMSG for what is no such line. */
int auth_header_read(const char *line, size_t len, uint8_t ret[AUTH_SECRET_SIZE]);

/* Calls each with every line behind the header, and its number: whole says whether the
 * line is whole and in its place. Goes on until each answers other than 0, which is
 * answered, as are the faults of reading. A damaged header is given as line 1, not whole.
 */
typedef int (*auth_store_each_fn)(
	void *context, size_t number, const char *line, size_t len, bool whole);
int auth_store_each(struct auth_store *s, auth_store_each_fn each, void *context);

#endif
