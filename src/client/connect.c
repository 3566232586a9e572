// SPDX-License-Identifier: ISC
/*
 * Resolver and connect(2), with a time limit, and both of them end by a signal: the first
 * by its own action, the second through the descriptor cancel. The descriptor is the
 * caller's once it is connected. Faults: no such host, nobody answers (unavailable), an
 * address that is not this machine's where it has to be (usage).
 */
#include "client/connect.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "client/link.h"
#include "host/clock.h"

static void
list_cleanup(struct addrinfo **list)
{
	if (*list)
		freeaddrinfo(*list);
}

static bool
is_loopback(const struct sockaddr *address)
{
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;

	if (address->sa_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

/* Waits for a connection that is being made. 0 or a negative errno. */
static int
wait_connected(int fd, int cancel, int64_t deadline)
{
	struct pollfd fds[2] = { { .fd = fd, .events = POLLOUT },
		{ .fd = cancel, .events = POLLIN } };
	socklen_t size = sizeof(int);
	int error = 0;
	int n;

	do {
		int64_t left = deadline - host_clock_ms();

		n = poll(fds, 2, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n == 0 ? -ETIMEDOUT : -errno;
	if (fds[1].revents)
		return -ECANCELED;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return -errno;
	return -error;
}

static int
try_address(const struct addrinfo *a, int cancel, int64_t deadline, int *ret_fd)
{
	CLEANUP_FD int fd = -1;
	int on = 1;
	int r;

	fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
		a->ai_protocol);
	if (fd < 0)
		return -errno;
	if (connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
		r = errno == EINPROGRESS || errno == EINTR
			    ? wait_connected(fd, cancel, deadline)
			    : -errno;
		if (r < 0)
			return r;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int
try_all(const struct addrinfo *list, bool loopback, int cancel, int64_t deadline,
	int *ret_fd)
{
	int r = -EADDRNOTAVAIL;
	int n = 0;

	for (const struct addrinfo *a = list; a; a = a->ai_next)
		n++;
	for (const struct addrinfo *a = list; a; a = a->ai_next, n--) {
		int64_t now = host_clock_ms();

		if (loopback && !is_loopback(a->ai_addr)) {
			r = -EPERM;
			continue;
		}
		r = try_address(a, cancel, now + (deadline - now) / n, ret_fd);
		if (r == 0 || r == -ECANCELED)
			return r;
	}
	return r;
}

/* getaddrinfo(3), which cannot be cancelled: where signals are kept for a descriptor,
 * they end the program meanwhile. */
static int
resolve(const struct client_settings *s, int cancel, struct addrinfo **ret)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV };
	sigset_t set, before;
	char port[16];
	int r;

	sigemptyset(&set);
	for (size_t i = 0; cancel >= 0 && i < sizeof numbers / sizeof *numbers; i++)
		sigaddset(&set, numbers[i]);
	snprintf(port, sizeof port, "%u", s->port);
	sigprocmask(SIG_UNBLOCK, &set, &before);
	r = getaddrinfo(s->host, port, &hints, ret);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

int
client_connect(const struct client_settings *s, int cancel, int64_t deadline, int *ret_fd,
	struct client_fault *fault)
{
	CLEANUP(list_cleanup) struct addrinfo *list = NULL;
	bool loopback = s->tls == CLIENT_TLS_OFF;
	int r;

	r = resolve(s, cancel, &list);
	if (r != 0)
		return client_fault_set(fault, EX_UNAVAILABLE,
			"cannot find the host %s: %s", s->host,
			r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r));
	r = try_all(list, loopback, cancel, deadline, ret_fd);
	if (r == -ECANCELED)
		return CLIENT_LINK_CANCELLED;
	if (r == -EPERM && loopback)
		return client_fault_set(fault, EX_USAGE,
			"%s is not this machine: --tls off is for "
			"127.0.0.0/8 and ::1 alone",
			s->host);
	if (r < 0)
		return client_fault_set(fault, EX_UNAVAILABLE,
			"cannot reach %s on port %u: %s", s->host, s->port, strerror(-r));
	return 0;
}
