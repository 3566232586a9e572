// SPDX-License-Identifier: ISC
/*
 * The connection: it owns the socket, the TLS session and the bytes that are not read
 * yet, of which there are never more than a longest line and one read. Faults: the
 * connection is lost or silent (temporary), TLS fails or what comes is no SMTP
 * (protocol).
 */
#include "client/link.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "client/connect.h"
#include "client/expiry.h"
#include "client/mend.h"
#include "client/show.h"
#include "host/clock.h"

enum { READ_SIZE = 4096, CONNECT_MS = 30000, LAST_WORDS_MS = 1000 };

int64_t
client_link_deadline(const struct client_link *l)
{
	return host_clock_ms() + (int64_t)l->settings->timeout * 1000;
}

/* The same for connection and handshake, which nobody has to think about for long. */
static int64_t
opening_deadline(const struct client_link *l)
{
	int64_t limit = (int64_t)l->settings->timeout * 1000;

	return host_clock_ms() + (limit < CONNECT_MS ? limit : CONNECT_MS);
}

static int
lost_fault(struct client_link *l, struct client_fault *fault)
{
	l->lost = true;
	return client_fault_set(fault, EX_TEMPFAIL, "%s has closed the connection%s",
		l->settings->host,
		buffer_len(&l->in) > l->used ? " in the middle of a reply" : "");
}

/* Takes over what tls/client.h says. */
static int
tls_fault(struct client_link *l, int r, struct buffer *text, struct client_fault *fault)
{
	const char *words = buffer_len(text) > 0 ? buffer_string(text) : NULL;

	if (r == -ECANCELED)
		return CLIENT_LINK_CANCELLED;
	if (r == -ECONNRESET)
		return lost_fault(l, fault);
	if (!words)
		words = strerror(-r);
	return client_fault_set(
		fault, r == -EPROTO ? EX_PROTOCOL : EX_TEMPFAIL, "%s", words);
}

static int
start_session(struct client_link *l, struct client_fault *fault)
{
	CLEANUP(buffer_free) struct buffer text = { 0 };
	int r;

	r = tls_client_start(l->credentials, l->fd, l->cancel, l->settings->host,
		opening_deadline(l), &l->tls, &text);
	if (r < 0)
		return tls_fault(l, r, &text, fault);
	if (l->settings->verbose)
		client_say("%s: %s", l->settings->host, tls_client_describe(l->tls));
	client_expiry_warn(l->settings, l->tls);
	return 0;
}

int
client_link_load(struct client_link *l, const struct client_settings *s,
	struct client_fault *fault)
{
	CLEANUP(buffer_free) struct buffer text = { 0 };
	struct tls_client_files files = { .ca = s->ca,
		.pin = s->pinned ? s->pin : NULL,
		.cert = s->cert,
		.key = s->key,
		.cert_text = s->cert_text,
		.key_text = s->key_text };
	int r;

	l->settings = s;
	if (s->tls == CLIENT_TLS_OFF)
		return 0;
	r = tls_client_credentials_load(&files, &l->credentials, &text);
	if (r == 0)
		return 0;
	return client_fault_set(fault, EX_CONFIG, "%s",
		buffer_len(&text) > 0 ? buffer_string(&text) : strerror(-r));
}

int
client_link_open(struct client_link *l, struct client_fault *fault)
{
	int r = client_connect(
		l->settings, l->cancel, opening_deadline(l), &l->fd, fault);

	if (r != 0)
		return r;
	return l->settings->tls == CLIENT_TLS_IMPLICIT ? start_session(l, fault) : 0;
}

int
client_link_start_tls(struct client_link *l, struct client_fault *fault)
{
	if (buffer_len(&l->in) > l->used)
		return client_fault_set(fault, EX_PROTOCOL,
			"%s has sent more in the clear behind its reply to STARTTLS: "
			"somebody on the way may have put it there",
			l->settings->host);
	buffer_free(&l->in);
	l->used = 0;
	return start_session(l, fault);
}

/* Waits for the socket in the clear. 0 or a result of link.h. */
static int
wait_plain(
	struct client_link *l, short events, int64_t deadline, struct client_fault *fault)
{
	struct pollfd fds[2] = { { .fd = l->fd, .events = events },
		{ .fd = l->cancel, .events = POLLIN } };
	int64_t left = deadline - host_clock_ms();

