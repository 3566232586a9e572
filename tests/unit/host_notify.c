// SPDX-License-Identifier: ISC
/*
 * What is told to whom NOTIFY_SOCKET names, by path and by an abstract name, and how
 * often signs of life are due.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/notify.h"

static char folder[] = "/tmp/postern-notify-XXXXXX";

/* Binds a socket by the name, which has an @ for abstract ones, and says it. */
static int
bind_and_say(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	strcpy(a.sun_path, name);
	if (*name == '@')
		a.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (const struct sockaddr *)&a,
				 (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
					     strlen(name))),
		0);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static void
assert_hears(int fd, const char *text)
{
	char got[2048];
	ssize_t n = recv(fd, got, sizeof got, 0);

	assert_int_equal(n, strlen(text));
	assert_memory_equal(got, text, (size_t)n);
}

static void
assert_silence(int fd)
{
	char c;

	assert_int_equal(recv(fd, &c, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
}

static void
hold_talk(const char *name)
{
	char too_long[2000];
	int fd = bind_and_say(name);
	struct host_notify n = host_notify_open(-1);

	assert_true(n.fd >= 0);
	assert_int_equal(fcntl(n.fd, F_GETFD), FD_CLOEXEC);
	host_notify_say(&n, "READY=1\nSTATUS=%d connections", 7);
	assert_hears(fd, "READY=1\nSTATUS=7 connections");
	memset(too_long, 'x', sizeof too_long);
	too_long[sizeof too_long - 1] = '\0';
	host_notify_say(&n, "STATUS=%s", too_long);
	assert_silence(fd);
	/* Who does not read is not waited for. */
	for (int i = 0; i < 10000; i++)
		host_notify_say(&n, "WATCHDOG=1");
	close(fd);
	host_notify_say(&n, "WATCHDOG=1");
	close(n.fd);
}

static void
test_talk(void **state)
{
	char name[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(name, sizeof name, "%s/socket", folder);
	hold_talk(name);
	unlink(name);
	rmdir(folder);
	snprintf(name, sizeof name, "@postern-notify-%d", (int)getpid());
	hold_talk(name);
}

static void
test_nobody(void **state)
{
	static const char *const NAMES[] = { "", "/", "socket", "@", "/no/such/socket" };
	struct host_notify n;

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	n = host_notify_open(-1);
	assert_int_equal(n.fd, -1);
	host_notify_say(&n, "READY=1");
	setenv("WATCHDOG_USEC", "1000000", 1);
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
		setenv("NOTIFY_SOCKET", NAMES[i], 1);
		n = host_notify_open(-1);
		assert_int_equal(n.fd, -1);
		assert_int_equal(n.watchdog, 0);
	}
	unsetenv("WATCHDOG_USEC");
}

static void
test_watchdog(void **state)
{
	static const struct {
		const char *usec;
		bool mine;
		int64_t ms;
	} CASES[] = {
		{ "20000000", true, 10000 },
		{ "20000000", false, 0 },
		{ "0", true, 0 },
		{ "-5", true, 0 },
		{ "many", true, 0 },
		{ "", true, 0 },
	};
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		char pid[16];
		struct host_notify n;

		snprintf(pid, sizeof pid, "%d", (int)getpid() + !CASES[i].mine);
		setenv("WATCHDOG_USEC", CASES[i].usec, 1);
		setenv("WATCHDOG_PID", pid, 1);
		n = host_notify_open(pair[0]);
		assert_int_equal(n.fd, pair[0]);
		assert_int_equal(n.watchdog, CASES[i].ms);
	}
	close(pair[0]);
	close(pair[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_talk),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_watchdog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
