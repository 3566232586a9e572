// SPDX-License-Identifier: ISC
/*
 * The relay's loop: move what can be moved each way, then wait for more. Owns the two
 * buffers and the last words while it runs; descriptors and session are the caller's. A
 * fault of the network is told to the smtp process, which decides; a fault of the smtp
 * process' side ends the loop.
 */
#include "tls/relay.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls/control.h"

enum {
	HELD_MAX = 64 * 1024, /* bytes held each way */
	CHUNK = 16 * 1024,    /* the largest TLS record */
	COMMAND = 2 * 1024,   /* records up to it are taken for single commands */
	DROPPED_MAX = 1 << 20,
};

static bool
has_room(const struct buffer *b)
{
	return buffer_len(b) + CHUNK <= HELD_MAX;
}

/* The peer's side has ended: the smtp process learns how, then reads to the end. */
static int
pass_end(struct tls_relay *r, enum tls_gone how)
{
	struct tls_message m = { .kind = TLS_GONE, .gone = how };

	r->net_readable = false;
	r->up_ended = true;
	return tls_control_send(r->control, &m);
}

static int
read_clear(struct tls_relay *r)
{
	ssize_t n = read(r->in, buffer_tail(&r->up), CHUNK);

	if (n > 0)
		buffer_grow(&r->up, (size_t)n);
	else if (n == 0)
		return pass_end(r, TLS_GONE_CLOSED);
	else if (errno == EAGAIN)
		r->net_readable = false;
	else if (errno != EINTR)
		return pass_end(r, TLS_GONE_FAULT);
	return 0;
}

static int
read_record(struct tls_relay *r)
{
	ssize_t n = gnutls_record_recv(r->session, buffer_tail(&r->up), CHUNK);

	if (n > 0) {
		buffer_grow(&r->up, (size_t)n);
		/* A command, behind which nothing is likely to be there yet: poll says.
		 */
		r->net_readable = n > COMMAND;
	} else if (n == 0)
		return pass_end(r, TLS_GONE_CLOSED);
	else if (n == GNUTLS_E_AGAIN)
		r->net_readable = false;
	else if (n == GNUTLS_E_PREMATURE_TERMINATION)
		return pass_end(r, TLS_GONE_TRUNCATED);
	else if (n == GNUTLS_E_REHANDSHAKE) {
		/* Renegotiation is refused and ends the session: nothing good asks for
		 * it. */
		gnutls_alert_send(r->session, GNUTLS_AL_FATAL, GNUTLS_A_NO_RENEGOTIATION);
		return pass_end(r, TLS_GONE_FAULT);
	} else if (gnutls_error_is_fatal((int)n)) {
		gnutls_alert_send_appropriate(r->session, (int)n);
		return pass_end(r, TLS_GONE_FAULT);
	}
	return 0;
}

static bool
may_read(const struct tls_relay *r)
{
	return r->greeted && !r->up_ended && !r->last && has_room(&r->up);
}

/* Reads what there is. Negative where the smtp process is gone. */
static int
read_network(struct tls_relay *r)
{
	int fault = 0;

	while (fault == 0 && r->net_readable && may_read(r)) {
		if (buffer_reserve(&r->up, CHUNK) < 0)
			return -ENOMEM;
		fault = r->session ? read_record(r) : read_clear(r);
	}
	return fault;
}

