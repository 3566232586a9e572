// SPDX-License-Identifier: ISC
#include "smtpd/note.h"

#include <stdarg.h>
#include <stdio.h>

void
smtpd_note(struct host_log *log, struct host_record record, const char *message, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, message);
	vsnprintf(text, sizeof text, message, ap);
	va_end(ap);
	record.message = text;
	host_log_write(log, &record);
}