	if (deadline == 0)
		return CLIENT_LINK_NOTHING;
	if (left <= 0)
		return client_fault_set(fault, EX_TEMPFAIL, "%s has not answered in time",
			l->settings->host);
	poll(fds, 2, (int)left);
	return fds[1].revents ? CLIENT_LINK_CANCELLED : 0;
}

static int
read_plain(struct client_link *l, int64_t deadline, size_t *ret_len,
	struct client_fault *fault)
{
	for (;;) {
		ssize_t n = recv(l->fd, buffer_tail(&l->in), READ_SIZE, 0);
		int r;

		if (n >= 0) {
			*ret_len = (size_t)n;
			return 0;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return lost_fault(l, fault);
		r = wait_plain(l, POLLIN, deadline, fault);
		if (r != 0)
			return r;
	}
}

static int
read_tls(struct client_link *l, int64_t deadline, size_t *ret_len,
	struct client_fault *fault)
{
	CLEANUP(buffer_free) struct buffer text = { 0 };
	int r;

	r = tls_client_read(
		l->tls, buffer_tail(&l->in), READ_SIZE, deadline, ret_len, &text);
	if (r == -EAGAIN)
		return CLIENT_LINK_NOTHING;
	return r < 0 ? tls_fault(l, r, &text, fault) : 0;
}

/* Reads some bytes behind those that are there. */
static int
read_more(struct client_link *l, int64_t deadline, struct client_fault *fault)
{
	size_t n = 0;
	int r;

	if (buffer_reserve(&l->in, READ_SIZE) < 0)
		return client_fault_memory(fault);
	r = l->tls ? read_tls(l, deadline, &n, fault)
		   : read_plain(l, deadline, &n, fault);
	if (r != 0)
		return r;
	if (n == 0)
		return lost_fault(l, fault);
	buffer_grow(&l->in, n);
	return 0;
}

/* The next line, as client_link_line has it. */
static int
next_line(struct client_link *l, int64_t deadline, struct smtp_server_line *ret,
	struct client_fault *fault)
{
	for (;;) {
		size_t len = buffer_len(&l->in);
		int r = smtp_server_reply_line(
			&l->parser, buffer_data(&l->in), len, ret, &l->used);

		if (r > 0)
			return 0;
		if (r < 0)
			return client_fault_set(fault, EX_PROTOCOL,
				"%s does not speak SMTP: it has sent %s",
				l->settings->host,
				smtp_server_fault_text(l->parser.fault));
		r = read_more(l, deadline, fault);
		if (r != 0)
			return r;
	}
}

/* What a mechanism's challenges say helps to guess the password. */
static void
trace_heard(const struct client_link *l, const struct smtp_server_line *line)
{
	size_t shown = client_mask_heard(line->line, line->len);

	if (l->masked && line->code == 334)
		client_show_trace(l->settings->trace, "S: ", "334 *", 5);
	else if (shown < line->len)
		client_show_trace_cut(l->settings->trace, "S: ", line->line, shown);
	else
		client_show_trace(l->settings->trace, "S: ", line->line, line->len);
}

static void
trace_said(const struct client_link *l, const char *line, size_t len)
{
	size_t shown = l->masked ? 0 : client_mask_said(line, len);

	if (shown < len)
		client_show_trace_cut(l->settings->trace, "C: ", line, shown);
	else
		client_show_trace(l->settings->trace, "C: ", line, len);
}

int
client_link_line(struct client_link *l, int64_t deadline, struct smtp_server_line *ret,
	struct client_fault *fault)
{
	int r;

	buffer_consume(&l->in, l->used);
	l->used = 0;
	r = next_line(l, deadline, ret, fault);
	if (r < 0)
		l->broken = true;
	if (r == 0 && l->traced)
		trace_heard(l, ret);
	return r;
}

int
client_link_reply(struct client_link *l, int64_t deadline, unsigned *ret_code,
	struct buffer *lines, struct client_fault *fault)
{
	struct smtp_server_line line;
	int r;

