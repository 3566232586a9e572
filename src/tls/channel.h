// SPDX-License-Identifier: ISC
/*
 * The smtp process' end: its plaintext stream and control channel to the tls process that
 * it forked, or, with TLS off, the connection itself.
 */
#ifndef TLS_CHANNEL_H
#define TLS_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "host/activation.h"
#include "tls/control.h"
#include "tls/credentials.h"

struct tls_channel {
	int in;      /* plaintext from the peer */
	int out;     /* and to it: the same descriptor unless a pair was passed */
	int control; /* -1 with TLS off */
	int child;   /* pidfd of the tls process, or -1 */
	uint8_t random[TLS_RANDOM_SIZE]; /* drawn for its one handshake */
	uint64_t received; /* bytes that were read from in, counted by the caller */
	struct buffer packet;
};

/* Forks the tls process for the connection, which then belongs to it alone: this process'
 * copies of the descriptors are closed. credentials is NULL where they could not be
 * loaded: the tls process then refuses with internal_error. With `tls = off` nothing is
 * forked. Never to be called by a process that holds the private key. 0 with *ret, or a
 * negative errno. */
int tls_channel_open(const struct config *config, struct tls_credentials *credentials,
	const struct host_connection *connection, struct tls_channel *ret);

/* The next control message. As tls_control_receive; the message's bytes live until the
 * next call. */
int tls_channel_receive(struct tls_channel *c, struct tls_message *ret);

/* Answers to SIGN, TICKET and CLAIM. 0 or a negative errno. */
int tls_channel_signature(struct tls_channel *c, const void *data, size_t len);
int tls_channel_ticket_key(struct tls_channel *c, const void *key, size_t len);
int tls_channel_verdict(struct tls_channel *c, int alert);

/* Sends the banner, and lets the peer be heard, unless it has spoken before it was asked:
 * then EARLY answers, nothing was sent, and nothing of the peer's will ever come. */
int tls_channel_banner(struct tls_channel *c, const void *banner, size_t len);

/* With TLS off, whether the peer has sent something by now. */
bool tls_channel_pending(const struct tls_channel *c);

/* Sends a reply behind everything written to out before, then starts TLS. RELAYED
 * answers. At most TLS_LAST_MAX bytes, like the next. */
int tls_channel_starttls(struct tls_channel *c, const void *reply, size_t len);

/* Sends the last reply behind everything written to out before, then closes. */
int tls_channel_last(struct tls_channel *c, const void *reply, size_t len);

/* Ends the channel: waits up to grace milliseconds for the tls process to get the last
 * words across, then kills it. Where it was ended by a signal of its own doing,
 * *ret_signal is that signal, else 0. */
void tls_channel_close(struct tls_channel *c, int grace, int *ret_signal);

#endif
