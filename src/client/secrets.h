// SPDX-License-Identifier: ISC
/*
 * A file of secrets in the form of ~/.netrc: "machine HOST login USER password PASSWORD",
 * words between blanks and line ends, in double quotes where a word holds a blank (with
 * \" and \\). "default" stands for any host; "account WORD" and macros ("macdef", up to
 * an empty line) are passed over, and so are lines that begin with "#".
 */
#ifndef CLIENT_SECRETS_H
#define CLIENT_SECRETS_H

#include <stddef.h>

/* Finds the first entry for the host, and for the user where user is not NULL; an entry
 * without a login is for any. 1 with *ret_login (NULL where the entry has none) and
 * *ret_password, which the caller ends with free and secret_free; 0 where there is none;
 * -EINVAL for what is no such file, -ENOMEM. */
int client_secrets_find(const char *text, size_t len, const char *host, const char *user,
	char **ret_login, char **ret_password);

#endif
