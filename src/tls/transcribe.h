// SPDX-License-Identifier: ISC
/*
 * The tls process' notes: every message of the handshake, for the smtp process to read,
 * and the random that was drawn there, said in the ServerHello.
 */
#ifndef TLS_TRANSCRIBE_H
#define TLS_TRANSCRIBE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "tls/credentials.h"
#include "tls/transcript.h"

struct gnutls_session_int;

/* Zeroed but for the first two, which are borrowed. */
struct tls_transcriber {
	const struct tls_credentials *credentials;
	const uint8_t *random; /* TLS_RANDOM_SIZE bytes, as drawn */
	struct buffer text;    /* as tls/transcript.h has it; the caller frees it */
	bool whole;            /* the client's CertificateVerify has come */
	bool tls13;            /* the version for which the random was said */
};

/* Called with each message, before it is read or sent: its type as GnuTLS has it and its
 * body. Notes it, until the transcript is whole, and has the ServerHello that answers a
 * ClientHello say the random. 0, or an error of GnuTLS that has to end the handshake;
 * GNUTLS_E_HANDSHAKE_TOO_LARGE where the transcript would pass TLS_TRANSCRIPT_MAX. */
int tls_transcribe(struct tls_transcriber *t, struct gnutls_session_int *session,
	unsigned type, bool incoming, const void *body, size_t len);

#endif
