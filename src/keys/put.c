// SPDX-License-Identifier: ISC
/*
 * Text of certificates on standard output. Without memory nothing is written.
 */
#include "keys/put.h"

#include <stdio.h>
#include <string.h>

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
