// SPDX-License-Identifier: ISC
/*
 * Mail addresses, as they stand in headers (RFC 5322 section 3.4, with its obsolete
 * forms) and as they go into commands.
 */
#ifndef CLIENT_ADDRESS_H
#define CLIENT_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

enum {
	CLIENT_ADDRESS_MAX = 254, /* RFC 5321 section 4.5.3.1.3, without brackets */
	CLIENT_RECIPIENTS_MAX = 10000,
};

/* A zeroed one is empty. */
struct client_addresses {
	char **items;
	size_t n;
};

/* Whether the text can stand between the angle brackets of a command: printable ASCII
 * without brackets, with blanks inside quotes alone, and what is more than ASCII in
 * well-formed UTF-8 (RFC 6531 section 3.3). */
bool client_address_fits(const char *text, size_t len);

/* The address for a server that takes ASCII alone: a domain has its A-labels instead (RFC
 * 5890). 0 with a string that the caller frees; -EILSEQ where the local part has no such
 * form, or the domain none; -ENOMEM. */
int client_address_in_ascii(const char *address, char **ret);

/* Adds a copy, unless it is there already. 0, -EINVAL for what does not fit, -E2BIG for
 * one too many, -ENOMEM. */
int client_addresses_add(struct client_addresses *a, const char *text, size_t len);
void client_addresses_clear(struct client_addresses *a);

/* Adds every address of a header field's body, unfolded. 0, or as above; -EINVAL too
 * where it cannot be read. */
int client_addresses_read(struct client_addresses *a, const char *body, size_t len);

#endif
