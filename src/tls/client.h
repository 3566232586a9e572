// SPDX-License-Identifier: ISC
/*
 * The client's TLS session over a connected, non-blocking socket: TLS 1.2 and later, the
 * server verified against one file of roots and by its name, or by a key that is known,
 * our certificate shown to whoever asks. Every call that may wait has a deadline, in
 * milliseconds of host_clock_ms.
 *
 * In TLS 1.3 the server's refusal of our certificate comes after the handshake has
 * returned here: the first read says it.
 */
#ifndef TLS_CLIENT_H
#define TLS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

enum { TLS_CLIENT_EXPORTER_SIZE = 32 };

struct tls_client_credentials;
struct tls_client;

/* What the server is verified by, and what we show. */
struct tls_client_files {
	const char *ca; /* file of roots; or NULL, and */
	const uint8_t
		*pin; /* the SHA-256 of the key of the server, or of one of its issuers */
	const char *cert, *key;           /* our files; both NULL: none */
	const char *cert_text, *key_text; /* or PEM in memory */
};

/* Reads them. 0 with *ret, or a negative errno with a sentence in fault that names the
 * file. */
int tls_client_credentials_load(const struct tls_client_files *files,
	struct tls_client_credentials **ret, struct buffer *fault);
void tls_client_credentials_free(struct tls_client_credentials *c);

/* Handshakes on fd, which stays the caller's, and verifies that the server is host, a DNS
 * name or the text of an IP address; or, where its own key is the one that is known, that
 * it has that key. A wait ends early where the descriptor cancel
 * becomes readable (-1: never). credentials must outlive the session. 0 with *ret, or a
 * negative errno, with a sentence in fault that says what happened and what to do:
 *   -EPROTO      what the server says is no TLS that we take, or one side refuses the
 *                other
 *   -EREMOTEIO   the server says that the fault is its own
 *   -ETIMEDOUT   the deadline has passed
 *   -ECONNRESET  the connection is lost
 *   -ECANCELED, -ENOMEM */
int tls_client_start(struct tls_client_credentials *credentials, int fd, int cancel,
	const char *host, int64_t deadline, struct tls_client **ret,
	struct buffer *fault);

/* Reads at least one byte: 0 with *ret_len, which is 0 only at the end of the stream.
 * -EAGAIN where nothing has come and the deadline is 0; else as above. */
int tls_client_read(struct tls_client *t, void *data, size_t len, int64_t deadline,
	size_t *ret_len, struct buffer *fault);

/* Writes all of it. 0, or as above. */
int tls_client_write(struct tls_client *t, const void *data, size_t len, int64_t deadline,
	struct buffer *fault);

/* The tls-exporter channel binding (RFC 9266). 0, or -ENOTSUP where this session has
 * none. */
int tls_client_exporter(struct tls_client *t, uint8_t ret[TLS_CLIENT_EXPORTER_SIZE]);

/* The certificate, PEM, whose key has the pin, and whether it is an issuer's or the
 * server's own; NULL where the server was verified by roots. Lives as long as t. */
const struct buffer *tls_client_pinned(const struct tls_client *t, bool *ret_is_issuer);

/* Appends the server's own certificate, or ours as it was shown, DER. 0, -ENODATA where
 * there is none, or -ENOMEM. */
int tls_client_peer(const struct tls_client *t, struct buffer *ret);
int tls_client_own(const struct tls_client *t, struct buffer *ret);

/* A few words on protocol and cipher; lives as long as t. */
const char *tls_client_describe(const struct tls_client *t);

/* Says goodbye, as far as that needs no waiting, and frees. NULL does nothing. */
void tls_client_end(struct tls_client *t);

#endif
