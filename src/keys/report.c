// SPDX-License-Identifier: ISC
/*
 * What the program says when it fails. Bytes that are no printable ASCII are escaped,
 * because names come from the command line and from files.
 */
#include "keys/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/cleanup.h"

static void
put_printable(const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c >= 0x7f)
			fprintf(stderr, "\\x%02x", c);
		else
			fputc(c, stderr);
	}
}

int
keys_fail(int status, const char *format, ...)
{
	CLEANUP_FREE char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	fputs("postern-keys: ", stderr);
	put_printable(text ? text : "no memory");
	fputc('\n', stderr);
	return status;
}

int
keys_end(int status)
{
	if (fclose(stdout) != 0 && status == 0)
		return keys_fail(EX_IOERR, "standard output cannot be written");
	return status;
}
