// SPDX-License-Identifier: ISC
/*
 * One socket and one call. Owns nothing. A record has HOST_LOG_LINE_MAX bytes at most and
 * so fits into a datagram, and no memory file is needed for it. Faults: those of the
 * socket's calls.
 */
#include "host/journal.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"

int
host_journal_open(void)
{
	static const struct sockaddr_un address = {
		.sun_family = AF_UNIX,
		.sun_path = "/run/systemd/journal/socket",
	};
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int
send_now(int fd, const void *lines, size_t len)
{
	ssize_t n;

	do
		n = send(fd, lines, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int
host_journal_send(int fd, const void *lines, size_t len, int wait)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int r = send_now(fd, lines, len);

	if (r != -EAGAIN || wait <= 0 || poll(&p, 1, wait) <= 0)
		return r;
	return send_now(fd, lines, len);
}
