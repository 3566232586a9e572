// SPDX-License-Identifier: ISC
/*
 * What a person can end: the resolver, which the test plays itself, and a connection that
 * is being made to a socket whose queue is full.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "client/connect.h"
#include "client/link.h"
#include "host/clock.h"

enum { FILLERS = 8, LIMIT_MS = 20000, OUTLIVED = 99 };

static int raised; /* the signal that comes while the resolver runs, or 0 */
static struct sockaddr_in server;
static struct addrinfo found = { .ai_family = AF_INET,
	.ai_socktype = SOCK_STREAM,
	.ai_addr = (struct sockaddr *)&server,
	.ai_addrlen = sizeof(server) };

int
getaddrinfo(const char *restrict host, const char *restrict port,
	const struct addrinfo *restrict hints, struct addrinfo **restrict ret)
{
	(void)host;
	(void)port;
	(void)hints;
	if (raised)
		raise(raised);
	*ret = &found;
	return 0;
}

void
freeaddrinfo(struct addrinfo *list)
{
	assert_ptr_equal(list, &found);
}

static int
call(int cancel, int64_t ms, struct client_fault *fault)
{
	const struct client_settings s = { .host = (char[]){ "localhost" }, .port = 1 };
	int fd = -1;
	int r = client_connect(&s, cancel, host_clock_ms() + ms, &fd, fault);

	if (fd >= 0)
		close(fd);
	return r;
}

/* A listening socket, and as many that wait for it as it lets wait. */
static void
fill_queue(int fds[FILLERS + 1])
{
	socklen_t size = sizeof(server);

	server = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fds[0], found.ai_addr, size), 0);
	assert_int_equal(getsockname(fds[0], found.ai_addr, &size), 0);
	assert_int_equal(listen(fds[0], 0), 0);
	for (int i = 1; i <= FILLERS; i++) {
		struct pollfd p = { .events = POLLOUT };

		fds[i] = p.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		assert_true(connect(fds[i], found.ai_addr, size) == 0 ||
			    errno == EINPROGRESS);
		if (i == FILLERS)
			assert_int_equal(poll(&p, 1, 0), 0);
	}
}

static void
test_connection(void **state)
{
	struct client_fault fault = { 0 };
	int fds[FILLERS + 1], cancel[2];
	int64_t start;

	(void)state;
	fill_queue(fds);
	assert_int_equal(pipe(cancel), 0);
	assert_true(call(cancel[0], 50, &fault) < 0);
	assert_int_equal(fault.status, EX_UNAVAILABLE);
	assert_int_equal(write(cancel[1], "", 1), 1);
	start = host_clock_ms();
	assert_int_equal(call(cancel[0], LIMIT_MS, &fault), CLIENT_LINK_CANCELLED);
	assert_true(host_clock_ms() - start < LIMIT_MS / 2);
	for (int i = 0; i <= FILLERS; i++)
		close(fds[i]);
	close(cancel[0]);
	close(cancel[1]);
}

/* Signals that are kept for a descriptor end the resolver, and are kept again then. */
static void
test_resolver(void **state)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, 0 };
	struct client_fault fault = { 0 };
	sigset_t set, now;
	int status;

	(void)state;
	sigemptyset(&set);
	for (size_t i = 0; i < 4; i++)
		sigaddset(&set, numbers[i]);
	server = (struct sockaddr_in){ .sin_family = AF_INET };
	for (size_t i = 0; i < 5; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			/* Whoever started the tests may have had it ignored. */
			if (numbers[i])
				signal(numbers[i], SIG_DFL);
			raised = numbers[i];
			sigprocmask(SIG_BLOCK, &set, NULL);
			call(STDIN_FILENO, 0, &fault);
			sigprocmask(SIG_BLOCK, NULL, &now);
			_exit(sigismember(&now, SIGINT) && sigismember(&now, SIGTERM)
					? OUTLIVED
					: EXIT_FAILURE);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (numbers[i] == 0)
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) == OUTLIVED);
		else
			assert_true(
				WIFSIGNALED(status) && WTERMSIG(status) == numbers[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connection),
		cmocka_unit_test(test_resolver),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
