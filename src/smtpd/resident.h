// SPDX-License-Identifier: ISC
/*
 * Resident mode: a parent that accepts, and forks for each connection the handler that
 * serves a connection anywhere else. It reads nothing that a peer sends, and never the
 * private key.
 */
#ifndef SMTPD_RESIDENT_H
#define SMTPD_RESIDENT_H

#include "config/config.h"
#include "host/listen.h"
#include "smtpd/options.h"

/* Serves until it is told to stop. Takes the configuration over. argv is what this
 * program was started with, by which it executes itself anew. An exit status of
 * sysexits.h. */
int smtpd_resident_run(const struct smtpd_options *options, char *const *argv,
	struct config *config, const struct host_listeners *listeners);

#endif
