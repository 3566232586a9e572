// SPDX-License-Identifier: ISC
/*
 * JSON strings and arrays of them. Faults: -ENOMEM.
 */
#include "ctl/json.h"

#include <string.h>

int
ctl_json_string(struct buffer *b, const char *text, size_t len)
{
	int r = buffer_puts(b, "\"");

	for (size_t i = 0; r == 0 && i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			r = buffer_printf(b, "\\%c", c);
		else if (c < ' ' || c > '~')
			r = buffer_printf(b, "\\u%04x", c);
		else
			r = buffer_append(b, text + i, 1);
	}
	return r < 0 ? r : buffer_puts(b, "\"");
}

int
ctl_json_list(struct buffer *b, const char *text, size_t len)
{
	int r = buffer_puts(b, "[");

	while (r == 0 && len > 0) {
		const char *comma = memchr(text, ',', len);
		size_t n = comma ? (size_t)(comma - text) : len;

		r = ctl_json_string(b, text, n);
		if (r == 0 && comma)
			r = buffer_puts(b, ", ");
		n += comma != NULL;
		text += n;
		len -= n;
	}
	return r < 0 ? r : buffer_puts(b, "]");
}
