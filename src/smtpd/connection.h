// SPDX-License-Identifier: ISC
/*
 * One connection, from the descriptor that was passed to the exit status.
 */
#ifndef SMTPD_CONNECTION_H
#define SMTPD_CONNECTION_H

#include "config/config.h"
#include "host/activation.h"
#include "host/log.h"

/* Serves it and answers an exit status of sysexits.h: EX_OK whatever the peer did,
 * EX_TEMPFAIL, EX_OSERR or EX_CONFIG for faults of ours. */
int smtpd_connection_serve(const struct config *config, struct host_log *log,
	const struct host_connection *connection);

#endif
