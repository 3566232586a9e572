// SPDX-License-Identifier: ISC
/*
 * The relay between the network and the smtp process: one poll loop over non-blocking
 * descriptors that never waits for one direction, with a bounded buffer each way. Words
 * that must be ordered with the stream (the banner, STARTTLS, the last reply) come by the
 * control channel and go out behind all that was relayed before them. Nothing is read of
 * the peer before the banner.
 */
#ifndef TLS_RELAY_H
#define TLS_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

struct gnutls_session_int; /* gnutls_session_t points to one */

struct tls_relay {
	struct gnutls_session_int *session; /* NULL: in the clear */
	int in, out;                        /* the network */
	int plain;                          /* the smtp process' stream */
	int control;
	/* Zeroed by the caller. */
	struct buffer up;     /* from the network, not yet in plain */
	struct buffer down;   /* from plain, not yet on the network */
	struct buffer packet; /* the last control message */
	uint64_t relayed;     /* bytes written to plain */
	uint64_t dropped;     /* read in the clear behind those, up to STARTTLS */
	bool greeted;         /* the banner has come, or is not to come */
	bool up_ended;        /* the network sends no more, which control was told */
	bool up_closed;       /* and plain has been shut down, all of it relayed */
	bool broken;          /* the network takes no more */
	bool down_ended;      /* the smtp process writes no more */
	bool net_readable, plain_readable; /* worth a try without waiting for poll */
	bool sending;                      /* GnuTLS holds a record that is half sent */
	int last; /* TLS_STARTTLS or TLS_LAST once that message has come */
	struct buffer last_words;
	bool plain_drained; /* all that was relayed before last is in down */
};

enum tls_relay_end {
	TLS_RELAY_STARTTLS, /* the reply is sent, RELAYED has answered: start TLS */
	TLS_RELAY_LAST,     /* the last words are sent: close politely */
	TLS_RELAY_GONE,     /* the smtp process or the peer is gone for good */
};

enum tls_relay_end tls_relay_run(struct tls_relay *r);

#endif
