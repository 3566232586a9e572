// SPDX-License-Identifier: ISC
/*
 * Sockets that listen, as they are passed and handed on, and who comes to them: real
 * sockets on the loopback interface.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/listen.h"

enum { DEADLINE_MS = 20000 };

static int
make_v4(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

/* A client of the socket, from an address of its own on the loopback network. */
static int
connect_v4(int listener, const char *from)
{
	struct sockaddr_in to, a = { .sin_family = AF_INET };
	socklen_t len = sizeof to;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(inet_pton(AF_INET, from, &a.sin_addr), 1);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&to, &len), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&to, len), 0);
	return fd;
}

static void
accept_and_name(int listener, char ret[HOST_SOURCE_TEXT_SIZE])
{
	struct host_listener l = { .fd = listener };
	struct pollfd p = { .fd = listener, .events = POLLIN };
	struct host_source source;
	int fd;

	assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
	assert_int_equal(host_listen_accept(&l, &fd, &source), 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	close(fd);
	host_source_name(&source, ret);
}

static void
test_sources(void **state)
{
	struct host_listener l = { .fd = make_v4() };
	char name[HOST_SOURCE_TEXT_SIZE];
	struct host_source source;
	int fd, client = connect_v4(l.fd, "127.0.0.9");

	(void)state;
	accept_and_name(l.fd, name);
	assert_string_equal(name, "127.0.0.9");
	assert_int_equal(host_listen_accept(&l, &fd, &source), -EAGAIN);
	close(client);
	close(l.fd);
}

static void
test_names(void **state)
{
	static const struct {
		const char *address; /* of which the source is made */
		size_t len;          /* the bytes of it that count */
		const char *name;
	} CASES[] = {
		{ "::ffff:192.0.2.1", 16, "192.0.2.1" },
		{ "2001:db8:1:2:3:4:5:6", 8, "2001:db8:1:2::/64" },
		{ "::", 16, "local" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		char name[HOST_SOURCE_TEXT_SIZE];
		struct host_source source = { 0 };
		struct in6_addr a;

		assert_int_equal(inet_pton(AF_INET6, CASES[i].address, &a), 1);
		memcpy(source.bytes, &a, CASES[i].len);
		host_source_name(&source, name);
		assert_string_equal(name, CASES[i].name);
	}
}

/* IPv4 through a socket of both families is IPv4; IPv6 is its first half. */
static void
test_sources_of_both_families(void **state)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6 }, to = { 0 };
	struct sockaddr_in v4 = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof to;
	char name[HOST_SOURCE_TEXT_SIZE];
	int off = 0, client, fd = socket(AF_INET6, SOCK_STREAM, 0);

	(void)state;
	if (fd < 0)
		skip();
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&to, &len), 0);
	v4.sin_port = to.sin6_port;
	client = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(client, (const struct sockaddr *)&v4, sizeof v4), 0);
	accept_and_name(fd, name);
	assert_string_equal(name, "127.0.0.1");
	close(client);
	to.sin6_addr = in6addr_loopback;
	client = socket(AF_INET6, SOCK_STREAM, 0);
	if (connect(client, (const struct sockaddr *)&to, sizeof to) == 0) {
		accept_and_name(fd, name);
		assert_string_equal(name, "local");
	}
	close(client);
	close(fd);
}

/* Runs f in a child that has these descriptors from the third on, and no others. */
static void
in_child(void (*f)(void), const int *fds, int n, const char *names)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		char number[16];

		for (int i = 0; i < n; i++)
			dup2(fds[i], 100 + i);
		for (int i = 0; i < n; i++)
			dup2(100 + i, 3 + i);
		close_range((unsigned)(3 + n), ~0U, 0);
		snprintf(number, sizeof number, "%d", n);
		setenv("LISTEN_FDS", number, 1);
		snprintf(number, sizeof number, "%d", (int)getpid());
		setenv("LISTEN_PID", number, 1);
		setenv("LISTEN_FDNAMES", names, 1);
		f();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* assert_… would run the rest of the tests in the child. */
