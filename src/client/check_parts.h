// SPDX-License-Identifier: ISC
/*
 * What the parts of a check share: check.c goes its course, check_names.c asks for names,
 * check_certificate.c judges certificates, check_session.c speaks with the server.
 */
#ifndef CLIENT_CHECK_PARTS_H
#define CLIENT_CHECK_PARTS_H

#include "client/finding.h"
#include "client/link.h"

struct client_checking {
	const struct client_settings *settings;
	struct client_findings findings;
	struct client_fault *fault; /* the first that makes it impossible to go on */
	struct client_link link;
	struct smtp_server_offers offers;
	char name[PKI_NAME_MAX + 1]; /* the first address of our certificate, or "" */
};

/* Adds an error in the words of the fault, and answers -ECANCELED. */
int client_check_failed(struct client_checking *c, const char *what);

/* Addresses of the host, and SRV records. Nothing that is found here ends the check. */
void client_check_names(struct client_checking *c);

/* Our certificate, from its file; and the server's, from the session. */
void client_check_own_certificate(struct client_checking *c);
void client_check_peer_certificate(struct client_checking *c);

/* From the banner to QUIT. 0, or a negative number with the finding added. */
int client_check_session(struct client_checking *c);

/* Milliseconds since then, of client_check_now. */
double client_check_now(void);

#endif
