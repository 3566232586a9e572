// SPDX-License-Identifier: ISC
/*
 * Takes a message in. The file has no name, so nothing stays whatever happens; at most a
 * block is in memory, and the header, which has a limit where it is to be read. Faults:
 * the message cannot be sent as it is (data), there is no room for it (temporary).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/utf8.h"
#include "client/message.h"

enum { BLOCK = 65536, HEADER_MAX = 1 << 20 };

static int
open_unnamed(const char *folder)
{
	char path[4096];
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	if ((size_t)snprintf(path, sizeof path, "%s/postern-XXXXXX", folder) >=
		sizeof path)
		return -1;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static int
open_spool(struct client_fault *fault)
{
	const char *folders[] = { getenv("TMPDIR"), "/var/tmp", "/tmp" };

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		int fd = folders[i] ? open_unnamed(folders[i]) : -1;

		if (fd >= 0)
			return fd;
	}
	return client_fault_set(fault, EX_TEMPFAIL,
		"cannot make a temporary file in TMPDIR, /var/tmp or /tmp: %s",
		strerror(errno));
}

static int
flush_out(struct client_intake *in)
{
	while (buffer_len(&in->out) > 0) {
		ssize_t n = write(
			in->message->fd, buffer_data(&in->out), buffer_len(&in->out));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return client_fault_set(in->fault, EX_TEMPFAIL,
				"cannot write the message to a temporary file: %s",
				strerror(errno));
		buffer_consume(&in->out, (size_t)n);
	}
	return 0;
}

/* Bytes of a line, or its end, into the file. */
static int
put_bytes(struct client_intake *in, const char *data, size_t len)
{
	in->message->size += len;
	if (buffer_append(&in->out, data, len) < 0)
		return client_fault_memory(in->fault);
	return buffer_len(&in->out) >= BLOCK ? flush_out(in) : 0;
}

static int
put_end(struct client_intake *in)
{
	in->message->size++;
	return put_bytes(in, "\n", 1);
}

/* Whether a field has this name; blanks before the colon are an obsolete form. */
static bool
is_field(const char *field, size_t len, const char *name)
{
	const char *colon = memchr(field, ':', len);
	size_t n = colon ? (size_t)(colon - field) : 0;

	while (n > 0 && (field[n - 1] == ' ' || field[n - 1] == '\t'))
		n--;
	return text_equal(field, n, name);
}

/* The addresses of a field: its lines, with their ends, from start. */
static int
read_field(struct client_intake *in, const char *field, size_t len)
{
	const char *colon = memchr(field, ':', len);
	int r;

	if (!in->recipients)
		return 0;
	if (!is_field(field, len, "To") && !is_field(field, len, "Cc") &&
		!is_field(field, len, "Bcc"))
		return 0;
	r = client_addresses_read(
		in->recipients, colon + 1, (size_t)(field + len - colon) - 1);
	if (r == -ENOMEM)
		return client_fault_memory(in->fault);
	if (r == -E2BIG)
		return client_fault_set(in->fault, EX_DATAERR,
			"the message names more than %d recipients",
			CLIENT_RECIPIENTS_MAX);
	if (r < 0)
		return client_fault_set(in->fault, EX_DATAERR,
			"the message's %.*s cannot be read: expected addresses of ASCII "
			"with "
			"commas between them",
			(int)(colon - field), field);
	return 0;
}

static int
put_field(struct client_intake *in, const char *field, size_t len)
{
	const char *end = field + len;

	if (in->recipients && is_field(field, len, "Bcc"))
		return 0;
	while (field < end) {
		const char *newline = memchr(field, '\n', (size_t)(end - field));
		int r = put_bytes(in, field, (size_t)(newline - field));

		if (r == 0)
			r = put_end(in);
		if (r < 0)
			return r;
		field = newline + 1;
	}
	return 0;
}

/* The length of the field at p: its line and those that go on with it. */
static size_t
field_length(const char *p, const char *end)
{
	const char *q = p;

	do
		q = (const char *)memchr(q, '\n', (size_t)(end - q)) + 1;
	while (q < end && (*q == ' ' || *q == '\t'));
	return (size_t)(q - p);
}

/* The header is whole, each line with its end. */
static int
end_header(struct client_intake *in)
{
	const char *p = buffer_data(&in->header);
	size_t len = buffer_len(&in->header);
	const char *end = p + len;
	int r = 0;

	in->message->utf8 = len > 0 && utf8_has_more_than_ascii(p, len) &&
			    utf8_is_valid(p, len);
	while (r == 0 && p < end) {
		size_t n = field_length(p, end);

		r = read_field(in, p, n);
		if (r == 0)
			r = put_field(in, p, n);
		p += n;
	}
	in->in_header = false;
	buffer_free(&in->header);
	return r;
}

/* What has no end of its header has no header. */
static int
give_header_up(struct client_intake *in)
{
	CLEANUP(buffer_free) struct buffer text = in->header;
	const char *p = buffer_data(&text);
	const char *end = p + buffer_len(&text);
	int r = 0;

	in->header = (struct buffer){ 0 };
	in->in_header = false;
	while (r == 0 && p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((newline ? newline : end) - p);

		r = put_bytes(in, p, n);
		if (r == 0 && newline)
			r = put_end(in);
		p += n + 1;
	}
	return r;
}

