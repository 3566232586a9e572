// SPDX-License-Identifier: ISC
/*
 * One connection, from the descriptor that was passed to the exit status.
 */
#ifndef SMTPD_CONNECTION_H
#define SMTPD_CONNECTION_H

#include <sysexits.h>

#include "config/config.h"
#include "host/activation.h"
#include "host/log.h"
#include "tls/credentials.h"

/* The tls process was ended by a signal. */
enum { SMTPD_TLS_PROCESS_DIED = EX_SOFTWARE };

/* Serves it and answers an exit status of sysexits.h: EX_OK whatever the peer did,
 * EX_TEMPFAIL, EX_OSERR or EX_CONFIG for faults of ours, or SMTPD_TLS_PROCESS_DIED.
 * shared are the credentials that were read for many connections, which stay the
 * caller's; with NULL they are read here. */
int smtpd_connection_serve(const struct config *config, struct host_log *log,
	const struct host_connection *connection, struct tls_credentials *shared);

#endif
