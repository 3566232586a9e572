// SPDX-License-Identifier: ISC
/*
 * Log records whose message is a printf format; what it makes is cut at 512 bytes.
 * smtpd_log (server.h) is for those that belong to a session.
 */
#ifndef SMTPD_NOTE_H
#define SMTPD_NOTE_H

#include <stdarg.h>

#include "host/log.h"

void smtpd_note(struct host_log *log, struct host_record record, const char *message, ...)
	__attribute__((format(printf, 3, 4)));
void smtpd_note_args(struct host_log *log, struct host_record record, const char *message,
	va_list args) __attribute__((format(printf, 3, 0)));

#endif
