// SPDX-License-Identifier: ISC
/*
 * The server's key as the tls process has it: a GnuTLS private key whose every signature
 * is asked for over the control channel.
 */
#ifndef TLS_REMOTE_KEY_H
#define TLS_REMOTE_KEY_H

#include "tls/credentials_private.h"

/* Binds the certificate chain and a key that signs through control to the credentials,
 * for this process's one connection. control must outlive them. 0 or a negative errno. */
int tls_remote_key_bind(struct tls_credentials *c, int control);

#endif