#define CHECK(condition)                                                                 \
	do {                                                                             \
		if (!(condition)) {                                                      \
			fprintf(stderr, "line %d: %s\n", __LINE__, #condition);          \
			_exit(1);                                                        \
		}                                                                        \
	} while (0)

static void
take_two(void)
{
	struct host_listeners l, again;

	CHECK(host_listen_take(&l) == 0);
	CHECK(l.n == 2 && l.passed && l.at[0].fd == 3 && l.at[1].fd == 4);
	CHECK(strcmp(l.at[0].name, "submissions") == 0);
	CHECK(strcmp(l.at[1].name, "submission") == 0);
	CHECK(fcntl(3, F_GETFD) == FD_CLOEXEC && (fcntl(3, F_GETFL) & O_NONBLOCK));
	CHECK(!getenv("LISTEN_FDS") && !getenv("LISTEN_PID"));
	/* What is handed over is taken as it was before. */
	CHECK(host_listen_hand_over(&l) == 0);
	CHECK(fcntl(3, F_GETFD) == 0 && fcntl(4, F_GETFD) == 0);
	CHECK(host_listen_take(&again) == 0);
	CHECK(again.n == 2 && again.passed && again.at[1].fd == 4);
	CHECK(strcmp(again.at[1].name, "submission") == 0);
	CHECK(host_listen_hand_over(&l) == 0);
	host_listen_keep(&l);
	CHECK(fcntl(3, F_GETFD) == FD_CLOEXEC && !getenv("LISTEN_FDS"));
}

static void
take_mixed(void)
{
	struct host_listeners l;

	CHECK(host_listen_take(&l) == -EINVAL);
}

/* A connection is left to others, with all that was said of it. */
static void
take_connection(void)
{
	struct host_listeners l;

	CHECK(host_listen_take(&l) == 0 && l.n == 0);
	CHECK(getenv("LISTEN_FDS") && getenv("LISTEN_PID"));
}

static void
take_too_many(void)
{
	struct host_listeners l;

	CHECK(host_listen_take(&l) == -E2BIG);
}

/* Passed to another process: this one's descriptor 0 is looked at, and is none. */
static void
take_anothers(void)
{
	struct host_listeners l, again;

	setenv("LISTEN_PID", "1", 1);
	CHECK(host_listen_take(&l) == 0 && l.n == 0);
	setenv("LISTEN_PID", "0x7", 1);
	CHECK(host_listen_take(&l) == 0 && l.n == 0);
	CHECK(dup2(3, 0) == 0);
	CHECK(host_listen_take(&l) == 0 && l.n == 1);
	CHECK(!l.passed && l.at[0].fd > 2 && !*l.at[0].name);
	/* Nothing stays that a child could take for it, until it is handed over. */
	CHECK(host_listen_take(&again) == 0 && again.n == 0);
	CHECK(host_listen_hand_over(&l) == 0);
	CHECK(host_listen_take(&again) == 0 && again.n == 1 && !again.passed);
	CHECK(host_listen_hand_over(&again) == 0);
	host_listen_keep(&again);
	CHECK(host_listen_take(&l) == 0 && l.n == 0);
}

static void
test_take(void **state)
{
	int fds[HOST_LISTENERS_MAX + 1];
	int client;

	(void)state;
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		fds[i] = make_v4();
	client = connect_v4(fds[0], "127.0.0.1");
	in_child(take_two, fds, 2, "submissions:submission");
	in_child(take_mixed, (const int[]){ fds[0], client }, 2, "");
	in_child(take_connection, &client, 1, "connection");
	in_child(take_too_many, fds, HOST_LISTENERS_MAX + 1, "");
	in_child(take_anothers, fds, 1, "");
	close(client);
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		close(fds[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_sources_of_both_families),
		cmocka_unit_test(test_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
