// SPDX-License-Identifier: ISC
/*
 * The relay in the clear, between two socket pairs, in a thread of its own: nothing is
 * lost, neither direction waits for the other, last words come last.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "tls/control.h"
#include "tls/relay.h"

struct fixture {
	int net, plain, control; /* our ends */
	struct tls_relay relay;
	enum tls_relay_end end;
	pthread_t thread;
};

static void *
run(void *arg)
{
	struct fixture *f = arg;

	f->end = tls_relay_run(&f->relay);
	return NULL;
}

/* before: what the peer has sent when the relay begins, which then waits for the banner;
 * NULL where no banner is to come. */
static void
begin_with(struct fixture *f, const char *before)
{
	int net[2], plain[2], control[2];
	int type = SOCK_STREAM | SOCK_NONBLOCK;

	*f = (struct fixture){ 0 };
	assert_int_equal(socketpair(AF_UNIX, type, 0, net), 0);
	assert_int_equal(socketpair(AF_UNIX, type, 0, plain), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, control), 0);
	f->net = net[0];
	f->plain = plain[0];
	f->control = control[0];
	f->relay = (struct tls_relay){ .in = net[1],
		.out = net[1],
		.plain = plain[1],
		.control = control[1],
		.greeted = !before };
	if (before)
		assert_int_equal(
			write(f->net, before, strlen(before)), (ssize_t)strlen(before));
	assert_int_equal(pthread_create(&f->thread, NULL, run, f), 0);
}

static void
begin(struct fixture *f)
{
	begin_with(f, NULL);
}

static void
end(struct fixture *f, enum tls_relay_end expected)
{
	assert_int_equal(pthread_join(f->thread, NULL), 0);
	assert_int_equal(f->end, expected);
	int fds[] = { f->net, f->plain, f->control, f->relay.in, f->relay.plain,
		f->relay.control };
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	buffer_free(&f->relay.up);
	buffer_free(&f->relay.down);
	buffer_free(&f->relay.packet);
	buffer_free(&f->relay.last_words);
}

/* Reads exactly n bytes, within ten seconds. */
static void
read_exactly(int fd, char *to, size_t n)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (n > 0) {
		assert_int_equal(poll(&p, 1, 10000), 1);
		ssize_t got = read(fd, to, n);
		assert_true(got > 0);
		to += got;
		n -= (size_t)got;
	}
}

static void
send_words(struct fixture *f, enum tls_kind kind, const char *words)
{
	struct tls_message m = { .kind = kind, .bytes = { words, strlen(words) } };

	assert_int_equal(tls_control_send(f->control, &m), 0);
}

static void
both_ways(void **state)
{
	struct fixture f;
	char got[8];

	(void)state;
	begin(&f);
	assert_int_equal(write(f.net, "EHLO x\r\n", 8), 8);
	read_exactly(f.plain, got, 8);
	assert_memory_equal(got, "EHLO x\r\n", 8);
	assert_int_equal(write(f.plain, "250 ok\r\n", 8), 8);
	read_exactly(f.net, got, 8);
	assert_memory_equal(got, "250 ok\r\n", 8);
	close(TAKE_FD(f.control));
	end(&f, TLS_RELAY_GONE);
}

/* Both sides write more than all buffers hold, each reading only what it gets in between.
 */
static void
neither_direction_waits_for_the_other(void **state)
{
	enum { TOTAL = 8 << 20 };
	struct fixture f;
	size_t sent[2] = { 0 }, got[2] = { 0 };
	char *noise = malloc(TOTAL), *sink = malloc(65536);

	(void)state;
	for (size_t i = 0; i < TOTAL; i++)
		noise[i] = (char)(i * 2654435761U >> 13);
	begin(&f);
	while (got[0] < TOTAL || got[1] < TOTAL) {
		struct pollfd p[2] = { { .fd = f.net }, { .fd = f.plain } };

		for (int i = 0; i < 2; i++)
			p[i].events = (short)((sent[i] < TOTAL ? POLLOUT : 0) | POLLIN);
		assert_true(poll(p, 2, 10000) > 0);
		for (int i = 0; i < 2; i++) {
			if (p[i].revents & POLLOUT && sent[i] < TOTAL) {
				ssize_t n = write(
					p[i].fd, noise + sent[i], TOTAL - sent[i]);

				sent[i] += n > 0 ? (size_t)n : 0;
			}
			/* As slow a reader as can be: only what cannot be written is
			 * read. */
			if (p[i].revents & POLLIN && !(p[i].revents & POLLOUT)) {
				ssize_t n = read(p[i].fd, sink, 65536);

				assert_true(n > 0);
				assert_memory_equal(sink, noise + got[i], (size_t)n);
				got[i] += (size_t)n;
			}
		}
	}
	free(noise);
	free(sink);
	close(TAKE_FD(f.control));
	end(&f, TLS_RELAY_GONE);
}

