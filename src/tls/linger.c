// SPDX-License-Identifier: ISC
/*
 * A bounded reader of what nobody wants. Descriptors are the caller's; there are no
 * faults: at worst the peer gets a reset.
 */
#include "tls/linger.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/clock.h"

enum { LINGER_BYTES = 1 << 20 };

void
tls_linger(int in, int out, int abandon)
{
	int64_t end = host_clock_ms() + TLS_LINGER_MS;
	struct pollfd fds[2] = { { .fd = in, .events = POLLIN }, { .fd = abandon } };
	size_t total = 0;
	char sink[4096];
	ssize_t n;

	shutdown(out, SHUT_WR);
	if (out != in)
		close(out);
	while (total < LINGER_BYTES) {
		int64_t left = end - host_clock_ms();

		if (left <= 0 || poll(fds, 2, (int)left) <= 0 || fds[1].revents)
			return;
		n = read(in, sink, sizeof sink);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return;
		if (n > 0)
			total += (size_t)n;
	}
}
