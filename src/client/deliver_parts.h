// SPDX-License-Identifier: ISC
/*
 * What the parts of a delivery share: deliver.c opens and ends the session, transact.c
 * says sender and recipients, handover.c the message.
 */
#ifndef CLIENT_DELIVER_PARTS_H
#define CLIENT_DELIVER_PARTS_H

#include <stdbool.h>

#include "client/deliver.h"
#include "client/link.h"

enum {
	/* Commands that are on their way at most before the first reply has come: so few
	 * that their replies find room in any socket, and neither side waits for the
	 * other to read (RFC 2920 section 3.1). */
	CLIENT_WINDOW = 50,
	/* Bytes of a message that go into one BDAT, or one block more (RFC 3030). */
	CLIENT_CHUNK = 512 * 1024,
};

struct client_delivery {
	const struct client_settings *settings;
	const struct client_mail *mail;
	struct client_verdict *verdicts;
	struct client_fault *fault;
	struct client_link link;
	struct smtp_server_offers offers;
	char *password; /* NULL: none is known */
	bool begun;     /* MAIL was accepted, and neither RSET nor a message followed */
};

/* One transaction for n recipients, by their places in the mail. again, one flag for
 * each of them, is set where the server takes no more recipients now (452) and has taken
 * some. 0, or a negative number with fault set. */
int client_transact(
	struct client_delivery *d, const size_t *which, size_t n, bool *again);

/* Hands the message over by BDAT, or by DATA. begun: DATA was said, and 354 has come. 0
 * with the server's 250, or a negative number with fault set. */
int client_hand_over(struct client_delivery *d, bool begun);

/* Whether the whole message goes into one BDAT. */
bool client_hand_over_is_short(const struct client_delivery *d);

/* Puts that BDAT, with the message, behind what else is to be sent. */
int client_hand_over_queue(struct client_delivery *d);

/* The answer to the message: 0 for 250. */
int client_hand_over_judge(
	struct client_delivery *d, unsigned code, struct buffer *lines);

#endif
