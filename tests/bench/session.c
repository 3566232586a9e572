// SPDX-License-Identifier: ISC
/*
 * The load generator's session: see load.h. A connection owns its socket and its GnuTLS
 * session. The socket blocks, but no call waits longer than LIMIT_SECONDS, and a session
 * whose peer stops answering fails then.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include <gnutls/gnutls.h>

#include "base/cleanup.h"
#include "load.h"

enum {
	LIMIT_SECONDS = 30,
	REPLY_BYTES = 4096,
};

struct load_connection {
	struct load_client *client;
	gnutls_session_t tls;
	int fd;
	size_t used; /* bytes of buffer read and not yet consumed */
	char buffer[REPLY_BYTES];
};

double
load_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

__attribute__((format(printf, 3, 4))) static int
fail(struct load_client *client, int error, const char *format, ...)
{
	va_list args;

	if (client->fault[0])
		return error;
	va_start(args, format);
	vsnprintf(client->fault, sizeof(client->fault), format, args);
	va_end(args);
	return error;
}

static int
samples_add(struct load_samples *samples, double value)
{
	if (samples->count == samples->room) {
		size_t room = samples->room ? samples->room * 2 : 256;
		double *at = reallocarray(samples->at, room, sizeof(*at));

		if (!at)
			return -ENOMEM;
		samples->at = at;
		samples->room = room;
	}
	samples->at[samples->count++] = value;
	return 0;
}

int
load_credentials(
	const char *cert_file, const char *key_file, const char *ca_file, void **ret)
{
	gnutls_certificate_credentials_t credentials = NULL;
	int r = gnutls_certificate_allocate_credentials(&credentials);

	if (r < 0)
		return -ENOMEM;
	r = gnutls_certificate_set_x509_key_file(
		credentials, cert_file, key_file, GNUTLS_X509_FMT_PEM);
	if (r >= 0 && ca_file)
		r = gnutls_certificate_set_x509_trust_file(
			credentials, ca_file, GNUTLS_X509_FMT_PEM);
	if (r < 0) {
		gnutls_certificate_free_credentials(credentials);
		return -EINVAL;
	}
	*ret = credentials;
	return 0;
}

char *
load_plain(const char *user, const char *password)
{
	static const char NAME[] = "PLAIN ";
	char plain[512];
	gnutls_datum_t in = { .data = (unsigned char *)plain };
	gnutls_datum_t out = { 0 };
	int n = snprintf(plain, sizeof(plain), "%c%s%c%s", 0, user, 0, password);
	char *text;

	if (n < 0 || (size_t)n >= sizeof(plain))
		return NULL;
	in.size = (unsigned int)n;
	if (gnutls_base64_encode2(&in, &out) < 0)
		return NULL;
	text = malloc(sizeof(NAME) + out.size);
	if (text) {
		memcpy(text, NAME, sizeof(NAME));
		strncat(text, (char *)out.data, out.size);
	}
	gnutls_free(out.data);
	return text;
}

