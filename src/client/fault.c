// SPDX-License-Identifier: ISC
/*
 * The fault's sentence and status. Nothing is owned; a sentence that is too long is cut.
 */
#include "client/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

int
client_fault_set(struct client_fault *fault, int status, const char *format, ...)
{
	va_list ap;

	if (fault->status != 0)
		return -ECANCELED;
	va_start(ap, format);
	vsnprintf(fault->text, sizeof fault->text, format, ap);
	va_end(ap);
	fault->status = status;
	return -ECANCELED;
}

void
client_fault_more(struct client_fault *fault, const char *more)
{
	size_t len = strlen(fault->text);

	snprintf(fault->text + len, sizeof fault->text - len, "%s", more);
}

int
client_fault_memory(struct client_fault *fault)
{
	return client_fault_set(fault, EX_TEMPFAIL, "out of memory");
}

void
client_say(const char *format, ...)
{
	char text[CLIENT_FAULT_TEXT];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	fprintf(stderr, "postern: %s\n", text);
}
