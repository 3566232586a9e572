// SPDX-License-Identifier: ISC
/*
 * Session tickets (RFC 8446 section 4.6.1, RFC 5077), as GnuTLS makes them: each begins
 * with sixteen bytes that say under which key it stands. No key outlives its connection
 * in the tls process, which gets one from the smtp process for each.
 */
#ifndef TLS_TICKETS_H
#define TLS_TICKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tls/control.h"

struct gnutls_session_int;

/* In the tls process, with the body of the first ClientHello, before it is read: asks the
 * smtp process for the key of the ticket in it, or for one of its own, and has the
 * session use it. 0, or an error of GnuTLS that has to end the handshake. */
int tls_tickets_begin(struct gnutls_session_int *session, int control, bool tls13,
	const void *hello, size_t len);

/* The id of the ticket that a ClientHello shows, in the extension that is of the version
 * that will be spoken. False where it shows none. */
bool tls_tickets_find(
	const void *hello, size_t len, bool tls13, uint8_t ret[TLS_TICKET_ID]);

/* The id of those tickets that are made at time now under a key. 0 or -EIO. */
int tls_tickets_id(
	const uint8_t key[TLS_TICKET_KEY], int64_t now, uint8_t ret[TLS_TICKET_ID]);

#endif
