// SPDX-License-Identifier: ISC
/*
 * What a refused handshake means for the person at the client: one sentence that says
 * what happened and what to do, to go behind "PROGRAM: ".
 */
#ifndef TLS_CLIENT_EXPLAIN_H
#define TLS_CLIENT_EXPLAIN_H

#include "base/buffer.h"

/* A fatal alert (RFC 8446 section 6) from a server. cert and key are the names of our
 * files, or NULL where we have none. 0 or -ENOMEM. */
int tls_client_explain_alert(
	int alert, const char *cert, const char *key, struct buffer *fault);

/* GnuTLS' verification bits for the certificate of host, judged by the roots in ca. */
void tls_client_explain_status(
	unsigned status, const char *host, const char *ca, struct buffer *fault);

#endif
