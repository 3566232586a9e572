// SPDX-License-Identifier: ISC
/*
 * The steps that come before anybody is served, whether for one connection or for many:
 * becoming the service's user, opening the log. Their faults are told to stderr, since
 * there is no log yet, and answered as a status of sysexits.h.
 */
#ifndef SMTPD_START_H
#define SMTPD_START_H

#include "base/buffer.h"
#include "config/config.h"
#include "host/log.h"

/* Becomes the user of the configuration, if started as root, and locks the process
 * against others of that user. EX_OK, EX_CONFIG, EX_OSERR. */
int smtpd_start_become(const struct config *config);

/* EX_OK with *ret, EX_CONFIG, EX_TEMPFAIL. */
int smtpd_start_log(const struct config *config, struct host_log **ret);

/* Prints faults, a line each, with the program's name before it. */
void smtpd_start_print(struct buffer *faults);

#endif
