// SPDX-License-Identifier: ISC
/*
 * Lines of findings, and their objects in JSON (RFC 8259): an array of {"check", "state",
 * "text", "remedy"}. Text from the network is made harmless here. What there is no memory
 * for is left out.
 */
#include "client/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "client/show.h"

enum { TEXT_SIZE = 2400 };

static const char *const words[] = {
	[CLIENT_FINE] = "OK", [CLIENT_WARNING] = "WARNING", [CLIENT_ERROR] = "ERROR"
};
static const char *const states[] = {
	[CLIENT_FINE] = "ok", [CLIENT_WARNING] = "warning", [CLIENT_ERROR] = "error"
};

static int
put_object(struct buffer *b, enum client_finding_kind kind, const char *what,
	const char *remedy, const char *text)
{
	int r = buffer_puts(b, buffer_len(b) > 0 ? ",\n  {" : "  {");

	if (r == 0)
		r = json_member(b, "check", what);
	if (r == 0)
		r = json_member(b, "state", states[kind]);
	if (r == 0)
		r = json_member(b, "text", text);
	if (r == 0 && remedy)
		r = json_member(b, "remedy", remedy);
	return r == 0 ? buffer_puts(b, "}") : r;
}

void
client_finding_add(struct client_findings *f, enum client_finding_kind kind,
	const char *what, const char *remedy, const char *format, ...)
{
	CLEANUP(buffer_free) struct buffer clean = { 0 }, cure = { 0 };
	char text[TEXT_SIZE];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	f->n++;
	f->errors += kind == CLIENT_ERROR;
	if (client_show_clean(&clean, text, strlen(text)) < 0 || !buffer_string(&clean))
		return;
	if (remedy && (client_show_clean(&cure, remedy, strlen(remedy)) < 0 ||
			      !buffer_string(&cure)))
		return;
	if (f->json) {
		put_object(&f->objects, kind, what, remedy ? buffer_string(&cure) : NULL,
			buffer_string(&clean));
		return;
	}
	printf("%-8s %-12s %s\n", words[kind], what, buffer_string(&clean));
	if (remedy)
		printf("%-8s %-12s %s\n", "", "what to do:", buffer_string(&cure));
	fflush(stdout);
}

void
client_findings_end(struct client_findings *f)
{
	if (f->json)
		printf("[\n%s\n]\n",
			buffer_len(&f->objects) > 0 ? buffer_string(&f->objects) : "");
	buffer_free(&f->objects);
}
