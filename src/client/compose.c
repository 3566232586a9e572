// SPDX-License-Identifier: ISC
/*
 * Writes the message piece by piece into the intake, so that files may be large; the text
 * is held in memory and has a limit. The type of a file is what libmagic says, where that
 * may stand in a message. Faults: an argument or a text that is no UTF-8 (usage, data), a
 * file that cannot be read (input).
 */
#include "client/compose.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/utf8.h"
#include "client/file_type.h"
#include "client/mime.h"
#include "host/clock.h"
#include "pki/digest.h"
#include "smtp/date.h"

enum { TEXT_MAX = 1 << 24, TOKEN_BYTES = 16, TOKEN_SIZE = 2 * TOKEN_BYTES + 1 };

struct composer {
	const struct client_composition *c;
	struct client_intake intake;
	struct client_fault *fault;
	struct buffer out; /* on its way to the intake */
	struct buffer text;
	char boundary[TOKEN_SIZE];
	struct client_file_type *types;
};

static void
composer_clear(struct composer *x)
{
	buffer_free(&x->out);
	buffer_free(&x->text);
	client_file_type_close(x->types);
}

/* Hands on what is written; r is the result of the writing. */
static int
hand_on(struct composer *x, int r)
{
	if (r < 0)
		return client_fault_memory(x->fault);
	r = client_intake_put(&x->intake, buffer_data(&x->out), buffer_len(&x->out));
	buffer_consume(&x->out, buffer_len(&x->out));
	return r;
}

