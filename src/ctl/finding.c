// SPDX-License-Identifier: ISC
/*
 * Findings on their way to standard output. Without memory a line is lost, and counts all
 * the same.
 */
#include "ctl/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"

enum { WARNED = 1, SENTENCE_MAX = 1024 };

static const char *const LEVELS[CTL_LEVELS] = { "OK", "warning", "error" };

void
ctl_finding_remedy(struct ctl_findings *f, const char *format, ...)
{
	char text[SENTENCE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	buffer_consume(&f->remedy, buffer_len(&f->remedy));
	buffer_puts(&f->remedy, text);
}

static void
put_row(struct ctl_findings *f, enum ctl_level level, const char *subject,
	const char *text)
{
	struct buffer *b = &f->rows;

	buffer_puts(b, buffer_len(b) > 0 ? ",\n  {" : "\n  {");
	json_member(b, "subject", subject);
	json_member(b, "level", LEVELS[level]);
	json_member(b, "finding", text);
	json_member(b, "remedy",
		buffer_len(&f->remedy) > 0 ? buffer_string(&f->remedy) : NULL);
	buffer_puts(b, "}");
}

static void
print_row(struct ctl_findings *f, enum ctl_level level, const char *subject,
	const char *text)
{
	CLEANUP(buffer_free) struct buffer safe = { 0 };
	CLEANUP(buffer_free) struct buffer remedy = { 0 };

	text_escape(&safe, text, strlen(text));
	printf("%-8s %-12s %s\n", LEVELS[level], subject, buffer_string(&safe));
	if (buffer_len(&f->remedy) == 0)
		return;
	text_escape(&remedy, buffer_data(&f->remedy), buffer_len(&f->remedy));
	printf("%-8s %-12s mend it: %s\n", "", "", buffer_string(&remedy));
}

void
ctl_finding_add(struct ctl_findings *f, enum ctl_level level, const char *subject,
	const char *format, ...)
{
	char text[SENTENCE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	f->n[level]++;
	(f->json ? put_row : print_row)(f, level, subject, text);
	buffer_consume(&f->remedy, buffer_len(&f->remedy));
}

int
ctl_findings_end(struct ctl_findings *f)
{
	size_t all = f->n[CTL_FINE] + f->n[CTL_WARNING] + f->n[CTL_ERROR];

	if (f->json)
		printf("[%s\n]\n", buffer_len(&f->rows) ? buffer_string(&f->rows) : "");
	else
		printf("%zu looked at: %zu OK, %zu warnings, %zu errors\n", all,
			f->n[CTL_FINE], f->n[CTL_WARNING], f->n[CTL_ERROR]);
	buffer_free(&f->rows);
	buffer_free(&f->remedy);
	if (f->n[CTL_ERROR] > 0)
		return EX_CONFIG;
	return f->n[CTL_WARNING] > 0 ? WARNED : EX_OK;
}
