// SPDX-License-Identifier: ISC
/*
 * The message of `postern send`: read whole from a descriptor into a file without a name,
 * so that its size is known and memory does not matter, then sent as DATA wants it.
 */
#ifndef CLIENT_MESSAGE_H
#define CLIENT_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "client/address.h"
#include "client/link.h"

struct client_message {
	int fd;         /* the file, its line ends LF; or -1 */
	uint64_t size;  /* bytes as RFC 1870 counts them: CRLF is two, dots not doubled */
	bool eight_bit; /* has a byte beyond ASCII */
};

/* Reads in to its end. Lines may end in LF or CRLF; a bare CR or a NUL is a fault. Where
 * recipients is not NULL, the addresses of To, Cc and Bcc are added to it, and Bcc is
 * left out of the message. 0, or a negative number with fault set. */
int client_message_read(int in, struct client_addresses *recipients,
	struct client_message *ret, struct client_fault *fault);

/* Sends it with CRLF line ends, dots doubled (RFC 5321 section 4.5.2), and the final dot.
 * 0, or a negative number with fault set. */
int client_message_send(const struct client_message *m, struct client_link *l,
	struct client_fault *fault);

void client_message_close(struct client_message *m);

#endif
