// SPDX-License-Identifier: ISC
/*
 * One datagram for each message, sent without waiting: what does not fit is lost, as are
 * messages to nobody. The socket is connected when it is opened, since walls may stand
 * between later. Owns the socket for as long as the process lives.
 */
#include "host/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/number.h"

enum { LINES_SIZE = 1024 };

/* A path, or a name in the abstract name space behind an @. */
static int
connect_to(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t len = strlen(name);
	CLEANUP_FD int fd = -1;

	if ((*name != '/' && *name != '@') || len < 2 || len >= sizeof a.sun_path)
		return -EINVAL;
	memcpy(a.sun_path, name, len);
	if (*name == '@')
		a.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 ||
		connect(fd, (const struct sockaddr *)&a,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static uint64_t
read_number(const char *variable)
{
	const char *text = getenv(variable);
	uint64_t n;

	return text && number_parse(text, strlen(text), 1, INT64_MAX, &n) == 0 ? n : 0;
}

/* Half of the time after which systemd takes this process for dead. */
static int64_t
read_watchdog(void)
{
	uint64_t pid = read_number("WATCHDOG_PID");
	int64_t ms = (int64_t)(read_number("WATCHDOG_USEC") / 2000);

	if (pid > 0 && pid != (uint64_t)getpid())
		return 0;
	return ms;
}

struct host_notify
host_notify_open(int fd)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct host_notify n = { .fd = fd };

	if (n.fd < 0 && name)
		n.fd = connect_to(name);

	if (n.fd < 0)
		return (struct host_notify){ .fd = -1 };
	n.watchdog = read_watchdog();
	return n;
}

void
host_notify_say(struct host_notify *n, const char *lines, ...)
{
	char text[LINES_SIZE];
	va_list ap;
	int len;

	if (n->fd < 0)
		return;
	va_start(ap, lines);
	len = vsnprintf(text, sizeof text, lines, ap);
	va_end(ap);
	if (len > 0 && len < LINES_SIZE)
		send(n->fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

uint64_t
host_notify_monotonic_usec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}