static int
tcp_connect(struct load_connection *connection)
{
	const struct timeval limit = { .tv_sec = LIMIT_SECONDS };
	const int on = 1;
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(connection->client->plan->port),
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};

	connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connection->fd < 0)
		return -errno;
	setsockopt(connection->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(connection->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(connection->fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	return 0;
}

static int
tls_connect(struct load_connection *connection)
{
	const struct load_plan *plan = connection->client->plan;
	const struct load_ticket *ticket = &connection->client->ticket;
	int r;

	r = gnutls_init(&connection->tls, GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT);
	if (r < 0)
		return r;
	r = gnutls_priority_set_direct(connection->tls, plan->priority, NULL);
	if (r < 0)
		return r;
	r = gnutls_credentials_set(
		connection->tls, GNUTLS_CRD_CERTIFICATE, plan->credentials);
	if (r < 0)
		return r;
	if (plan->verify_name)
		gnutls_session_set_verify_cert(connection->tls, plan->verify_name, 0);
	if (ticket->data) {
		r = gnutls_session_set_data(connection->tls, ticket->data, ticket->len);
		if (r < 0)
			return r;
	}
	gnutls_transport_set_int(connection->tls, connection->fd);
	gnutls_handshake_set_timeout(connection->tls, LIMIT_SECONDS * 1000);
	do
		r = gnutls_handshake(connection->tls);
	while (r < 0 && !gnutls_error_is_fatal(r) && r != GNUTLS_E_AGAIN);
	return r;
}

static int
send_all(struct load_connection *connection, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = gnutls_record_send(connection->tls, data, len);

		if (n == GNUTLS_E_INTERRUPTED)
			continue;
		if (n < 0)
			return fail(connection->client, -EIO, "send: %s",
				gnutls_strerror((int)n));
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Takes the first whole line out of the buffer; false if there is none yet. */
static bool
take_line(struct load_connection *connection, char line[static REPLY_BYTES])
{
	char *end = memmem(connection->buffer, connection->used, "\r\n", 2);
	size_t len;

	if (!end)
		return false;
	len = (size_t)(end - connection->buffer);
	memcpy(line, connection->buffer, len);
	line[len] = 0;
	connection->used -= len + 2;
	memmove(connection->buffer, end + 2, connection->used);
	return true;
}

static int
read_line(struct load_connection *connection, char line[static REPLY_BYTES])
{
	double limit = load_clock() + LIMIT_SECONDS * 1e3;

	while (!take_line(connection, line)) {
		size_t room = sizeof(connection->buffer) - connection->used;
		ssize_t n;

		if (room == 0)
			return fail(connection->client, -EPROTO, "a reply is too long");
		n = gnutls_record_recv(
			connection->tls, connection->buffer + connection->used, room);
		if (n == 0)
			return fail(connection->client, -EPIPE, "the server hung up");
		/* A session ticket comes as GNUTLS_E_AGAIN, and so does silence. */
		if (n < 0 && (gnutls_error_is_fatal((int)n) || load_clock() > limit))
			return fail(connection->client, -EIO, "receive: %s",
				gnutls_strerror((int)n));
		if (n > 0)
			connection->used += (size_t)n;
	}
	return 0;
}

/* Reads one reply of any number of lines, each of which must have the code. */
static int
expect(struct load_connection *connection, const char *what, const char *code)
{
	char line[REPLY_BYTES] = "";
	int r;

	do {
		r = read_line(connection, line);
		if (r < 0)
			return r;
		if (strncmp(line, code, 3) != 0 ||
			(line[3] != ' ' && line[3] != '-' && line[3] != 0))
			return fail(connection->client, -EPROTO,
				"%s was answered \"%.100s\", not %s", what, line, code);
	} while (line[3] == '-');
	return 0;
}

__attribute__((format(printf, 4, 5))) static int
command(struct load_connection *connection, const char *what, const char *code,
	const char *format, ...)
{
	char text[1024];
	va_list args;
	int n, r;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(text))
		return fail(connection->client, -E2BIG, "%s is too long", what);
	r = send_all(connection, text, (size_t)n);
	return r < 0 ? r : expect(connection, what, code);
}

/* Once the banner has come, behind which there is no ticket. A server need not send one
 * in a session that was resumed: then the last stays. */
static int
keep_ticket(struct load_connection *connection)
{
	struct load_ticket *ticket = &connection->client->ticket;
	gnutls_datum_t data;
	int r;

	if (!connection->client->plan->resume ||
		!(gnutls_session_get_flags(connection->tls) &
			GNUTLS_SFLAGS_SESSION_TICKET))
		return 0;
	r = gnutls_session_get_data2(connection->tls, &data);
	if (r < 0)
		return fail(connection->client, -EIO, "ticket: %s", gnutls_strerror(r));
	gnutls_free(ticket->data);
	*ticket = (struct load_ticket){ data.data, data.size };
	return 0;
}

int
load_open(struct load_client *client, struct load_connection **ret)
{
	double began = load_clock();
	struct load_connection *connection = calloc(1, sizeof(*connection));
	int r;

	if (!connection) {
		fail(client, -ENOMEM, "out of memory");
		return -ENOMEM;
	}
	connection->client = client;
	connection->fd = -1;
	r = tcp_connect(connection);
	if (r < 0) {
		fail(client, r, "connect: %s", strerror(-r));
	} else {
		r = tls_connect(connection);
		if (r < 0)
			fail(client, r, "handshake: %s", gnutls_strerror(r));
		else
			r = expect(connection, "connecting", "220");
	}
	if (r >= 0)
		r = samples_add(&client->banner, load_clock() - began);
	if (r >= 0)
		r = keep_ticket(connection);
	if (r < 0) {
		load_close(connection);
		return -ECONNABORTED;
	}
	*ret = connection;
	return 0;
}

void
load_close(struct load_connection *connection)
{
	if (connection->tls)
		gnutls_deinit(connection->tls);
	cleanup_close(&connection->fd);
	free(connection);
}

/* One command at a time. */
static int
envelope(struct load_connection *connection)
{
	const struct load_plan *plan = connection->client->plan;
	int r = command(connection, "MAIL", "250", "MAIL FROM:<%s>\r\n", plan->from);

	if (r < 0)
		return r;
	r = command(connection, "RCPT", "250", "RCPT TO:<%s>\r\n", plan->to);
	return r < 0 ? r : command(connection, "DATA", "354", "DATA\r\n");
}

/* The replies to an envelope that went out as one. */
static int
envelope_replies(struct load_connection *connection)
{
	int r = expect(connection, "MAIL", "250");

	r = r < 0 ? r : expect(connection, "RCPT", "250");
	return r < 0 ? r : expect(connection, "DATA", "354");
}

/* Sends len bytes that end with a message or go on with the next envelope behind it, and
 * waits until the message is stored. */
static int
deliver(struct load_connection *connection, const char *data, size_t len)
{
	struct load_client *client = connection->client;
	double began;
	int r = send_all(connection, data, len);

	if (r < 0)
		return r;
	began = load_clock();
	r = expect(connection, "the message", "250");
	if (r < 0)
		return r;
	client->messages++;
	return samples_add(&client->stored, load_clock() - began);
}

static int
messages_one_by_one(struct load_connection *connection)
{
	const struct load_plan *plan = connection->client->plan;
	int r = 0;

	for (uint64_t i = 0; r >= 0 && i < plan->messages; i++) {
		r = envelope(connection);
		if (r >= 0)
			r = deliver(connection, plan->message, plan->message_len);
	}
	return r;
}

/* RFC 2920 section 3.1: a message's content may be the first in a group of commands. */
static int
messages_pipelined(struct load_connection *connection)
{
	const struct load_plan *plan = connection->client->plan;
	size_t both = plan->message_len + plan->envelope_len;
	int r = 0;

	if (plan->messages > 0)
		r = send_all(connection, plan->message + plan->message_len,
			plan->envelope_len);
	for (uint64_t i = plan->messages; r >= 0 && i > 0; i--) {
		r = envelope_replies(connection);
		if (r >= 0)
			r = deliver(connection, plan->message,
				i > 1 ? both : plan->message_len);
	}
	return r;
}

static int
dialogue(struct load_connection *connection)
{
	const struct load_plan *plan = connection->client->plan;
	int r = command(connection, "EHLO", "250", "EHLO load.invalid\r\n");

	if (r >= 0 && plan->auth)
		r = command(connection, "AUTH", "235", "AUTH %s\r\n", plan->auth);
	if (r >= 0)
		r = plan->pipeline ? messages_pipelined(connection)
				   : messages_one_by_one(connection);
	if (r >= 0)
		r = command(connection, "QUIT", "221", "QUIT\r\n");
	if (r >= 0)
		gnutls_bye(connection->tls, GNUTLS_SHUT_WR);
	return r;
}

int
load_session(struct load_client *client)
{
	struct load_connection *connection = NULL;
	bool resumed = false;
	int r = load_open(client, &connection);

	if (r >= 0) {
		resumed = gnutls_session_is_resumed(connection->tls);
		r = dialogue(connection);
		load_close(connection);
	}
	if (r < 0) {
		client->failures++;
		return r;
	}
	client->sessions++;
	client->resumed += resumed;
	return 0;
}