/* Network to smtp process. Negative where the smtp process is gone. */
static int
move_up(struct tls_relay *r)
{
	int fault = read_network(r);

	if (fault < 0)
		return fault;
	while (buffer_len(&r->up) > 0) {
		ssize_t n = send(
			r->plain, buffer_data(&r->up), buffer_len(&r->up), MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		r->relayed += (uint64_t)n;
		buffer_consume(&r->up, (size_t)n);
	}
	if (r->up_ended && !r->up_closed)
		r->up_closed = shutdown(r->plain, SHUT_WR) == 0;
	return 0;
}

static int
read_plain(struct tls_relay *r)
{
	ssize_t n;

	if (buffer_reserve(&r->down, CHUNK) < 0)
		return -ENOMEM;
	n = read(r->plain, buffer_tail(&r->down), CHUNK);
	if (n > 0) {
		buffer_grow(&r->down, (size_t)n);
		/* A reply came whole; only what lies before the last words is read to its
		 * end here, and not by way of poll. */
		r->plain_readable = n == CHUNK || r->last;
	} else if (n == 0)
		r->down_ended = true;
	else if (errno == EAGAIN)
		r->plain_readable = false;
	else if (errno != EINTR)
		return -errno;
	return 0;
}

static int
write_clear(struct tls_relay *r)
{
	ssize_t n = write(r->out, buffer_data(&r->down), buffer_len(&r->down));

	if (n < 0)
		return errno == EINTR ? 1 : errno == EAGAIN ? 0 : -errno;
	buffer_consume(&r->down, (size_t)n);
	return 1;
}

static int
write_record(struct tls_relay *r)
{
	size_t len = buffer_len(&r->down);
	ssize_t n;

	if (r->sending)
		n = gnutls_record_send(r->session, NULL, 0);
	else
		n = gnutls_record_send(
			r->session, buffer_data(&r->down), len < CHUNK ? len : CHUNK);
	if (n == GNUTLS_E_INTERRUPTED)
		return 1;
	r->sending = n == GNUTLS_E_AGAIN;
	if (r->sending)
		return 0;
	if (n < 0)
		return -EPIPE;
	buffer_consume(&r->down, (size_t)n);
	return 1;
}

/* The stream before the last message is whole in down once plain has nothing more: what
 * the smtp process wrote before it sent the message is in the socket by then. */
static int
join_last_words(struct tls_relay *r)
{
	if (!r->last || r->plain_drained)
		return 0;
	if (r->plain_readable && !r->down_ended)
		return 0;
	r->plain_drained = true;
	return buffer_append(
		&r->down, buffer_data(&r->last_words), buffer_len(&r->last_words));
}

/* smtp process to network. 1 for progress, 0 for not now, negative where either is gone.
 */
static int
move_down(struct tls_relay *r)
{
	int progress = 1;
	int fault;

	while (progress > 0 && !r->broken) {
		while (r->plain_readable && !r->down_ended && !r->plain_drained &&
			has_room(&r->down)) {
			fault = read_plain(r);
			if (fault < 0)
				return fault;
		}
		fault = join_last_words(r);
		if (fault < 0)
			return fault;
		if (buffer_len(&r->down) == 0)
			return 0;
		progress = r->session ? write_record(r) : write_clear(r);
	}
	return progress;
}

/* Reads until there is a byte of the peer's, or nothing more: not every record holds one
 * (an update of keys does not). */
static int
read_first(struct tls_relay *r)
{
	struct pollfd p = { .fd = r->in, .events = POLLIN };
	int fault;

	do {
		r->net_readable = true;
		fault = read_network(r);
	} while (fault == 0 && buffer_len(&r->up) == 0 && !r->up_ended &&
		 poll(&p, 1, 0) > 0);
	return fault;
}

/* Whoever speaks before the banner (RFC 5321 section 3.1) takes us for something else, or
 * wants others to. What it said is dropped, and so is all that it will say. */
static int
greet(struct tls_relay *r, const struct tls_message *banner)
{
	struct tls_message early = { .kind = TLS_EARLY };
	int fault;

	r->greeted = true;
	fault = read_first(r);
	if (fault < 0)
		return fault;
	if (buffer_len(&r->up) == 0)
		return buffer_append(&r->down, banner->bytes.data, banner->bytes.len);
	buffer_wipe(&r->up);
	r->up_ended = true;
	return tls_control_send(r->control, &early);
}

/* What has come by now in the clear came before the reply to STARTTLS and is nobody's: it
 * reaches neither the smtp process nor the handshake (RFC 3207 section 4.2). What is
 * beyond the limit, or comes later, breaks the handshake. */
static void
drop_clear(struct tls_relay *r)
{
	char sink[4096];
	ssize_t n;

	r->dropped = buffer_len(&r->up);
	buffer_consume(&r->up, buffer_len(&r->up));
	while (!r->up_ended && r->dropped < DROPPED_MAX) {
		n = read(r->in, sink, sizeof sink);
		if (n == 0 || (n < 0 && errno != EINTR))
			return;
		if (n > 0)
			r->dropped += (uint64_t)n;
	}
}

static bool
is_in_place(const struct tls_relay *r, enum tls_kind kind)
{
	if (r->last)
		return false;
	if (kind == TLS_BANNER)
		return !r->greeted;
	return kind == TLS_LAST || (kind == TLS_STARTTLS && r->greeted && !r->session);
}

static int
hear_control(struct tls_relay *r)
{
	struct tls_message m;
	int fault = tls_control_receive(r->control, &r->packet, &m);

	if (fault < 0)
		return fault;
	if (!is_in_place(r, m.kind)) {
		tls_message_clear(&m);
		return -EBADMSG;
	}
	if (m.kind == TLS_BANNER)
		return greet(r, &m);
	r->last = (int)m.kind;
	r->plain_readable = true;
	if (m.kind == TLS_STARTTLS)
		drop_clear(r);
	return buffer_append(&r->last_words, m.bytes.data, m.bytes.len);
}

static short
plain_events(const struct tls_relay *r)
{
	short events = 0;

	if (!r->down_ended && !r->plain_drained && has_room(&r->down))
		events |= POLLIN;
	if (buffer_len(&r->up) > 0)
		events |= POLLOUT;
	return events;
}

static int
wait_for_more(struct tls_relay *r)
{
	struct pollfd fds[4] = {
		{ .fd = r->control, .events = r->last ? 0 : POLLIN },
		{ .fd = r->plain, .events = plain_events(r) },
		{ .fd = r->in },
		{ .fd = r->out },
	};

	if (may_read(r))
		fds[2].events = POLLIN;
	else
		fds[2].fd = -1;
	if (!r->broken && (buffer_len(&r->down) > 0 || r->sending))
		fds[3].events = POLLOUT;
	else
		fds[3].fd = -1;
	if (!fds[1].events)
		fds[1].fd = -1;
	/* Bytes that GnuTLS has decrypted already are no event of the socket. */
	if (r->session && fds[2].fd >= 0 && gnutls_record_check_pending(r->session) > 0) {
		r->net_readable = true;
		return 0;
	}
	if (poll(fds, 4, -1) < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[0].revents & POLLIN)
		return hear_control(r);
	if (fds[0].revents)
		return -EPIPE;
	r->plain_readable |= fds[1].fd >= 0 &&
			     fds[1].revents & (POLLIN | POLLHUP | POLLERR);
	r->net_readable |= fds[2].fd >= 0 && fds[2].revents != 0;
	return 0;
}

static enum tls_relay_end
finish(struct tls_relay *r)
{
	struct tls_message m = { .kind = TLS_RELAYED,
		.relayed = { r->relayed, r->dropped } };

	buffer_wipe(&r->up);
	buffer_wipe(&r->down);
	buffer_wipe(&r->last_words);
	buffer_free(&r->packet);
	if (r->last == TLS_LAST)
		return TLS_RELAY_LAST;
	r->last = 0;
	r->plain_drained = r->net_readable = r->plain_readable = false;
	if (tls_control_send(r->control, &m) < 0)
		return TLS_RELAY_GONE;
	return TLS_RELAY_STARTTLS;
}

/* Nothing can be written to the network any more: what waits for it is dropped, and the
 * smtp process' next write fails. It hears that the peer is gone, reads what had come,
 * and ends. */
static int
break_off(struct tls_relay *r)
{
	r->broken = r->down_ended = true;
	r->sending = false;
	buffer_consume(&r->down, buffer_len(&r->down));
	shutdown(r->plain, SHUT_RD);
	if (!r->up_ended && pass_end(r, TLS_GONE_FAULT) < 0)
		return -EPIPE;
	return move_up(r);
}

enum tls_relay_end
tls_relay_run(struct tls_relay *r)
{
	r->net_readable = true;
	for (;;) {
		if (move_up(r) < 0)
			return TLS_RELAY_GONE;
		if (move_down(r) < 0 && break_off(r) < 0)
			return TLS_RELAY_GONE;
		if (r->broken && r->last)
			return TLS_RELAY_GONE;
		if (r->last && r->plain_drained && buffer_len(&r->down) == 0 &&
			!r->sending)
			return finish(r);
		if (wait_for_more(r) < 0)
			return TLS_RELAY_GONE;
	}
}
