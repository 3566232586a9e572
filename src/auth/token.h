// SPDX-License-Identifier: ISC
/*
 * One-time tokens: who shows one makes its key a device of one user. A token is 28
 * letters and digits in groups of four: 130 random bits, and a checksum by which a
 * mistyped one is told before it is sent. The store keeps a hash.
 */
#ifndef AUTH_TOKEN_H
#define AUTH_TOKEN_H

#include "auth/label.h"
#include "auth/name.h"
#include "auth/store.h"
#include "auth/update.h"

enum { AUTH_TOKEN_SIZE = 35 }; /* with hyphens and NUL */

/* A new one. 0 or -EIO. */
int auth_token_generate(char ret[AUTH_TOKEN_SIZE]);

/* Reads what somebody typed, in any case, hyphens and blanks where they like. 0 with the
 * token as it was printed, or -EINVAL for what is none, by its letters or its checksum.
 */
int auth_token_read(const char *text, size_t len, char ret[AUTH_TOKEN_SIZE]);

struct auth_token {
	char user[AUTH_NAME_SIZE];   /* whose device it makes */
	char label[AUTH_LABEL_SIZE]; /* of the device; "" where the device may choose */
	int64_t expires;             /* seconds since 1970 */
};

/* 0 or -EBADMSG. */
int auth_token_of_line(const char *line, size_t len, struct auth_token *ret);

/* Puts a token, as auth_token_read has it, into the store. 0 or a negative errno. */
int auth_token_put(
	struct auth_update *u, const char *text, const struct auth_token *token);

/* Looks for a token that holds now. 1 with *ret, 0 where there is none or it is too late,
 * or a negative errno. */
int auth_token_find(
	struct auth_store *s, const char *text, int64_t now, struct auth_token *ret);

/* The same under the lock; a token that was found is gone with the update's commit. */
int auth_token_take(
	struct auth_update *u, const char *text, int64_t now, struct auth_token *ret);

/* Whether there is any token that holds now: 1, 0, or a negative errno. One look-up,
 * however many there are. */
int auth_token_any(struct auth_store *s, int64_t now);

/* Removes tokens that are past, and writes down until when there is any: to be called
 * behind every other change of tokens. 0 or a negative errno. */
int auth_token_tidy(struct auth_update *u, int64_t now);

/* Withdraws the tokens of one user, or all where name is "", and tidies up. *ret_closed
 * is how many still held. 0 or a negative errno. */
int auth_token_withdraw(
	struct auth_update *u, const char *name, int64_t now, size_t *ret_closed);

#endif
