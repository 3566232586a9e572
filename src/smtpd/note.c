// SPDX-License-Identifier: ISC
/*
 * The message of a record, made of a format. What it does not fit is cut.
 */
#include "smtpd/note.h"

#include <stdio.h>

void
smtpd_note_args(struct host_log *log, struct host_record record, const char *message,
	va_list args)
{
	char text[512];

	vsnprintf(text, sizeof text, message, args);
	record.message = text;
	host_log_write(log, &record);
}

void
smtpd_note(struct host_log *log, struct host_record record, const char *message, ...)
{
	va_list ap;

	va_start(ap, message);
	smtpd_note_args(log, record, message, ap);
	va_end(ap);
}
