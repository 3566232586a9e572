// SPDX-License-Identifier: ISC
/*
 * The client as a person uses it, at a terminal or fed from a pipe.
 */
#ifndef CLIENT_INTERACTIVE_H
#define CLIENT_INTERACTIVE_H

#include "client/settings.h"

/* Connects and speaks until the person or the server ends it. 0, or a negative number
 * with fault set. */
int client_interactive(const struct client_settings *s, struct client_fault *fault);

#endif
