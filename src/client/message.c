// SPDX-License-Identifier: ISC
/*
 * Gives a message out, block by block, and closes its file. The one fault is a file that
 * cannot be read (temporary), or a lack of memory.
 */
#include "client/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { BLOCK = 65536 };

/* Lines of a block with CRLF behind them. */
static int
copy_lines(
	struct client_message_reader *r, const char *data, size_t len, struct buffer *out)
{
	while (len > 0) {
		const char *newline = memchr(data, '\n', len);
		size_t n = newline ? (size_t)(newline - data) : len;

		if (r->dots && !r->in_line && *data == '.' &&
			buffer_append(out, ".", 1) < 0)
			return -ENOMEM;
		if (buffer_append(out, data, n) < 0)
			return -ENOMEM;
		r->in_line = !newline;
		if (newline && buffer_append(out, "\r\n", 2) < 0)
			return -ENOMEM;
		n += newline ? 1 : 0;
		data += n;
		len -= n;
	}
	return 0;
}

int
client_message_next(
	struct client_message_reader *r, struct buffer *out, struct client_fault *fault)
{
	CLEANUP_FREE char *block = malloc(BLOCK);
	ssize_t n;

	if (!block)
		return client_fault_memory(fault);
	do
		n = pread(r->message->fd, block, BLOCK, r->at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return client_fault_set(fault, EX_TEMPFAIL,
			"cannot read the temporary file: %s", strerror(errno));
	if (n == 0)
		return 0;
	r->at += n;
	if (copy_lines(r, block, (size_t)n, out) < 0)
		return client_fault_memory(fault);
	return 1;
}

void
client_message_close(struct client_message *m)
{
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}
