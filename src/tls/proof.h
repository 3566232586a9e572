// SPDX-License-Identifier: ISC
/*
 * Proof, in the smtp process, that a peer holds a key: from the transcript that the tls
 * process hands over, and from what the smtp process knows of the handshake by itself.
 * The tls process sees all of a handshake and may lie in all that it says.
 *
 * What it cannot do is sign for somebody else. A client's CertificateVerify is made over
 * everything said before it, so where that includes the random that was drawn here, the
 * signature that was made here and our certificate, the client has spoken with this
 * connection and no other, and has known it. The one lie that is left is none: a client
 * that takes the tls process for its server, because its own connection was led there,
 * has in truth spoken with this connection.
 */
#ifndef TLS_PROOF_H
#define TLS_PROOF_H

#include "base/buffer.h"
#include "pki/identity.h"
#include "tls/credentials.h"
#include "tls/transcript.h"

struct gnutls_x509_crt_int;

/* What the smtp process knows. Borrowed. */
struct tls_terms {
	const struct tls_credentials *credentials;
	const uint8_t *random; /* as drawn, for this connection alone */
	struct tls_span made;  /* the one signature; empty: none was made */
};

/* Both answer 0; -EPROTO where the tls process has lied; -EKEYREJECTED where a peer may
 * have done what cannot be taken for proof; -ENOMEM. *ret_reason is a word for the log
 * unless it is 0. */

/* Whether the transcript is one of this connection. */
int tls_proof_bind(const struct tls_terms *terms, const struct tls_transcript *t,
	const char **ret_reason);

/* Whether the client has signed the transcript with the key of that certificate. */
int tls_proof_verify(const struct tls_transcript *t,
	struct gnutls_x509_crt_int *certificate, const char **ret_reason);

/* The same for the key whose SHA-256 is known: it is looked for in the certificate that
 * the client has sent, of which nothing else is read, and may be of any form as long as
 * the key is no weaker than GnuTLS' level medium. */
int tls_proof_verify_pin(const struct tls_transcript *t, const uint8_t pin[PKI_PIN_SIZE],
	const char **ret_reason);

#endif