/* A writer that never reads is not waited for: the other direction still works. */
static void
a_stuck_reader_blocks_nobody_else(void **state)
{
	struct fixture f;
	char got[4], full[4096] = { 0 };

	(void)state;
	begin(&f);
	while (write(f.plain, full, sizeof full) > 0)
		;
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(write(f.net, "RSET", 4), 4);
	read_exactly(f.plain, got, 4);
	assert_memory_equal(got, "RSET", 4);
	close(TAKE_FD(f.control));
	end(&f, TLS_RELAY_GONE);
}

/* Nothing is read before the banner, and all that comes behind it is. */
static void
the_banner_comes_first(void **state)
{
	struct fixture f;
	char got[8];

	(void)state;
	begin_with(&f, "");
	send_words(&f, TLS_BANNER, "220 hi\r\n");
	read_exactly(f.net, got, 8);
	assert_memory_equal(got, "220 hi\r\n", 8);
	assert_int_equal(write(f.net, "EHLO x\r\n", 8), 8);
	read_exactly(f.plain, got, 8);
	/* There is one banner. */
	send_words(&f, TLS_BANNER, "220 hi\r\n");
	end(&f, TLS_RELAY_GONE);
}

static void
who_speaks_before_the_banner_is_not_heard(void **state)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	struct tls_message m;
	struct fixture f;
	char got[8];

	(void)state;
	begin_with(&f, "E");
	send_words(&f, TLS_BANNER, "220 hi\r\n");
	assert_int_equal(tls_control_receive(f.control, &b, &m), 0);
	assert_int_equal(m.kind, TLS_EARLY);
	assert_int_equal(write(f.net, "HLO x\r\n", 7), 7);
	assert_int_equal(
		poll(&(struct pollfd){ .fd = f.plain, .events = POLLIN }, 1, 10000), 1);
	assert_int_equal(read(f.plain, got, 1), 0);
	send_words(&f, TLS_LAST, "421 no\r\n");
	read_exactly(f.net, got, 8);
	assert_memory_equal(got, "421 no\r\n", 8);
	end(&f, TLS_RELAY_LAST);
}

/* Its end is not its turn, but it is no word either. */
static void
who_leaves_before_the_banner_is_not_early(void **state)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	struct tls_message m;
	struct fixture f;
	char got[8];

	(void)state;
	begin_with(&f, "");
	assert_int_equal(shutdown(f.net, SHUT_WR), 0);
	send_words(&f, TLS_BANNER, "220 hi\r\n");
	assert_int_equal(tls_control_receive(f.control, &b, &m), 0);
	assert_int_equal(m.kind, TLS_GONE);
	read_exactly(f.net, got, 8);
	close(TAKE_FD(f.control));
	end(&f, TLS_RELAY_GONE);
}

static void
last_words_come_last(void **state)
{
	enum { BEFORE = 150000 };
	struct fixture f;
	char *before = malloc(BEFORE), *got = malloc(BEFORE + 9);
	size_t sent = 0, n = 0;

	(void)state;
	memset(before, 'r', BEFORE);
	begin(&f);
	while (sent < BEFORE) {
		ssize_t w = write(f.plain, before + sent, BEFORE - sent);

		if (w > 0) {
			sent += (size_t)w;
			continue;
		}
		assert_int_equal(errno, EAGAIN);
		read_exactly(f.net, got + n, 4096);
		n += 4096;
	}
	send_words(&f, TLS_LAST, "221 bye\r\n");
	read_exactly(f.net, got + n, BEFORE + 9 - n);
	assert_memory_equal(got, before, BEFORE);
	assert_memory_equal(got + BEFORE, "221 bye\r\n", 9);
	free(before);
	free(got);
	end(&f, TLS_RELAY_LAST);
}

/* STARTTLS: the reply goes out, nothing more comes in, and the count tells where the line
 * between the two streams is. */
static void
starttls_counts_what_was_relayed(void **state)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	struct tls_message m;
	struct fixture f;
	char got[20];

	(void)state;
	begin(&f);
	assert_int_equal(write(f.net, "STARTTLS\r\nNOOP\r\n", 16), 16);
	read_exactly(f.plain, got, 16);
	send_words(&f, TLS_STARTTLS, "220 go\r\n");
	assert_int_equal(tls_control_receive(f.control, &b, &m), 0);
	assert_int_equal(m.kind, TLS_RELAYED);
	assert_int_equal(m.relayed.bytes, 16);
	assert_int_equal(m.relayed.dropped, 0);
	read_exactly(f.net, got, 8);
	assert_memory_equal(got, "220 go\r\n", 8);
	assert_int_equal(write(f.net, "tls", 3), 3);
	pthread_join(f.thread, NULL);
	assert_int_equal(read(f.plain, got, 3), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(pthread_create(&f.thread, NULL, run, &f), 0);
	read_exactly(f.plain, got, 3);
	close(TAKE_FD(f.control));
	end(&f, TLS_RELAY_GONE);
}

