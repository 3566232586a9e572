// SPDX-License-Identifier: ISC
/*
 * One client's session of the load generator: TCP, a TLS handshake with a client
 * certificate, or one that resumes the client's last session, and an SMTP dialogue in
 * which every reply is verified. The plan is shared
 * by all threads and never written to while they run; a client belongs to one of them.
 *
 * A call that fails returns a negative errno and leaves a sentence in client->fault.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct load_plan {
	uint16_t port;           /* on 127.0.0.1 */
	void *credentials;       /* GnuTLS certificate credentials */
	const char *verify_name; /* the server's, verified; NULL: take any certificate */
	const char *priority;    /* a GnuTLS priority string */
	const char *auth;        /* what follows AUTH; NULL: no login */
	const char *from;
	const char *to;
	const char *message; /* with its final dot; behind it the next one's envelope */
	size_t message_len;  /* of the message alone */
	size_t envelope_len; /* of MAIL, RCPT and DATA */
	uint64_t messages;   /* in each session */
	bool pipeline;       /* a message and the next envelope in one write */
	bool resume;         /* go on with the client's last session, where it has one */
};

/* A session to go on with, as GnuTLS has it. */
struct load_ticket {
	void *data; /* NULL: none */
	size_t len;
};

/* Durations in milliseconds, as many as were added. */
struct load_samples {
	double *at;
	size_t count;
	size_t room;
};

struct load_client {
	const struct load_plan *plan;
	struct load_samples banner; /* from connect() to the 220 */
	struct load_samples stored; /* from the final dot to its 250 */
	struct load_ticket ticket;  /* the last; whoever owns the client frees it */
	uint64_t sessions;
	uint64_t resumed; /* of them */
	uint64_t messages;
	uint64_t failures;
	char fault[200]; /* the first */
};

struct load_connection;

/* Monotonic time in milliseconds. */
double load_clock(void);

/* Reads the client's certificate and key, and with ca_file the roots to verify the server
 * with; the caller frees *ret with gnutls_certificate_free_credentials. */
int load_credentials(
	const char *cert_file, const char *key_file, const char *ca_file, void **ret);

/* PLAIN and its response in base64, to go behind AUTH; the caller frees it. NULL if
 * memory runs out. */
char *load_plain(const char *user, const char *password);

/* Connects, shakes hands and reads the banner; load_close() ends it without a QUIT. */
int load_open(struct load_client *client, struct load_connection **ret);
void load_close(struct load_connection *connection);

/* One whole session, from connect() to the reply to QUIT; counts it or its failure. */
int load_session(struct load_client *client);

#endif
