// SPDX-License-Identifier: ISC
/*
 * Login by SASL (RFC 4954): by the certificate that the server has seen, or by password
 * with the strongest of the mechanisms that the server offers and that are known here.
 * PLAIN and LOGIN, which show the password to the server, are for TLS alone.
 */
#ifndef CLIENT_LOGIN_H
#define CLIENT_LOGIN_H

#include "client/link.h"

/* Whether the certificate may do: one is set, over TLS, and EXTERNAL is offered. */
bool client_login_has_external(
	const struct client_link *l, const struct smtp_server_offers *offers);

/* Login by EXTERNAL (RFC 4422 appendix A), as user, or with NULL as whom the server takes
 * the certificate for. 0 with *ret_in true once the server has accepted us, or false
 * where it does not (535), with fault set to what it says; or a negative number with
 * fault set. */
int client_login_external(struct client_link *l, const char *user, bool *ret_in,
	struct client_fault *fault);

/* 0 once the server has accepted us, and, with SCRAM, has proved that it knows the
 * password too; or a negative number with fault set. */
int client_login(struct client_link *l, const struct smtp_server_offers *offers,
	const char *user, const char *password, struct client_fault *fault);

#endif
