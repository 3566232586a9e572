// SPDX-License-Identifier: ISC
/*
 * Who the server is, as the client verifies it: by the roots of its credentials and the
 * name that it was called by, or by a key that the client knows.
 */
#ifndef TLS_CLIENT_VERIFY_H
#define TLS_CLIENT_VERIFY_H

#include <stdbool.h>

#include "base/buffer.h"
#include "pki/identity.h"

struct gnutls_session_int;

/* Its owner sets host and pin, zeroes the rest, and frees what is in pinned. */
struct tls_client_check {
	const char *host;   /* a DNS name or the text of an address */
	const uint8_t *pin; /* PKI_PIN_SIZE bytes, or NULL: by the roots */
	/* What was found. */
	bool missing;         /* no certificate of the server's has the pin */
	unsigned status;      /* GnuTLS' bits, 0 where all is well */
	bool is_issuer;       /* the pin is that of an issuer */
	struct buffer pinned; /* the certificate that has it, PEM */
};

/* Whether host is the text of an address rather than a name. */
bool tls_client_is_address(const char *host);

/* Verifies the chain that the server has shown, for the purpose of a server. By the
 * roots, or below an issuer that has the pin, its certificate has to be for host; with a
 * key that has the pin itself it may be for anybody. 0; -EKEYREJECTED with the reason in
 * *c; or -ENOMEM. */
int tls_client_verify(struct tls_client_check *c, struct gnutls_session_int *session);

#endif