static int
read_text(struct composer *x)
{
	const struct client_composition *c = x->c;

	if (c->text)
		return buffer_puts(&x->text, c->text) < 0 ? client_fault_memory(x->fault)
							  : 0;
	for (;;) {
		ssize_t n;

		if (buffer_reserve(&x->text, 65536) < 0)
			return client_fault_memory(x->fault);
		n = read(c->fd, buffer_tail(&x->text), 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return client_fault_set(x->fault, EX_NOINPUT,
				"cannot read the text: %s", strerror(errno));
		if (n == 0)
			return 0;
		buffer_grow(&x->text, (size_t)n);
		if (buffer_len(&x->text) > TEXT_MAX)
			return client_fault_set(x->fault, EX_DATAERR,
				"the text has more than %d bytes: send it as a file, "
				"with --attach",
				TEXT_MAX);
	}
}

static int
check_text(struct composer *x)
{
	const char *text = buffer_data(&x->text);
	size_t len = buffer_len(&x->text);

	if (x->c->subject && !utf8_is_valid(x->c->subject, strlen(x->c->subject)))
		return client_fault_set(x->fault, EX_USAGE, "--subject: expected UTF-8");
	if (len == 0 || (utf8_is_valid(text, len) && !memchr(text, '\0', len)))
		return 0;
	return client_fault_set(x->fault, x->c->text ? EX_USAGE : EX_DATAERR,
		"the text is no UTF-8: change it with iconv(1), or send it as a file, "
		"with --attach");
}

static int
make_token(struct composer *x, char ret[TOKEN_SIZE])
{
	uint8_t bytes[TOKEN_BYTES];

	if (pki_random(bytes, sizeof bytes) < 0)
		return client_fault_set(x->fault, EX_OSERR, "no random bytes");
	text_hex(bytes, sizeof bytes, ret);
	return 0;
}

static int
put_recipients(struct buffer *b, const struct client_addresses *to)
{
	int r = buffer_puts(b, "To: ");

	for (size_t i = 0; r == 0 && i < to->n; i++)
		r = buffer_printf(b, "%s%s", i > 0 ? ",\n " : "", to->items[i]);
	return r == 0 ? buffer_puts(b, "\n") : r;
}

/* The fields that stand above the first part. */
static int
put_header(struct composer *x)
{
	const struct client_composition *c = x->c;
	const char *domain = strrchr(c->from, '@');
	struct buffer *b = &x->out;
	char date[SMTP_DATE_SIZE], token[TOKEN_SIZE];
	int r = make_token(x, token);

	if (r < 0)
		return r;
	smtp_date_write(host_clock_now(), date);
	r = buffer_printf(b, "From: %s\n", c->from);
	if (r == 0)
		r = put_recipients(b, c->to);
	if (r == 0 && c->subject)
		r = client_mime_put_text(b, "Subject", c->subject);
	if (r == 0)
		r = buffer_printf(b, "Date: %s\nMessage-ID: <%s@%s>\nMIME-Version: 1.0\n",
			date, token, domain ? domain + 1 : "localhost");
	if (r == 0 && c->n_files > 0)
		r = buffer_printf(b,
			"Content-Type: multipart/mixed;\n boundary=\"%s\"\n\n",
			x->boundary);
	return hand_on(x, r);
}

static int
put_boundary(struct composer *x, bool last)
{
	return buffer_printf(&x->out, "\n--%s%s\n", x->boundary, last ? "--" : "");
}

static int
put_text(struct composer *x)
{
	const char *text = buffer_data(&x->text);
	size_t len = buffer_len(&x->text);
	bool plain = len == 0 || client_mime_is_plain(text, len);
	bool ascii = len == 0 || !utf8_has_more_than_ascii(text, len);
	struct buffer *b = &x->out;
	int r = 0;

	if (x->c->n_files > 0)
		r = put_boundary(x, false);
	if (r == 0)
		r = buffer_printf(b,
			"Content-Type: text/plain; charset=%s\n"
			"Content-Transfer-Encoding: %s\n\n",
			ascii ? "us-ascii" : "utf-8",
			plain ? "7bit" : "quoted-printable");
	if (r == 0 && plain && len > 0)
		r = buffer_append(b, text, len);
	if (r == 0 && plain && len > 0 && text[len - 1] != '\n')
		r = buffer_puts(b, "\n");
	if (r == 0 && !plain)
		r = client_mime_put_quoted(b, text, len);
	return hand_on(x, r);
}

static int
put_file_header(struct composer *x, const char *path, const char *type)
{
	CLEANUP(buffer_free) struct buffer name = { 0 };
	struct buffer *b = &x->out;
	int r = put_boundary(x, false);

	if (r == 0)
		r = client_mime_put_name(&name, path);
	if (r == 0 && !buffer_string(&name))
		r = -ENOMEM;
	if (r == 0)
		r = buffer_printf(b,
			"Content-Type: %s\nContent-Transfer-Encoding: base64\n"
			"Content-Disposition: attachment",
			type);
	if (r == 0)
		r = client_mime_put_parameter(b, "filename", buffer_string(&name));
	if (r == 0)
		r = buffer_puts(b, "\n\n");
	return hand_on(x, r);
}

/* Fills the block, unless the file ends before. */
static ssize_t
read_block(int fd, char *block, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, block + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

static int
file_fault(struct composer *x, const char *path, int error)
{
	return client_fault_set(x->fault, EX_NOINPUT, "--attach %s: cannot read it: %s",
		path, strerror(error));
}

static int
put_file(struct composer *x, const char *path)
{
	CLEANUP_FREE char *block = malloc(CLIENT_MIME_BASE64_BLOCK);
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	char type[CLIENT_FILE_TYPE_SIZE];
	ssize_t n;
	int r;

	if (!block)
		return client_fault_memory(x->fault);
	if (fd < 0 || fstat(fd, &st) < 0)
		return file_fault(x, path, errno);
	if (S_ISDIR(st.st_mode))
		return file_fault(x, path, EISDIR);
	n = read_block(fd, block, CLIENT_MIME_BASE64_BLOCK);
	client_file_type(x->types, block, n > 0 ? (size_t)n : 0, type);
	r = put_file_header(x, path, type);
	while (r == 0 && n > 0) {
		r = hand_on(x, client_mime_put_base64(&x->out, block, (size_t)n));
		if (r == 0)
			n = read_block(fd, block, CLIENT_MIME_BASE64_BLOCK);
	}
	return r == 0 && n < 0 ? file_fault(x, path, (int)-n) : r;
}

static int
compose(struct composer *x)
{
	const struct client_composition *c = x->c;
	int r = put_header(x);

	if (r == 0)
		r = put_text(x);
	for (size_t i = 0; r == 0 && i < c->n_files; i++)
		r = put_file(x, c->files[i]);
	if (r == 0 && c->n_files > 0)
		r = hand_on(x, put_boundary(x, true));
	return r == 0 ? client_intake_end(&x->intake) : r;
}

int
client_compose(const struct client_composition *c, struct client_message *ret,
	struct client_fault *fault)
{
	CLEANUP(composer_clear) struct composer x = { .c = c, .fault = fault };
	int r = read_text(&x);

	if (r == 0)
		r = check_text(&x);
	if (r == 0)
		r = make_token(&x, x.boundary);
	if (r == 0 && c->n_files > 0)
		x.types = client_file_type_open();
	if (r == 0)
		r = client_intake_begin(&x.intake, NULL, ret, fault);
	if (r < 0)
		return r;
	r = compose(&x);
	if (r < 0)
		client_intake_drop(&x.intake);
	return r;
}
