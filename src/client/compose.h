// SPDX-License-Identifier: ISC
/*
 * A message for people without a composer: header fields from the command line, a text,
 * files beside it (MIME, RFC 2045 and 2046). Everything in it is short lines of ASCII,
 * but for addresses that are not, so any server takes it.
 */
#ifndef CLIENT_COMPOSE_H
#define CLIENT_COMPOSE_H

#include "client/address.h"
#include "client/message.h"

struct client_composition {
	const char *from;
	const struct client_addresses *to;
	const char *subject; /* or NULL */
	const char *text;    /* NULL: read from fd */
	int fd;
	char *const *files; /* to be attached */
	size_t n_files;
};

/* 0 with the message, or a negative number with fault set. */
int client_compose(const struct client_composition *c, struct client_message *ret,
	struct client_fault *fault);

#endif
