// SPDX-License-Identifier: ISC
/*
 * A person's dialogue with the server: what is typed goes out line by line, what the
 * server says is shown as it comes. Three things are more than that: a HELP reply is
 * shown without its codes, what is typed at a 334 goes out as base64, and a 330 ends the
 * connection with a new password.
 */
#ifndef CLIENT_CONVERSE_H
#define CLIENT_CONVERSE_H

#include "client/link.h"
#include "client/terminal.h"

struct client_converse {
	const struct client_settings *settings;
	struct client_terminal *terminal;
	/* Zeroed by the caller, kept from one connection to the next, ended with
	 * client_converse_clear. */
	char *user;          /* the last answer to a username prompt */
	char *told_user;     /* whom a 330 was for */
	char *told_password; /* and what it told */
	bool distrusted;     /* the kept password has been refused */
};

enum client_converse_end {
	CLIENT_CONVERSE_QUIT,    /* 221, or the person has left */
	CLIENT_CONVERSE_RESTART, /* after a 330 */
};

/* Speaks on an open connection whose banner is still to come (or, with STARTTLS, is read
 * here before TLS is started). One of the above, or a negative number with fault set. */
int client_converse(
	struct client_converse *c, struct client_link *l, struct client_fault *fault);

void client_converse_clear(struct client_converse *c);

#endif
