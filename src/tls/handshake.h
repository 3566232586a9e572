// SPDX-License-Identifier: ISC
/*
 * The server's handshake in the tls process. What it learns of the peer it claims to the
 * smtp process, which admits or names the alert that refuses.
 */
#ifndef TLS_HANDSHAKE_H
#define TLS_HANDSHAKE_H

#include "tls/process.h"

struct gnutls_session_int; /* gnutls_session_t points to one */

/* Handshakes on p's connection. 0 with *ret once the peer has proved its key and the smtp
 * process was told; or negative: the alert is sent, FAILED told. */
int tls_handshake_run(const struct tls_process *p, struct gnutls_session_int **ret);

#endif
