// SPDX-License-Identifier: ISC
/*
 * What works between this machine and a server, and what does not: names, connection,
 * TLS, both certificates, what the server offers, the login, whether it takes mail of
 * ours. No message is sent.
 */
#ifndef CLIENT_CHECK_H
#define CLIENT_CHECK_H

#include "client/settings.h"

/* Writes its findings to stdout. 0 where nothing is wrong, or a negative number with
 * fault set, whose status is that of the first error. */
int client_check(const struct client_settings *s, bool json, struct client_fault *fault);

#endif
