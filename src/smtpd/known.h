// SPDX-License-Identifier: ISC
/*
 * What a resident parent has read for all its handlers: configuration, certificates,
 * roots and revocation lists, never the private key, and the log that they share. It is
 * looked at before every connection and read again when a file has changed, so that a
 * change holds from the next connection on, as it does where each handler reads for
 * itself.
 */
#ifndef SMTPD_KNOWN_H
#define SMTPD_KNOWN_H

#include "config/config.h"
#include "host/log.h"
#include "host/stamp.h"
#include "smtpd/options.h"
#include "tls/credentials.h"

struct smtpd_known {
	const struct smtpd_options *options;
	struct config *config;
	/* NULL with TLS off, and where they cannot be loaded: then each handler tries by
	 * itself, refuses its peer, and says which file is at fault. */
	struct tls_credentials *credentials;
	struct host_log *log;
	struct {
		struct host_stamp config, cert, ca, crl, log;
	} stamps;
	char *fault; /* of a configuration that was not taken, as it was logged */
};

/* Begins with a configuration and an open log, which are its own from then on. */
void smtpd_known_begin(struct smtpd_known *k, const struct smtpd_options *options,
	struct config *config, struct host_log *log);
void smtpd_known_free(struct smtpd_known *k);

/* Reads the certificates, roots and lists. Whether all is well; what is not is logged. */
bool smtpd_known_load(struct smtpd_known *k);

/* Reads again what has changed. A configuration that is faulty, or that differs in what
 * only a new start can change, is not taken: that is logged once, and the old one stays.
 */
void smtpd_known_renew(struct smtpd_known *k);

/* Reads all of it again, and opens the log again. As smtpd_known_load. */
bool smtpd_known_reload(struct smtpd_known *k);

/* Whether a process that begins now would begin well, by a configuration that differs as
 * little as smtpd_known_renew allows. */
bool smtpd_known_would_begin(const struct smtpd_known *k);

#endif
