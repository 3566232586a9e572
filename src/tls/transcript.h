// SPDX-License-Identifier: ISC
/*
 * A handshake as it was said, from the ClientHello to the client's CertificateVerify: the
 * messages with their headers, one behind the other, TLS 1.3 (RFC 8446 section 4) and TLS
 * 1.2 (RFC 5246 section 7.4). Reading it is bytes in, places out: what they mean, and
 * whether any of it is true, is decided in tls/proof.h.
 */
#ifndef TLS_TRANSCRIPT_H
#define TLS_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TLS_TRANSCRIPT_MAX = 112 * 1024, /* bytes; less than a control message holds */
	TLS_RANDOM_SIZE = 32,
	TLS_PEER_CHAIN_MAX = 8, /* certificates that a peer may send */
};

/* Bytes that belong to somebody else. */
struct tls_span {
	const uint8_t *data;
	size_t len;
};

struct tls_signed {
	uint16_t scheme; /* RFC 8446 section 4.2.3 */
	struct tls_span signature;
};

struct tls_transcript {
	bool tls13; /* else TLS 1.2 */
	uint16_t suite;
	struct tls_span
		retried;       /* the first ClientHello, where it was to be said again */
	const uint8_t *random; /* of the ServerHello, TLS_RANDOM_SIZE bytes */
	struct tls_span server_certificate;        /* DER, the leaf alone */
	struct tls_signed server;                  /* TLS 1.3: its CertificateVerify */
	struct tls_span key_exchange;              /* TLS 1.2: its ServerKeyExchange */
	struct tls_span chain[TLS_PEER_CHAIN_MAX]; /* the client's, leaf first */
	size_t n_chain;
	struct tls_span before; /* all that the client's signature is made over */
	struct tls_signed client;
};

/* Reads a whole handshake with a certificate on both sides, neither resumed nor with an
 * external key. 0 with *ret, which points into data; -EBADMSG for anything else, be it a
 * message out of place, one more or one byte more. */
int tls_transcript_read(const void *data, size_t len, struct tls_transcript *ret);

/* Reads the signature of a ServerKeyExchange, whose parameters are those of an elliptic
 * curve (RFC 8422 section 5.4) or not (RFC 5246 section 7.4.3). 0 or -EBADMSG. */
int tls_transcript_key_exchange(
	const struct tls_span *message, bool elliptic, struct tls_signed *ret);

#endif
