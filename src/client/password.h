// SPDX-License-Identifier: ISC
/*
 * Passwords as files: one that the user names, and those that are kept, one file of mode
 * 0600 for each user of each server, under ~/.local/state/postern/passwords/HOST:PORT/.
 */
#ifndef CLIENT_PASSWORD_H
#define CLIENT_PASSWORD_H

#include <stdbool.h>

#include "client/settings.h"

/* Reads the first line of the file at path, which nobody but its owner may be able to
 * read or write. 0 with *ret, which the caller ends with secret_free, or a negative
 * number with fault set. */
int client_password_read(const char *path, char **ret, struct client_fault *fault);

/* Whether two names may be one user: they are the same but for case, or one of them has
 * no domain. */
bool client_password_same_user(const char *a, const char *b);

/* The password of user at the server of the settings: that of password_file, where that
 * is set for this user, or a kept one. 1 with *ret; 0 where there is none, a
 * password_file that does not exist included; or a negative number with fault set. */
int client_password_find(const struct client_settings *s, const char *user, char **ret,
	struct client_fault *fault);

/* Keeps the password for client_password_find. 0, or a negative number with fault set,
 * which says how to do it by hand. */
int client_password_keep(const struct client_settings *s, const char *user,
	const char *password, struct client_fault *fault);

#endif
