// SPDX-License-Identifier: ISC
/*
 * What the parts of one connection share in the smtp process.
 */
#ifndef SMTPD_SERVER_H
#define SMTPD_SERVER_H

#include "auth/exchange.h"
#include "config/config.h"
#include "host/activation.h"
#include "host/log.h"
#include "pki/identity.h"
#include "tls/channel.h"

enum { SMTPD_ID_SIZE = 17 };

struct smtpd_server {
	const struct config *config;
	struct host_log *log;
	const struct host_connection *connection;
	struct tls_credentials *credentials; /* NULL with TLS off, and after a fault */
	bool shared;                         /* they are others' as well */
	struct tls_channel channel;
	struct tls_signer *signer; /* until the handshake is over; NULL: no key */
	char id[SMTPD_ID_SIZE];
	struct smtpd_limits *limits; /* what is shared with others; NULL: nothing */
	int64_t deadline;            /* of the whole session, by host_clock_ms */

	/* The peer, once the handshake has proved it; zeroed before and with TLS off. */
	bool proved;
	bool enrols_only; /* its key is nobody's: it may show a token, and no more */
	struct pki_identity identity;
	char device[PKI_PIN_HEX];
	bool first_use; /* of this device, which is not written down yet */
	struct tls_proved tls;
	struct auth_peer peer; /* the same, as auth/ wants it */

	/* A fault of ours: a sentence that names the file, and a status of sysexits.h. */
	struct buffer fault;
	int status;
};

/* Sixteen random hexadecimal digits, for sessions and messages. 0 or a negative errno. */
int smtpd_id(char ret[SMTPD_ID_SIZE]);

/* A deadline in so many seconds, or that of the session where that is nearer. */
int64_t smtpd_deadline(const struct smtpd_server *s, unsigned seconds);

/* Notes a fault of ours; error is a negative errno, which decides between a configuration
 * to mend and a shortage that passes. what is a printf format. */
void smtpd_fault(struct smtpd_server *s, int error, const char *what, ...)
	__attribute__((format(printf, 3, 4)));

/* The tls process has broken the protocol of the control channel: logged, and nothing it
 * says is heard any more. -EACCES, for the caller to pass on. */
int smtpd_violated(struct smtpd_server *s, const char *what);

/* One log record about this connection; message is a printf format. */
void smtpd_log(const struct smtpd_server *s, struct host_record record,
	const char *message, ...) __attribute__((format(printf, 3, 4)));

#endif
