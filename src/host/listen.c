// SPDX-License-Identifier: ISC
/*
 * LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES are read here and not by libsystemd, which a
 * process that forks for every connection would have to copy each time. Owns nothing: the
 * sockets are the caller's. Faults: -E2BIG, -EINVAL, those of the system calls.
 */
#include "host/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/number.h"
#include "host/activation.h"

enum { FIRST = 3, DESCRIPTORS_MAX = 1 << 20 };

static bool
is_listening(int fd)
{
	int value = 0;
	socklen_t len = sizeof value;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &len) == 0 && value > 0;
}

static uint64_t
read_number(const char *variable, uint64_t max)
{
	const char *text = getenv(variable);
	uint64_t n;

	return text && number_parse(text, strlen(text), 0, max, &n) == 0 ? n : 0;
}

/* How many descriptors were passed to this very process (sd_listen_fds(3)). */
static int
count_passed(void)
{
	if (read_number("LISTEN_PID", INT32_MAX) != (uint64_t)getpid())
		return 0;
	return (int)read_number("LISTEN_FDS", DESCRIPTORS_MAX);
}

/* The names have a colon between. */
static void
take_names(struct host_listeners *l)
{
	const char *names = getenv("LISTEN_FDNAMES");

	for (size_t i = 0; names && *names && i < l->n; i++) {
		size_t len = strcspn(names, ":");

		snprintf(l->at[i].name, sizeof l->at[i].name, "%.*s", (int)len, names);
		names += len + (names[len] == ':');
	}
}

/* Each by its own descriptor, from the first one on. */
static int
take(struct host_listeners *l, int first, int n)
{
	int listening = 0, r = 0;

	for (int i = 0; i < n; i++)
		listening += is_listening(first + i);
	if (listening == 0)
		return 0;
	if (listening < n)
		return -EINVAL;
	if (n > HOST_LISTENERS_MAX)
		return -E2BIG;
	for (int i = 0; r == 0 && i < n; i++) {
		l->at[i].fd = first + i;
		r = host_activation_ready(first + i);
	}
	l->n = (size_t)n;
	return r;
}

/* No file may get the number of a standard descriptor, so none of them is ever closed. */
static int
put_null(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), r = 0;

	if (null < 0 || dup2(null, fd) < 0)
		r = -errno;
	if (null > STDERR_FILENO)
		close(null);
	return r;
}

/* inetd makes 1 the same socket. */
static int
take_standard(struct host_listeners *l)
{
	int r = take(l, STDIN_FILENO, 1);

	if (r < 0 || l->n == 0)
		return r;
	l->at[0].fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (l->at[0].fd < 0)
		return -errno;
	r = put_null(STDIN_FILENO);
	return r == 0 && is_listening(STDOUT_FILENO) ? put_null(STDOUT_FILENO) : r;
}

int
host_listen_take(struct host_listeners *ret)
{
	struct host_listeners l = { 0 };
	int n = count_passed();
	int r = n > 0 ? take(&l, FIRST, n) : take_standard(&l);

	if (r < 0)
		return r;
	l.passed = n > 0;
	if (l.passed && l.n > 0) {
		take_names(&l);
		unsetenv("LISTEN_PID");
		unsetenv("LISTEN_FDS");
		unsetenv("LISTEN_FDNAMES");
	}
	*ret = l;
	return 0;
}

static int
set_close_on_exec(const struct host_listeners *l, int flags)
{
	for (size_t i = 0; i < l->n; i++)
		if (fcntl(l->at[i].fd, F_SETFD, flags) < 0)
			return -errno;
	return 0;
}

int
host_listen_hand_over(const struct host_listeners *l)
{
	char names[HOST_LISTENERS_MAX * HOST_LISTENER_NAME_SIZE] = "";
	char number[16];
	size_t at = 0;

	if (l->passed) {
		for (size_t i = 0; i < l->n; i++)
			at += (size_t)snprintf(names + at, sizeof names - at, "%s%s",
				i > 0 ? ":" : "", l->at[i].name);
		snprintf(number, sizeof number, "%zu", l->n);
		if (setenv("LISTEN_FDS", number, 1) < 0 ||
			setenv("LISTEN_FDNAMES", names, 1) < 0)
			return -errno;
		snprintf(number, sizeof number, "%ld", (long)getpid());
		if (setenv("LISTEN_PID", number, 1) < 0)
			return -errno;
	}
	if (!l->passed)
		return dup2(l->at[0].fd, STDIN_FILENO) < 0 ? -errno : 0;
	return set_close_on_exec(l, 0);
}

void
host_listen_keep(const struct host_listeners *l)
{
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	set_close_on_exec(l, FD_CLOEXEC);
	if (!l->passed)
		put_null(STDIN_FILENO);
}

static void
put_v4(struct host_source *s, const struct in_addr *a)
{
	s->bytes[10] = s->bytes[11] = 0xff;
	memcpy(s->bytes + 12, a, sizeof *a);
}

static void
put_v6(struct host_source *s, const struct in6_addr *a)
{
	memcpy(s->bytes, a, IN6_IS_ADDR_V4MAPPED(a) ? sizeof *a : sizeof *a / 2);
}

/* Faults of the network that had come over a connection before it was accepted are told
 * by accept(2), and are its peer's. */
static int
judge(int error)
{
	switch (error) {
	case EINTR:
	case EPROTO:
	case EPERM:
	case ENETDOWN:
	case ENETUNREACH:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENONET:
	case ENOPROTOOPT:
	case ETIMEDOUT:
		return -ECONNABORTED;
	default:
		return -error;
	}
}

int
host_listen_accept(
	const struct host_listener *l, int *ret_fd, struct host_source *ret_source)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_storage room;
	} a = { 0 };
	socklen_t len = sizeof a;
	struct host_source source = { 0 };
	int fd = accept4(l->fd, &a.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return judge(errno);
	if (a.any.sa_family == AF_INET)
		put_v4(&source, &a.v4.sin_addr);
	else if (a.any.sa_family == AF_INET6)
		put_v6(&source, &a.v6.sin6_addr);
	*ret_fd = fd;
	*ret_source = source;
	return 0;
}

void
host_source_name(const struct host_source *s, char ret[HOST_SOURCE_TEXT_SIZE])
{
	static const uint8_t MAPPED[12] = { [10] = 0xff, [11] = 0xff };
	static const struct host_source NOBODY;
	char text[INET6_ADDRSTRLEN] = "";

	if (memcmp(s, &NOBODY, sizeof *s) == 0) {
		snprintf(ret, HOST_SOURCE_TEXT_SIZE, "local");
		return;
	}
	if (memcmp(s->bytes, MAPPED, sizeof MAPPED) == 0) {
		inet_ntop(AF_INET, s->bytes + sizeof MAPPED, text, sizeof text);
		snprintf(ret, HOST_SOURCE_TEXT_SIZE, "%s", text);
		return;
	}
	inet_ntop(AF_INET6, s->bytes, text, sizeof text);
	snprintf(ret, HOST_SOURCE_TEXT_SIZE, "%s/64", text);
}
