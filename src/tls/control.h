// SPDX-License-Identifier: ISC
/*
 * The control channel between the tls process and the smtp process: one message is one
 * packet of a SOCK_SEQPACKET pair. Each side takes what the other sends for untrusted: a
 * message that is too long, too short or of a kind not expected there ends the
 * connection.
 */
#ifndef TLS_CONTROL_H
#define TLS_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "pki/identity.h"
#include "tls/transcript.h"

enum {
	TLS_CONTROL_MAX = 128 * 1024, /* bytes of one message */
	TLS_LAST_MAX = 64 * 1024,     /* bytes of replies that STARTTLS and LAST carry */
	TLS_EXPORTER_MAX = 64,
	TLS_TEXT_MAX = 64,
	TLS_TICKET_ID = 16,  /* bytes by which a ticket says under which key it is */
	TLS_TICKET_KEY = 64, /* of GnuTLS' keys for tickets */
};

enum tls_kind {
	/* From the tls process. */
	TLS_SIGN = 1, /* sign this with the server's key; answered by SIGNATURE */
	TLS_CLAIM,  /* from the verify callback; answered by VERDICT, with no other effect
		     */
	TLS_PROVED, /* the handshake has returned: the transcript proves the claimed key
		     */
	TLS_FAILED, /* the handshake has failed, why, and the alert */
	TLS_RELAYED, /* answer to STARTTLS: where the bytes in the clear end */
	TLS_GONE,    /* the peer's side of the stream has ended, and how */
	/* To the tls process. */
	TLS_SIGNATURE, /* empty: there is none */
	TLS_VERDICT,
	TLS_STARTTLS, /* send these bytes behind all relayed before, then start TLS */
	TLS_LAST,     /* send these bytes behind all relayed before, then close */
	TLS_BANNER, /* send these bytes and begin to relay, unless the peer was faster */
	/* From the tls process. */
	TLS_EARLY, /* answer to BANNER, if at all: the peer has spoken before its turn, so
		    * the banner was not sent and nothing of the peer's is relayed */
	TLS_FORBIDDEN, /* it has tried a system call that its filter forbids, and ends */
	TLS_TICKET,    /* from the ClientHello hook: the id of the ticket it shows, or
			* nothing;    answered by STEK */
	TLS_RESUMED,   /* the handshake has returned, of a session that was resumed: the
			* answer to TICKET has decrypted its ticket */
	/* To the tls process. */
	TLS_STEK, /* the key for the tickets of this connection; empty: there are none */
	TLS_KIND_LAST = TLS_STEK,
};

enum tls_gone {
	TLS_GONE_CLOSED,    /* close_notify, or the end of a plain stream */
	TLS_GONE_TRUNCATED, /* the end of the stream without close_notify */
	TLS_GONE_FAULT,     /* a fatal alert, a record that does not decrypt, a reset */
};

struct tls_sign {
	bool hash;          /* data is a digest, not what is to be digested */
	uint32_t algorithm; /* gnutls_sign_algorithm_t */
	const void *data;
	size_t len;
};

struct tls_claim {
	uint32_t status; /* GnuTLS' verification bits, for the log */
	enum pki_verdict verdict;
	enum pki_verdict leaf; /* of the certificate alone, no matter who has signed it */
	bool self_signed;
	struct pki_identity identity; /* zeroed where the certificate could not be read */
};

/* Of this the transcript alone is proof; the rest is for the log, and for a login that is
 * bound to the channel as the tls process has it. */
struct tls_proved {
	char version[TLS_TEXT_MAX];         /* "TLS1.3" */
	char cipher[TLS_TEXT_MAX];          /* "TLS_AES_256_GCM_SHA384" */
	uint8_t exporter[TLS_EXPORTER_MAX]; /* RFC 9266 */
	size_t exporter_len;                /* 0: not to be had in this session */
	struct tls_span transcript;         /* tls/transcript.h; RESUMED has none */
};

struct tls_failed {
	enum pki_verdict verdict;  /* on the certificate, PKI_TRUSTED: not for its sake */
	uint8_t pin[PKI_PIN_SIZE]; /* of the certificate that the peer sent */
	size_t pin_len;            /* 0: it sent none */
	int32_t error;             /* GnuTLS' error */
	char name[TLS_TEXT_MAX];   /* its name */
	char last[TLS_TEXT_MAX];   /* the last handshake message that came */
	int32_t alert;             /* the alert sent or received, -1 for none */
	bool received;             /* the peer sent it */
};

struct tls_relayed {
	uint64_t bytes;   /* written to the plain stream, all in the clear */
	uint64_t dropped; /* read from the network behind those, and thrown away */
};

/* One message, decoded. Pointers in it point into the buffer it was received in. */
struct tls_message {
	enum tls_kind kind;
	union {
		struct tls_sign sign;
		struct tls_claim claim;   /* its names are allocated: tls_message_clear */
		struct tls_proved proved; /* RESUMED as well */
		struct tls_failed failed;
		struct tls_relayed relayed;
		enum tls_gone gone;
		uint32_t verdict; /* 0 admits, else the alert that refuses */
		uint32_t call;    /* FORBIDDEN: its number */
		struct {
			const void *data;
			size_t len;
		} bytes; /* SIGNATURE, STARTTLS, LAST, BANNER, TICKET, STEK */
	};
};

/* Sends FORBIDDEN without waiting, as a signal handler may. */
void tls_control_send_forbidden(int fd, uint32_t call);

/* Waits until the whole message is sent. 0, -EPIPE where the other side is gone, or
 * another negative errno. */
int tls_control_send(int fd, const struct tls_message *m);

/* Receives one message, blocking if the descriptor does, into buffer, which is emptied
 * first. 0; -EPIPE at the end; -EAGAIN; -EBADMSG for what cannot be read. On success the
 * caller ends *ret with tls_message_clear. */
int tls_control_receive(int fd, struct buffer *buffer, struct tls_message *ret);
void tls_message_clear(struct tls_message *m);

/* The two halves of it, for tests. */
int tls_message_encode(struct buffer *b, const struct tls_message *m);
int tls_message_decode(const void *data, size_t len, struct tls_message *ret);

#endif
