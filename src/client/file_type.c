// SPDX-License-Identifier: ISC
/*
 * libmagic and its table. What it says goes into a header, so it is looked at first.
 * There are no faults: what fails leaves a type that is always right.
 */
#include "client/file_type.h"

#include <magic.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "client/mime.h"

static const char ANY[] = "application/octet-stream";

static magic_t
handle(struct client_file_type *t)
{
	return (magic_t)(void *)t;
}

struct client_file_type *
client_file_type_open(void)
{
	magic_t magic = magic_open(MAGIC_MIME);

	if (!magic)
		return NULL;
	if (magic_load(magic, NULL) == 0)
		return (struct client_file_type *)(void *)magic;
	magic_close(magic);
	return NULL;
}

void
client_file_type_close(struct client_file_type *t)
{
	if (t)
		magic_close(handle(t));
}

void
client_file_type(struct client_file_type *t, const void *data, size_t len,
	char ret[CLIENT_FILE_TYPE_SIZE])
{
	const char *type = t && len > 0 ? magic_buffer(handle(t), data, len) : NULL;
	size_t n = type ? strlen(type) : 0;
	char *charset;

	if (n == 0 || n >= CLIENT_FILE_TYPE_SIZE || !client_mime_is_type(type) ||
		text_begins(type, n, "message/") || text_begins(type, n, "multipart/")) {
		snprintf(ret, CLIENT_FILE_TYPE_SIZE, "%s", ANY);
		return;
	}
	snprintf(ret, CLIENT_FILE_TYPE_SIZE, "%s", type);
	charset = strchr(ret, ';');
	/* Of "binary" and "unknown-8bit" nobody learns anything. */
	if (charset && (!text_begins(ret, n, "text/") || strstr(charset, "=binary") ||
			       strstr(charset, "=unknown")))
		*charset = '\0';
}
