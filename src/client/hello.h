// SPDX-License-Identifier: ISC
/*
 * The first words of a session: the server's 220, EHLO, and STARTTLS where that is
 * wanted. Only once the 220 has come (over TLS, where TLS comes first) is a client
 * connected: in TLS 1.3 a refused certificate is not known before. Calls answer 0, a
 * negative number with fault set, or CLIENT_LINK_CANCELLED.
 */
#ifndef CLIENT_HELLO_H
#define CLIENT_HELLO_H

#include "client/link.h"

/* Reads the banner into lines. Any code but 220 is a fault. */
int client_hello_banner(
	struct client_link *l, struct buffer *lines, struct client_fault *fault);

/* EHLO, and what is offered in answer. Where the server knows no EHLO: HELO, and nothing
 * is offered. */
int client_hello_ehlo(struct client_link *l, struct smtp_server_offers *ret,
	struct client_fault *fault);

/* EHLO, STARTTLS and the handshake; what was offered in the clear is forgotten. */
int client_hello_upgrade(struct client_link *l, struct client_fault *fault);

/* Says no more than that we are still there, and reads the answer: a server that refuses
 * us has to say it now. */
int client_hello_probe(struct client_link *l, struct client_fault *fault);

/* Sends a command and reads the reply to it. */
int client_hello_ask(struct client_link *l, const char *command, unsigned *ret_code,
	struct buffer *lines, struct client_fault *fault);

/* The fault for a reply that refuses what was said: temporary for a 4yz code, permanent
 * for 5yz, one of protocol for any other. */
int client_hello_refused(struct client_link *l, const char *what, int permanent,
	unsigned code, struct buffer *lines, struct client_fault *fault);

/* The server's words, made harmless, on one line; they live as long as words does. */
const char *client_hello_quote(struct buffer *lines, struct buffer *words);

#endif
