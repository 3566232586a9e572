// SPDX-License-Identifier: ISC
/*
 * postern-smtpd -t: every file that the configuration names, looked at as the service
 * would.
 */
#ifndef SMTPD_CHECK_H
#define SMTPD_CHECK_H

#include "base/buffer.h"
#include "config/config.h"

/* Appends a line for each fault; the number of faults. */
int smtpd_check(const struct config *config, struct buffer *faults);

#endif
