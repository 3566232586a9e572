// SPDX-License-Identifier: ISC
/*
 * The connection to the server: bytes over TLS or in the clear, its replies line by line.
 * Deadlines count in milliseconds of host_clock_ms. Calls that take a fault answer 0, or
 * a negative number with the fault set.
 */
#ifndef CLIENT_LINK_H
#define CLIENT_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "client/settings.h"
#include "smtp/server_reply.h"
#include "tls/client.h"

/* Zeroed but for fd and cancel, which are -1, it is closed. */
struct client_link {
	const struct client_settings *settings;
	int fd;
	int cancel; /* once readable, every wait ends with CLIENT_LINK_CANCELLED; or -1 */
	bool traced; /* lines go to stderr as well */
	bool masked; /* but for those of a login, which are credentials */
	bool broken; /* a call has failed: nothing more can be said */
	bool lost;   /* it has, because the connection is gone */
	struct tls_client_credentials *credentials;
	struct tls_client *tls; /* NULL in the clear */
	struct buffer in;
	size_t used;       /* bytes of in that the last line took */
	struct buffer out; /* commands that are to go out together */
	struct smtp_server_reply parser;
};

/* Not a fault: somebody has made cancel readable. */
enum { CLIENT_LINK_CANCELLED = 1, CLIENT_LINK_NOTHING = 2 };

/* Reads the files that TLS needs; s must outlive the link. */
int client_link_load(struct client_link *l, const struct client_settings *s,
	struct client_fault *fault);

/* Connects; where TLS comes first, that too. What the server says is still to be read. Or
 * CLIENT_LINK_CANCELLED. */
int client_link_open(struct client_link *l, struct client_fault *fault);

/* The handshake behind a reply to STARTTLS. Bytes that came in the clear behind that
 * reply are a fault (RFC 3207 section 6). */
int client_link_start_tls(struct client_link *l, struct client_fault *fault);

/* The next line from the server, which lives until the next call. With a deadline of 0 it
 * does not wait: CLIENT_LINK_NOTHING. Or CLIENT_LINK_CANCELLED. */
int client_link_line(struct client_link *l, int64_t deadline,
	struct smtp_server_line *ret, struct client_fault *fault);

/* A whole reply: its code, and its lines with their codes, a newline between them, in
 * lines, which is emptied first. */
int client_link_reply(struct client_link *l, int64_t deadline, unsigned *ret_code,
	struct buffer *lines, struct client_fault *fault);

/* Sends all of it; where the server has left, the fault is what it said last, if that can
 * still be read. */
int client_link_send(
	struct client_link *l, const void *data, size_t len, struct client_fault *fault);

/* To be called where no reply is due: what is here already and says yes was said before
 * it was asked, so it may not be taken for the reply to what is asked next. A server that
 * says no early, because it leaves, is heard. */
int client_link_expect_silence(struct client_link *l, struct client_fault *fault);

/* Puts one line, CRLF added, behind those that wait, and sends what waits. */
int client_link_queue(
	struct client_link *l, const char *line, size_t len, struct client_fault *fault);
int client_link_flush(struct client_link *l, struct client_fault *fault);

/* All three. */
int client_link_command(
	struct client_link *l, const char *line, size_t len, struct client_fault *fault);

/* The end of the time that the server has from now. */
int64_t client_link_deadline(const struct client_link *l);

void client_link_close(struct client_link *l);

#endif
