// SPDX-License-Identifier: ISC
/*
 * One message handed to the server of the settings, for all of its recipients, in one
 * session. What the server offers is used (EHLO's PIPELINING, CHUNKING, SIZE, 8BITMIME,
 * SMTPUTF8, LIMITS), and done without where it is not offered. Nothing is shown to
 * anybody but a bar on a terminal.
 */
#ifndef CLIENT_DELIVER_H
#define CLIENT_DELIVER_H

#include "client/address.h"
#include "client/message.h"
#include "client/settings.h"

struct client_mail {
	const char *from; /* "" for the null reverse-path */
	const struct client_addresses *to;
	const struct client_message *message;
};

enum client_verdict_kind {
	CLIENT_PENDING,   /* nothing was decided */
	CLIENT_DELIVERED, /* the server has the message for this recipient: its 250 has
			     come */
	CLIENT_POSTPONED, /* the recipient is refused for now (4yz) */
	CLIENT_REFUSED,
};

struct client_verdict {
	enum client_verdict_kind kind;
	char *words; /* why a recipient is refused, fit to be shown; or NULL */
};

/* verdicts, one for each recipient, zeroed or of an attempt before: those that are
 * CLIENT_PENDING or CLIENT_POSTPONED are tried. 0 where the session has gone through,
 * whatever the verdicts; or a negative number with fault set, where those decided before
 * stand. client_verdicts_clear frees their words. */
int client_deliver(const struct client_settings *s, const struct client_mail *mail,
	struct client_verdict *verdicts, struct client_fault *fault);

void client_verdicts_clear(struct client_verdict *verdicts, size_t n);

#endif
