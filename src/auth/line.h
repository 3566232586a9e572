// SPDX-License-Identifier: ISC
/*
 * One line of the user store, as text and without its line end:
 *   u ADDRESS field=value …    a user
 *   d PIN USER field=value …   a device of that user, by the SHA-256 of its key
 *   t HASH USER field=value …  a token that makes a device of that user, once
 *   w NAME field=value …       a time in which users may enrol: one by that address, or
 *                              any by `*'; by `tokens' the time of the tokens
 * Fields that nothing here knows stay as they are when a line is changed. Pure: no file,
 * no clock.
 *
 * A line's key is its first two words. Every byte of a key is above the blank, so that
 * lines sorted bytewise are sorted by key.
 */
#ifndef AUTH_LINE_H
#define AUTH_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/name.h"
#include "base/buffer.h"
#include "pki/digest.h"

enum {
	AUTH_LINE_MAX = 4096,               /* bytes of a line with its line end */
	AUTH_KEY_SIZE = AUTH_NAME_SIZE + 2, /* "u " say, the word, NUL */
	AUTH_SALT_SIZE = 16,                /* of the salts made here */
	AUTH_SALT_MAX = 64,
	AUTH_ITERATIONS_MAX = 10000000,
	AUTH_USES_MAX = 1000000,
};

#define AUTH_FIELD_ALIAS       "alias"        /* addresses, with commas between */
#define AUTH_FIELD_CREATED     "created"      /* a time */
#define AUTH_FIELD_ENROLLED_BY "enrolled-by"  /* pin of a certificate */
#define AUTH_FIELD_EXPIRES     "expires"      /* a time */
#define AUTH_FIELD_FIRST_LOGIN "first-login"  /* a time */
#define AUTH_FIELD_FIRST_USE   "first-use"    /* a time */
#define AUTH_FIELD_LABEL       "label"        /* of a device: auth/label.h */
#define AUTH_FIELD_LOCKED      "locked"       /* a time */
#define AUTH_FIELD_PASSWORD    "password-set" /* a time */
#define AUTH_FIELD_REVOKED     "revoked"      /* a time */
#define AUTH_FIELD_SENDERS     "senders"      /* addresses or <>, with commas between */
#define AUTH_FIELD_UNTIL       "until"        /* a time */
#define AUTH_FIELD_USES        "uses"         /* a number from 1 on */

/* The words of lines `w' that are no addresses. */
#define AUTH_WINDOW_ANYBODY "*"
#define AUTH_WINDOW_TOKENS  "tokens"

/* What SCRAM-SHA-256 keeps of a password (RFC 5802 section 3). */
struct auth_credentials {
	uint8_t salt[AUTH_SALT_MAX];
	size_t salt_len;
	unsigned iterations;
	uint8_t stored[PKI_SHA256_SIZE];
	uint8_t server[PKI_SHA256_SIZE];
};

/* Length of the key that the line begins with, or 0 for a line that has none: it cannot
 * be compared with others, its place in the file means nothing. */
size_t auth_line_key(const char *line, size_t len);

/* Bytewise, and a key that is the beginning of another is the smaller one. */
int auth_key_compare(const char *a, size_t a_len, const char *b, size_t b_len);

/* Writes "TYPE WORD" and returns its length; word has at most AUTH_NAME_MAX bytes. */
size_t auth_key_make(char type, const char *word, char ret[AUTH_KEY_SIZE]);

/* Whether everything in the line is as it must be: a key, a user where one belongs, then
 * fields only, each once and of printable ASCII; a user's credentials complete or absent;
 * of the others, times and numbers that can be read, and those there that they cannot do
 * without. */
bool auth_line_is_whole(const char *line, size_t len);

/* The user of a device or a token, in the line; false for a line that has none. */
bool auth_line_user(const char *line, size_t len, const char **ret_user, size_t *ret_len);

/* Finds a field; *ret_value points into the line. */
bool auth_line_get(const char *line, size_t len, const char *field,
	const char **ret_value, size_t *ret_len);

/* Whether the field is there, whatever its value. */
bool auth_line_has(const char *line, size_t len, const char *field);

/* Sets a field, or drops it where value is NULL; the order of the others stays. 0,
 * -EINVAL for a value that cannot stand in a line, -E2BIG where the line would be too
 * long (and nothing is changed then), -ENOMEM. */
int auth_line_set(struct buffer *line, const char *field, const char *value);

/* Reads a field as a time in seconds since 1970, or as a number up to max. 1 with *ret, 0
 * where there is no such field, -EBADMSG for another value. */
int auth_line_time(const char *line, size_t len, const char *field, int64_t *ret);
int auth_line_number(
	const char *line, size_t len, const char *field, uint64_t max, uint64_t *ret);

/* Whether word is among the values of a field that have commas between them. */
bool auth_line_lists(const char *line, size_t len, const char *field, const char *word);

/* 1 with *ret, 0 for a user without a password, -EBADMSG for credentials that are
 * damaged. */
int auth_line_credentials(const char *line, size_t len, struct auth_credentials *ret);

/* Like auth_line_set for the four fields of credentials; NULL drops them. */
int auth_line_set_credentials(struct buffer *line, const struct auth_credentials *c);

/* Whether address is among the aliases of a user's line. */
bool auth_line_has_alias(const char *line, size_t len, const char *address);

#endif
