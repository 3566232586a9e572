// SPDX-License-Identifier: ISC
/*
 * What the configuration asks for against what there is: the abilities of this program,
 * and, for postern-smtpd -t, every file that is named, looked at as the service would.
 */
#ifndef SMTPD_CHECK_H
#define SMTPD_CHECK_H

#include "base/buffer.h"
#include "config/config.h"

/* Values of the configuration that ask for protection or service which this program does
 * not have: better not to serve than without. Appends a line for each; their number. */
int smtpd_check_abilities(const struct config *config, struct buffer *faults);

/* Appends a line for each fault; the number of faults. */
int smtpd_check(const struct config *config, struct buffer *faults);

#endif