/* More than the smtp process has room for: what the relay holds, and what lies unread on
 * the network when STARTTLS comes, is dropped and counted. */
static void
starttls_drops_what_was_not_relayed(void **state)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	struct pollfd p = { .events = POLLOUT };
	char noise[4096] = { 0 };
	struct tls_message m;
	struct fixture f;
	uint64_t sent = 0;
	ssize_t n;

	(void)state;
	begin(&f);
	p.fd = f.net;
	while (poll(&p, 1, 200) > 0) {
		n = write(f.net, noise, sizeof noise);
		assert_true(n > 0);
		sent += (uint64_t)n;
	}
	send_words(&f, TLS_STARTTLS, "220 go\r\n");
	assert_int_equal(tls_control_receive(f.control, &b, &m), 0);
	assert_int_equal(m.kind, TLS_RELAYED);
	assert_true(m.relayed.dropped > 0);
	assert_int_equal(m.relayed.bytes + m.relayed.dropped, sent);
	for (uint64_t left = m.relayed.bytes; left > 0; left -= (uint64_t)n) {
		n = read(f.plain, noise, sizeof noise);
		assert_true(n > 0 && (uint64_t)n <= left);
	}
	assert_int_equal(read(f.plain, noise, 1), -1);
	assert_int_equal(errno, EAGAIN);
	read_exactly(f.net, noise, 8);
	end(&f, TLS_RELAY_STARTTLS);
}

static void
the_end_of_the_peer_is_told_and_passed_on(void **state)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	struct tls_message m;
	struct fixture f;
	char got[6];

	(void)state;
	begin(&f);
	assert_int_equal(write(f.net, "QUIT\r\n", 6), 6);
	assert_int_equal(shutdown(f.net, SHUT_WR), 0);
	assert_int_equal(tls_control_receive(f.control, &b, &m), 0);
	assert_int_equal(m.kind, TLS_GONE);
	assert_int_equal(m.gone, TLS_GONE_CLOSED);
	read_exactly(f.plain, got, 6);
	assert_int_equal(
		poll(&(struct pollfd){ .fd = f.plain, .events = POLLIN }, 1, 10000), 1);
	assert_int_equal(read(f.plain, got, 1), 0);
	/* It still hears the answer. */
	assert_int_equal(write(f.plain, "221 x\n", 6), 6);
	read_exactly(f.net, got, 6);
	send_words(&f, TLS_LAST, "");
	end(&f, TLS_RELAY_LAST);
}

static void
a_broken_network_does_not_spin(void **state)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	struct tls_message m;
	struct fixture f;

	(void)state;
	begin(&f);
	close(TAKE_FD(f.net));
	assert_int_equal(tls_control_receive(f.control, &b, &m), 0);
	assert_int_equal(m.kind, TLS_GONE);
	assert_int_equal(write(f.plain, "250 x\n", 6), 6);
	send_words(&f, TLS_LAST, "221\r\n");
	end(&f, TLS_RELAY_GONE);
}

/* The smtp process that waits for room learns at once that there will be none. */
static void
a_broken_network_fails_a_writer_that_waits(void **state)
{
	struct pollfd p = { .events = POLLOUT };
	char full[4096] = { 0 };
	struct fixture f;

	(void)state;
	begin(&f);
	while (write(f.plain, full, sizeof full) > 0 ||
		(p.fd = f.plain, poll(&p, 1, 200)) > 0)
		;
	close(TAKE_FD(f.net));
	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(write(f.plain, full, sizeof full), -1);
	assert_int_equal(errno, EPIPE);
	close(TAKE_FD(f.control));
	end(&f, TLS_RELAY_GONE);
}

static void
a_word_that_has_no_place_ends_it(void **state)
{
	struct tls_message m = { .kind = TLS_VERDICT };
	struct fixture f;

	(void)state;
	begin(&f);
	assert_int_equal(tls_control_send(f.control, &m), 0);
	end(&f, TLS_RELAY_GONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways),
		cmocka_unit_test(neither_direction_waits_for_the_other),
		cmocka_unit_test(a_stuck_reader_blocks_nobody_else),
		cmocka_unit_test(the_banner_comes_first),
		cmocka_unit_test(who_speaks_before_the_banner_is_not_heard),
		cmocka_unit_test(who_leaves_before_the_banner_is_not_early),
		cmocka_unit_test(last_words_come_last),
		cmocka_unit_test(starttls_counts_what_was_relayed),
		cmocka_unit_test(starttls_drops_what_was_not_relayed),
		cmocka_unit_test(the_end_of_the_peer_is_told_and_passed_on),
		cmocka_unit_test(a_broken_network_does_not_spin),
		cmocka_unit_test(a_broken_network_fails_a_writer_that_waits),
		cmocka_unit_test(a_word_that_has_no_place_ends_it),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("tls_relay", tests, NULL, NULL);
}