static int
header_bytes(struct client_intake *in, const char *data, size_t len)
{
	int r;

	if (buffer_len(&in->header) + len <= HEADER_MAX)
		return buffer_append(&in->header, data, len) < 0
			       ? client_fault_memory(in->fault)
			       : 0;
	if (in->recipients)
		return client_fault_set(in->fault, EX_DATAERR,
			"the message's header has more than %d bytes", HEADER_MAX);
	r = give_header_up(in);
	return r < 0 ? r : put_bytes(in, data, len);
}

static int
take_part(struct client_intake *in, const char *data, size_t len)
{
	struct client_message *m = in->message;

	if (memchr(data, '\0', len) || memchr(data, '\r', len))
		return client_fault_set(in->fault, EX_DATAERR,
			"line %llu of the message has a %s: expected text with lines "
			"that "
			"end in LF or CRLF",
			(unsigned long long)in->line,
			memchr(data, '\0', len) ? "NUL" : "CR that ends no line");
	for (size_t i = 0; i < len && !m->eight_bit; i++)
		m->eight_bit = (unsigned char)data[i] >= 0x80;
	in->in_line = in->in_line || len > 0;
	return in->in_header ? header_bytes(in, data, len) : put_bytes(in, data, len);
}

static int
take_line_end(struct client_intake *in)
{
	int r;

	in->line++;
	in->in_line = false;
	if (!in->in_header)
		return put_end(in);
	if (buffer_len(&in->header) == in->line_start) {
		r = end_header(in);
		return r < 0 ? r : put_end(in);
	}
	/* The one byte may find no room either. */
	if (buffer_append(&in->header, "\n", 1) < 0)
		return client_fault_memory(in->fault);
	in->line_start = buffer_len(&in->header);
	return 0;
}

/* One run of bytes up to a LF, or to the end of the block. */
static int
take_run(struct client_intake *in, const char *data, size_t len, bool ended)
{
	int r = 0;

	if (in->carriage && (len > 0 || !ended))
		r = take_part(in, "\r", 1);
	in->carriage = len > 0 && data[len - 1] == '\r';
	if (r == 0 && len > 0)
		r = take_part(in, data, len - in->carriage);
	if (r < 0 || !ended)
		return r;
	in->carriage = false;
	return take_line_end(in);
}

static int
take_block(struct client_intake *in, const char *data, size_t len)
{
	while (len > 0) {
		const char *newline = memchr(data, '\n', len);
		size_t n = newline ? (size_t)(newline - data) : len;
		int r = take_run(in, data, n, newline != NULL);

		if (r < 0)
			return r;
		n += newline ? 1 : 0;
		data += n;
		len -= n;
	}
	return 0;
}

/* Frees what the intake holds; after a fault the message too. */
static int
finish(struct client_intake *in, int r)
{
	buffer_free(&in->header);
	buffer_free(&in->out);
	if (r < 0)
		client_message_close(in->message);
	return r;
}

int
client_intake_begin(struct client_intake *in, struct client_addresses *recipients,
	struct client_message *ret, struct client_fault *fault)
{
	int r = open_spool(fault);

	*ret = (struct client_message){ .fd = r < 0 ? -1 : r };
	*in = (struct client_intake){
		.message = ret,
		.recipients = recipients,
		.fault = fault,
		.line = 1,
		.in_header = true,
	};
	return r < 0 ? r : 0;
}

int
client_intake_put(struct client_intake *in, const char *data, size_t len)
{
	int r = take_block(in, data, len);

	return r < 0 ? finish(in, r) : 0;
}

int
client_intake_end(struct client_intake *in)
{
	int r = in->carriage ? take_part(in, "\r", 1) : 0;

	if (r == 0 && in->in_line)
		r = take_line_end(in);
	if (r == 0 && in->in_header)
		r = end_header(in);
	if (r == 0)
		r = flush_out(in);
	return finish(in, r);
}

void
client_intake_drop(struct client_intake *in)
{
	finish(in, -ECANCELED);
}

static int
take_all(struct client_intake *in, int fd)
{
	CLEANUP_FREE char *block = malloc(BLOCK);
	int r;

	if (!block)
		return finish(in, client_fault_memory(in->fault));
	for (;;) {
		ssize_t n = read(fd, block, BLOCK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return finish(in,
				client_fault_set(in->fault, EX_NOINPUT,
					"cannot read the message: %s", strerror(errno)));
		if (n == 0)
			break;
		r = client_intake_put(in, block, (size_t)n);
		if (r < 0)
			return r;
	}
	return client_intake_end(in);
}

int
client_message_read(int fd, struct client_addresses *recipients,
	struct client_message *ret, struct client_fault *fault)
{
	struct client_intake in;
	int r;

	r = client_intake_begin(&in, recipients, ret, fault);
	return r < 0 ? r : take_all(&in, fd);
}
