// SPDX-License-Identifier: ISC
/*
 * Names of users. NAME means NAME@ the first of the served domains; what the store holds
 * is the whole address in ASCII lower case. Nothing that is not such an address ever
 * becomes part of a path or of a line of the store.
 */
#ifndef AUTH_NAME_H
#define AUTH_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

enum {
	AUTH_LOCAL_MAX = 64, /* RFC 5321 section 4.5.3.1.1 */
	AUTH_NAME_MAX = 254, /* RFC 5321 section 4.5.3.1.3, without its angle brackets */
	AUTH_NAME_SIZE = AUTH_NAME_MAX + 1,
};

/* Reads what a peer or a person calls a user. 0 with the canonical address, -EINVAL for
 * what is no name (letters, digits and . _ + - = make one; it begins with a letter, a
 * digit or _), -EADDRNOTAVAIL for a name in a domain that is not served. */
int auth_name_read(const struct config *config, const char *text, size_t len,
	char ret[AUTH_NAME_SIZE]);

/* The same for an address that needs its domain, which may be any: 0 or -EINVAL. */
int auth_address_read(const char *text, size_t len, char ret[AUTH_NAME_SIZE]);

/* Whether one of a certificate's names means the user with that canonical address. */
bool auth_name_listed(const struct config *config, char *const *names, size_t n_names,
	const char *user);

#endif
