// SPDX-License-Identifier: ISC
/*
 * Passwords as files: one that the user names, and those that are kept, one file of mode
 * 0600 for each user of each server, under ~/.local/state/postern/passwords/HOST:PORT/.
 */
#ifndef CLIENT_PASSWORD_H
#define CLIENT_PASSWORD_H

#include <stdbool.h>

#include "client/settings.h"

/* The password whose source the settings name: there has to be one. 0 with *ret, which
 * the caller ends with secret_free, or a negative number with fault set. */
int client_password_read(
	const struct client_settings *s, char **ret, struct client_fault *fault);

/* Where no user is named: whom the file of secrets has for the server, if it has one. 0,
 * or a negative number with fault set. */
int client_password_user(struct client_settings *s, struct client_fault *fault);

/* Whether two names may be one user: they are the same but for case, or one of them has
 * no domain. */
bool client_password_same_user(const char *a, const char *b);

/* The password of user at the server of the settings: from the source that they name,
 * where that is for this user; else from the file of secrets, or a kept one. 1 with *ret;
 * 0 where there is none, a password_file that does not exist included; or a negative
 * number with fault set. */
int client_password_find(const struct client_settings *s, const char *user, char **ret,
	struct client_fault *fault);

/* Keeps the password for client_password_find. 0, or a negative number with fault set,
 * which says how to do it by hand. */
int client_password_keep(const struct client_settings *s, const char *user,
	const char *password, struct client_fault *fault);

#endif
