// SPDX-License-Identifier: ISC
/*
 * Text of certificates on standard output. Without memory nothing is written.
 */
#include "keys/put.h"

#include <stdio.h>
#include <string.h>

#include "base/calendar.h"
#include "base/cleanup.h"
#include "base/text.h"

void
keys_put_escaped(const char *text)
{
	CLEANUP(buffer_free) struct buffer line = { 0 };

	if (text_escape(&line, text, strlen(text)) == 0 && buffer_string(&line))
		fputs(buffer_string(&line), stdout);
}

void
keys_put_names(const struct keys_certificate *c)
{
	for (size_t i = 0; i < c->id.n_names; i++) {
		if (i > 0)
			fputs(", ", stdout);
		keys_put_escaped(c->id.names[i]);
	}
}

void
keys_put_value(const char *label, const char *text)
{
	printf("%-12s ", label);
	keys_put_escaped(*text ? text : "none");
	putchar('\n');
}

void
keys_put_time(const char *label, int64_t seconds)
{
	struct calendar c;
	char text[64];

	calendar_of(seconds, &c);
	snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d:%02d UTC", c.year, c.month,
		c.day, c.hour, c.minute, c.second);
	keys_put_value(label, text);
}
