// SPDX-License-Identifier: ISC
/*
 * Log records of the resident parent, which belong to no session.
 */
#ifndef SMTPD_NOTE_H
#define SMTPD_NOTE_H

#include "host/log.h"

/* message is a printf format; what it makes is cut at 512 bytes. */
void smtpd_note(struct host_log *log, struct host_record record, const char *message, ...)
	__attribute__((format(printf, 3, 4)));

#endif
