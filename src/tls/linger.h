// SPDX-License-Identifier: ISC
/*
 * Closing a connection so that the last words arrive.
 */
#ifndef TLS_LINGER_H
#define TLS_LINGER_H

enum { TLS_LINGER_MS = 2000 };

/* Shuts the sending side down and reads what the peer is still sending until it closes,
 * for 2 seconds at most: closing with bytes unread sends a reset, which can overtake the
 * last words. Gives up when abandon (-1: none) hangs up. */
void tls_linger(int in, int out, int abandon);

#endif
