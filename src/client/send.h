// SPDX-License-Identifier: ISC
/*
 * One message from standard input to a server.
 *
 * A message goes to every recipient that the server accepts. Those it refuses are named
 * with its words, and make the exit status 67 (75 where all refusals are temporary).
 */
#ifndef CLIENT_SEND_H
#define CLIENT_SEND_H

#include "client/options.h"

/* 0 where the server has taken the message for all recipients, or a negative number with
 * fault set. */
int client_send(const struct client_settings *s, const struct client_options *o,
	struct client_fault *fault);

#endif
