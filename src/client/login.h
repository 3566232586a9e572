// SPDX-License-Identifier: ISC
/*
 * Login by SASL (RFC 4954): the strongest of the mechanisms that the server offers and
 * that are known here. PLAIN and LOGIN, which show the password to the server, are for
 * TLS alone.
 */
#ifndef CLIENT_LOGIN_H
#define CLIENT_LOGIN_H

#include "client/link.h"

/* 0 once the server has accepted us, and, with SCRAM, has proved that it knows the
 * password too; or a negative number with fault set. */
int client_login(struct client_link *l, const struct smtp_server_offers *offers,
	const char *user, const char *password, struct client_fault *fault);

#endif