	buffer_consume(lines, buffer_len(lines));
	do {
		r = client_link_line(l, deadline, &line, fault);
		if (r != 0)
			return r;
		if (buffer_len(lines) > 0 && buffer_puts(lines, "\n") < 0)
			return client_fault_memory(fault);
		if (buffer_append(lines, line.line, line.len) < 0)
			return client_fault_memory(fault);
	} while (!line.last);
	*ret_code = line.code;
	return 0;
}

static int
send_plain(struct client_link *l, const char *data, size_t len, int64_t deadline,
	struct client_fault *fault)
{
	while (len > 0) {
		ssize_t n = send(l->fd, data, len, MSG_NOSIGNAL);
		int r;

		if (n >= 0) {
			data += n;
			len -= (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return lost_fault(l, fault);
		r = wait_plain(l, POLLOUT, deadline, fault);
		if (r != 0)
			return r;
	}
	return 0;
}

static int
send_tls(struct client_link *l, const void *data, size_t len, int64_t deadline,
	struct client_fault *fault)
{
	CLEANUP(buffer_free) struct buffer text = { 0 };
	int r;

	r = tls_client_write(l->tls, data, len, deadline, &text);
	return r < 0 ? tls_fault(l, r, &text, fault) : 0;
}

/* A server that hangs up mostly says why: by a reply, or by an alert. */
static void
hear_last_words(struct client_link *l, struct client_fault *fault)
{
	CLEANUP(buffer_free) struct buffer words = { 0 };
	struct client_fault heard = { 0 };
	struct smtp_server_line line;
	int64_t deadline = host_clock_ms() + LAST_WORDS_MS;

	l->lost = false;
	do {
		if (client_link_line(l, deadline, &line, &heard) != 0) {
			if (heard.status != 0 && !l->lost)
				*fault = heard;
			return;
		}
	} while (!line.last);
	if (line.code < 400 || client_show_clean(&words, line.line, line.len) < 0)
		return;
	*fault = (struct client_fault){ 0 };
	client_fault_set(fault, line.code < 500 ? EX_TEMPFAIL : EX_DATAERR,
		"%s has closed the connection: %.1500s", l->settings->host,
		buffer_string(&words));
}

int
client_link_send(
	struct client_link *l, const void *data, size_t len, struct client_fault *fault)
{
	int64_t deadline = client_link_deadline(l);
	int r;

	r = l->tls ? send_tls(l, data, len, deadline, fault)
		   : send_plain(l, data, len, deadline, fault);
	if (r < 0) {
		if (l->lost)
			hear_last_words(l, fault);
		l->broken = true;
	}
	return r;
}

int
client_link_expect_silence(struct client_link *l, struct client_fault *fault)
{
	size_t left = buffer_len(&l->in) - l->used;
	const char *next = left > 0 ? buffer_data(&l->in) + l->used : NULL;

	if (!next || *next == '4' || *next == '5')
		return 0;
	l->broken = true;
	return client_fault_set(fault, EX_PROTOCOL,
		"%s answers before it is asked: its replies cannot be told apart",
		l->settings->host);
}

int
client_link_queue(
	struct client_link *l, const char *line, size_t len, struct client_fault *fault)
{
	if (l->traced)
		trace_said(l, line, len);
	if (buffer_append(&l->out, line, len) < 0 ||
		buffer_append(&l->out, "\r\n", 2) < 0)
		return client_fault_memory(fault);
	return 0;
}

int
client_link_flush(struct client_link *l, struct client_fault *fault)
{
	/* A password may be among it. */
	CLEANUP(buffer_wipe) struct buffer out = l->out;

	l->out = (struct buffer){ 0 };
	if (buffer_len(&out) == 0)
		return 0;
	return client_link_send(l, buffer_data(&out), buffer_len(&out), fault);
}

int
client_link_command(
	struct client_link *l, const char *line, size_t len, struct client_fault *fault)
{
	int r = client_link_expect_silence(l, fault);

	if (r == 0)
		r = client_link_queue(l, line, len, fault);
	return r == 0 ? client_link_flush(l, fault) : r;
}

void
client_link_close(struct client_link *l)
{
	tls_client_end(l->tls);
	tls_client_credentials_free(l->credentials);
	if (l->fd >= 0)
		close(l->fd);
	buffer_wipe(&l->in);
	buffer_wipe(&l->out);
	*l = (struct client_link){ .fd = -1, .cancel = -1 };
}
