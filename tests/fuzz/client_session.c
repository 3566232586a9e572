// SPDX-License-Identifier: ISC
/*
 * A whole session of `postern send` against a server that says anything: the input is
 * what it says, cut at bytes of 0xff into what comes at once. Whatever it is, the client
 * ends with a verdict for each recipient, or with a sentence and an exit status, and
 * counts nobody as served whom no 250 has covered.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "client/deliver_parts.h"
#include "client/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECIPIENTS = 3, PACKET_MAX = 4096, PACKETS_MAX = 64 };

static char text[] = "Subject: x\n\n.\nh\xc3\xa9\n";

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* What the server says, packet by packet, and then its leaving. */
static int
make_server(const uint8_t *data, size_t size, int *ret_other)
{
	int fds[2];
	size_t n = 0;

	require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
			fds) == 0);
	while (size > 0 && n++ < PACKETS_MAX) {
		const uint8_t *end = memchr(data, 0xff, size);
		size_t len = end ? (size_t)(end - data) : size;
		size_t used = end ? len + 1 : len;

		if (len > 0 && send(fds[1], data, len < PACKET_MAX ? len : PACKET_MAX,
				       MSG_NOSIGNAL) < 0)
			break;
		data += used;
		size -= used;
	}
	shutdown(fds[1], SHUT_WR);
	*ret_other = fds[1];
	return fds[0];
}

static int
converse(struct client_delivery *d)
{
	struct buffer lines = { 0 };
	size_t which[RECIPIENTS] = { 0, 1, 2 };
	bool again[RECIPIENTS] = { false };
	int r;

	r = client_hello_banner(&d->link, &lines, d->fault);
	buffer_free(&lines);
	if (r == 0)
		r = client_hello_ehlo(&d->link, &d->offers, d->fault);
	if (r == 0)
		r = client_transact(d, which, RECIPIENTS, again);
	for (size_t i = 0; r == 0 && i < RECIPIENTS; i++)
		require(!again[i] || d->verdicts[i].kind == CLIENT_POSTPONED);
	return r;
}

static void
judge(const struct client_delivery *d, int r)
{
	require(r <= 0);
	require((r < 0) == (d->fault->status != 0));
	require(r == 0 || d->fault->text[0] != '\0');
	require(r == 0 || d->fault->status == EX_DATAERR ||
		d->fault->status == EX_UNAVAILABLE || d->fault->status == EX_TEMPFAIL ||
		d->fault->status == EX_PROTOCOL || d->fault->status == EX_NOPERM);
	for (size_t i = 0; i < RECIPIENTS; i++) {
		enum client_verdict_kind kind = d->verdicts[i].kind;
		bool refused = kind == CLIENT_POSTPONED || kind == CLIENT_REFUSED;

		require(r == 0 ? kind != CLIENT_PENDING : kind != CLIENT_DELIVERED);
		require(refused == (d->verdicts[i].words != NULL));
		for (const char *p = d->verdicts[i].words; p && *p; p++)
			require((*p >= ' ' && *p < 0x7f) || *p == '\t');
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char host[] = "server";
	static char a[] = "a@447.edu", b[] = "\xc3\xa4@447.edu", c[] = "c@447.edu";
	char *names[RECIPIENTS] = { a, b, c };
	struct client_addresses to = { .items = names, .n = RECIPIENTS };
	struct client_settings settings = { .host = host, .timeout = 1 };
	struct client_message message = {
		.fd = memfd_create("message", MFD_CLOEXEC),
		.size = sizeof text - 1 + 4,
		.eight_bit = true,
	};
	struct client_mail mail = { .from = "b@447.edu", .to = &to, .message = &message };
	struct client_verdict verdicts[RECIPIENTS] = { 0 };
	struct client_fault fault = { 0 };
	struct client_delivery d = { .settings = &settings,
		.mail = &mail,
		.verdicts = verdicts,
		.fault = &fault,
		.link = { .settings = &settings, .fd = -1, .cancel = -1 } };
	int other;

	require(message.fd >= 0 &&
		write(message.fd, text, sizeof text - 1) == (ssize_t)sizeof text - 1);
	d.link.fd = make_server(data, size, &other);
	judge(&d, converse(&d));
	client_link_close(&d.link);
	client_verdicts_clear(verdicts, RECIPIENTS);
	client_message_close(&message);
	close(other);
	return 0;
}
