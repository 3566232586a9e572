// SPDX-License-Identifier: ISC
/*
 * The message of `postern send`, whole in a file without a name, so that its size is
 * known and memory does not matter. It is taken in piece by piece, and given out in
 * blocks as DATA or BDAT wants them.
 */
#ifndef CLIENT_MESSAGE_H
#define CLIENT_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "client/address.h"
#include "client/fault.h"

struct client_message {
	int fd;         /* the file, its line ends LF; or -1 */
	uint64_t size;  /* bytes as RFC 1870 counts them: CRLF is two, dots not doubled */
	bool eight_bit; /* has a byte beyond ASCII */
	bool utf8;      /* and so has its header, which is UTF-8 (RFC 6531) */
};

void client_message_close(struct client_message *m);

/* What is known while a message comes in. */
struct client_intake {
	struct client_message *message;
	struct client_addresses *recipients; /* or NULL */
	struct client_fault *fault;
	struct buffer header; /* until it is over */
	struct buffer out;    /* for the file */
	size_t line_start;    /* of the header's last line */
	uint64_t line;        /* number of the line being read */
	bool in_header;       /* the empty line is still to come */
	bool carriage;        /* the last byte was CR */
	bool in_line;         /* the last byte was not a line end */
};

/* Begins a message. Where recipients is not NULL, the addresses of To, Cc and Bcc are
 * added to it, and Bcc is left out of the message. 0, or a negative number with fault
 * set, as all that follow; after a fault the message is closed and the intake cleared. */
int client_intake_begin(struct client_intake *in, struct client_addresses *recipients,
	struct client_message *ret, struct client_fault *fault);

/* Takes some bytes in. Lines may end in LF or CRLF; a bare CR or a NUL is a fault. */
int client_intake_put(struct client_intake *in, const char *data, size_t len);

/* The end of the message. */
int client_intake_end(struct client_intake *in);

/* Gives it up, message and all; also after a fault. */
void client_intake_drop(struct client_intake *in);

/* Begins, takes in all that can be read from fd, and ends. */
int client_message_read(int fd, struct client_addresses *recipients,
	struct client_message *ret, struct client_fault *fault);

/* Where in a message its reader is; zeroed but for message and dots, at the start. */
struct client_message_reader {
	const struct client_message *message;
	bool dots; /* a dot at the start of a line is doubled (RFC 5321 section 4.5.2) */
	int64_t at;
	bool in_line; /* the last block has not ended its last line */
};

/* Appends the next block, of a few dozen kilobytes, with CRLF line ends. 1; 0 at the end
 * of the message, and nothing is appended; or a negative number with fault set. */
int client_message_next(
	struct client_message_reader *r, struct buffer *out, struct client_fault *fault);

#endif
