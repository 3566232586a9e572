// SPDX-License-Identifier: ISC
/*
 * The life of the tls process: a handshake (now, or after a relay in the clear), a relay,
 * the last words, the close. It holds no secret but the session's keys, so it ends by
 * _exit and leaves tear-down to the kernel.
 */
#include "tls/process.h"

#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/clock.h"
#include "host/memory.h"
#include "host/sandbox.h"
#include "tls/control.h"
#include "tls/handshake.h"
#include "tls/linger.h"
#include "tls/relay.h"

static void
say_goodbye(gnutls_session_t session, const struct tls_process *p)
{
	struct pollfd fds[2] = { { .fd = p->out, .events = POLLOUT },
		{ .fd = p->control } };
	int64_t end = host_clock_ms() + TLS_LINGER_MS;
	int r;

	while ((r = gnutls_bye(session, GNUTLS_SHUT_WR)) < 0) {
		int64_t left = end - host_clock_ms();

		if (gnutls_error_is_fatal(r) || left <= 0 ||
			poll(fds, 2, (int)left) <= 0 || fds[1].revents)
			return;
	}
}

/* A peer that waits for one reply before it sends the next command waits for the kernel,
 * too, if small segments are held back. */
static void
send_at_once(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static int control; /* for the handler of a forbidden call */

static void
take_forbidden(int call)
{
	tls_control_send_forbidden(control, (uint32_t)call);
}

/* No file at all, and the few system calls that records need. What the kernel lacks is
 * logged by the smtp process, which it lacks as well. */
static void
lock_in(const struct tls_process *p)
{
	const struct host_sandbox sandbox = {
		.filter = HOST_FILTER_TLS, .log = -1, .on_forbidden = take_forbidden
	};
	const char *missing;

	control = p->control;
	if (host_sandbox_enter(p->sandbox, &sandbox, &missing) < 0)
		_exit(1);
}

void
tls_process_run(const struct tls_process *p)
{
	struct tls_relay relay = {
		.in = p->in, .out = p->out, .plain = p->plain, .control = p->control
	};
	gnutls_session_t session = NULL;
	enum tls_relay_end end;

	send_at_once(p->out);
	lock_in(p);
	if (p->starttls) {
		end = tls_relay_run(&relay);
		if (end == TLS_RELAY_LAST)
			tls_linger(p->in, p->out, p->control);
		if (end != TLS_RELAY_STARTTLS)
			_exit(0);
	}
	if (tls_handshake_run(p, &session) < 0) {
		tls_linger(p->in, p->out, p->control);
		_exit(0);
	}
	relay.session = session;
	/* The session may be idle for long, and holds little of what the handshake took.
	 */
	host_memory_release();
	if (tls_relay_run(&relay) == TLS_RELAY_LAST) {
		say_goodbye(session, p);
		tls_linger(p->in, p->out, p->control);
	}
	_exit(0);
}
