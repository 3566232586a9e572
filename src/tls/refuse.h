// SPDX-License-Identifier: ISC
/*
 * Turning a peer away before anything of it was read, at next to no cost: no process, no
 * key, no handshake.
 */
#ifndef TLS_REFUSE_H
#define TLS_REFUSE_H

#include <stddef.h>

#include "host/activation.h"

/* Both send, then linger (tls/linger.h); out is closed where it is not in, too. A peer
 * that expects TLS is told by one record in the clear (RFC 8446 sections 5.1 and 6),
 * another one by these bytes. */
void tls_refuse_alert(const struct host_connection *connection, int alert);
void tls_refuse_text(
	const struct host_connection *connection, const char *text, size_t len);

#endif
