// SPDX-License-Identifier: ISC
/*
 * The end of the server's own certificate, told in time.
 */
#ifndef SMTPD_EXPIRY_H
#define SMTPD_EXPIRY_H

#include "smtpd/server.h"

/* Logs that the certificate of s->credentials ends soon, once a day for all instances: a
 * file in the folder they share, `expiry-warned`, is touched then. */
void smtpd_expiry_warn(const struct smtpd_server *s);

#endif
