// SPDX-License-Identifier: ISC
/*
 * Descriptors as supervisors pass them. Owns none: the caller serves and closes them.
 * Faults: -ENOTSOCK, -E2BIG, -ENOTCONN, those of the system calls.
 */
#include "host/activation.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/cleanup.h"

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_storage room;
};

static bool
is_same_socket(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && S_ISSOCK(x.st_mode) &&
	       x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

void
host_activation_save_stderr(void)
{
	CLEANUP_FD int null = -1;

	if (fcntl(STDERR_FILENO, F_GETFD) >= 0 &&
		!is_same_socket(STDIN_FILENO, STDERR_FILENO))
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0 && null != STDERR_FILENO)
		dup2(null, STDERR_FILENO);
	else
		TAKE_FD(null);
}

static int
find_option(int fd, int option)
{
	int value = 0;
	socklen_t len = sizeof value;

	if (getsockopt(fd, SOL_SOCKET, option, &value, &len) < 0)
		return -errno;
	return value;
}

static void
set_peer(struct host_connection *c, const char *address, const char *port)
{
	snprintf(c->peer, sizeof c->peer, "%s", address);
	if (!port)
		snprintf(c->peer_port, sizeof c->peer_port, "%s", address);
	else
		snprintf(c->peer_port, sizeof c->peer_port,
			strchr(address, ':') ? "[%s]:%s" : "%s:%s", address, port);
}

static void
name_v4(struct host_connection *c, const struct in_addr *a, in_port_t be_port)
{
	char text[INET_ADDRSTRLEN], port[8];

	inet_ntop(AF_INET, a, text, sizeof text);
	snprintf(port, sizeof port, "%u", ntohs(be_port));
	set_peer(c, text, port);
	c->loopback = ntohl(a->s_addr) >> 24 == IN_LOOPBACKNET;
}

static void
name_v6(struct host_connection *c, const struct sockaddr_in6 *a)
{
	char text[INET6_ADDRSTRLEN], port[8];
	struct in_addr mapped;

	if (IN6_IS_ADDR_V4MAPPED(&a->sin6_addr)) {
		memcpy(&mapped, a->sin6_addr.s6_addr + 12, sizeof mapped);
		name_v4(c, &mapped, a->sin6_port);
		return;
	}
	inet_ntop(AF_INET6, &a->sin6_addr, text, sizeof text);
	snprintf(port, sizeof port, "%u", ntohs(a->sin6_port));
	set_peer(c, text, port);
	c->loopback = IN6_IS_ADDR_LOOPBACK(&a->sin6_addr);
}

/* A stream that is no network socket: whoever made it may say in the environment for
 * whom, in the words of systemd, UCSPI or socat. */
static void
name_from_environment(struct host_connection *c)
{
	static const char *const NAMES[] = { "REMOTE_ADDR", "TCPREMOTEIP",
		"SOCAT_PEERADDR" };
	union address a;
	const char *text;

	set_peer(c, "local", NULL);
	c->loopback = false;
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
		text = getenv(NAMES[i]);
		if (!text || (inet_pton(AF_INET, text, &a.v4.sin_addr) != 1 &&
				     inet_pton(AF_INET6, text, &a.v6.sin6_addr) != 1))
			continue;
		set_peer(c, text, NULL);
		return;
	}
}

static int
name_peer(struct host_connection *c)
{
	union address a = { 0 };
	socklen_t len = sizeof a;

	if (getpeername(c->in, &a.any, &len) < 0) {
		if (errno != ENOTSOCK)
			return -errno;
		a.any.sa_family = AF_UNSPEC;
	}
	if (a.any.sa_family == AF_INET)
		name_v4(c, &a.v4.sin_addr, a.v4.sin_port);
	else if (a.any.sa_family == AF_INET6)
		name_v6(c, &a.v6);
	else
		name_from_environment(c);
	return 0;
}

int
host_activation_ready(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return 0;
}

static bool
is_pipe(int fd, int access)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st;

	return flags >= 0 && (flags & O_ACCMODE) == access && fstat(fd, &st) == 0 &&
	       S_ISFIFO(st.st_mode);
}

/* Descriptor 0 alone, unless it and 1 are a pair of pipes. */
static int
take_standard(struct host_connection *c)
{
	c->in = c->out = STDIN_FILENO;
	if (find_option(STDIN_FILENO, SO_TYPE) == SOCK_STREAM)
		return 0;
	if (!is_pipe(STDIN_FILENO, O_RDONLY) || !is_pipe(STDOUT_FILENO, O_WRONLY))
		return -ENOTSOCK;
	c->out = STDOUT_FILENO;
	return host_activation_ready(STDOUT_FILENO);
}

int
host_activation_take(struct host_connection *ret)
{
	struct host_connection c = { .in = -1, .out = -1 };
	/* Without the variable there is nothing that libsystemd could say. */
	int n = getenv("LISTEN_FDS") ? sd_listen_fds(1) : 0;
	int r;

	if (n < 0)
		return n;
	if (n > 1)
		return -E2BIG;
	if (n == 1)
		c.in = c.out = SD_LISTEN_FDS_START;
	else if ((r = take_standard(&c)) < 0)
		return r;
	if (n == 1 && find_option(c.in, SO_TYPE) != SOCK_STREAM)
		return -ENOTSOCK;
	r = host_activation_ready(c.in);
	if (r == 0)
		r = name_peer(&c);
	if (r < 0)
		return r;
	*ret = c;
	return 0;
}

int
host_activation_accepted(int fd, struct host_connection *ret)
{
	struct host_connection c = { .in = fd, .out = fd };
	int r = name_peer(&c);

	if (r < 0)
		return r;
	*ret = c;
	return 0;
}
