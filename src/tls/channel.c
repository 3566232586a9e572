// SPDX-License-Identifier: ISC
/*
 * The smtp process' end of the pair: fork, talk, reap. Owns the plain and the control
 * descriptor and the child's pidfd until tls_channel_close; the connection is the child's
 * from the fork on. Faults: -errno of the system calls; a child that was forked and
 * cannot be watched is killed.
 */
#include "tls/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/clock.h"
#include "host/privileges.h"
#include "host/stop.h"
#include "tls/linger.h"
#include "tls/process.h"
#include "tls/random.h"

_Noreturn static void
become_tls_process(const struct config *config, const struct tls_process *p, int parent)
{
	/* With the sandbox off (a build with a sanitizer) stderr stays, for its reports.
	 */
	int keep[] = { p->in, p->out, p->plain, p->control,
		config->sandbox == CONFIG_SANDBOX_OFF ? STDERR_FILENO : -1 };

	host_stop_ignore();
	if (host_privileges_keep(keep, sizeof keep / sizeof *keep) < 0 ||
		host_privileges_bound(parent, config->sandbox != CONFIG_SANDBOX_OFF) < 0)
		_exit(1);
	tls_process_run(p);
}

/* The connection is the tls process' now: what is left of it here becomes /dev/null where
 * it was a standard descriptor, so that no file ever gets such a number. */
static int
give_away(int fd)
{
	CLEANUP_FD int null = -1;

	if (fd > STDERR_FILENO) {
		close(fd);
		return 0;
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, fd) < 0)
		return -errno;
	return 0;
}

static int
give_connection_away(const struct host_connection *connection)
{
	int r = give_away(connection->in);

	if (r == 0 && connection->out != connection->in)
		r = give_away(connection->out);
	/* inetd and socat pass the socket as descriptor 1, too. */
	if (r == 0 && connection->in == STDIN_FILENO && connection->out == STDIN_FILENO)
		r = give_away(STDOUT_FILENO);
	return r;
}

/* The copy of a forked child has no pidfd yet; the number cannot be anybody else's before
 * it was waited for. */
static int
fork_tls_process(const struct config *config, const struct tls_process *p, int *ret_pidfd)
{
	pid_t self = getpid();
	pid_t pid = fork();
	int fd;

	if (pid < 0)
		return -errno;
	if (pid == 0)
		become_tls_process(config, p, self);
	fd = pidfd_open(pid, 0);
	if (fd < 0) {
		int r = -errno;

		kill(pid, SIGKILL);
		return r;
	}
	*ret_pidfd = fd;
	return 0;
}

static void
open_direct(const struct host_connection *connection, struct tls_channel *ret)
{
	*ret = (struct tls_channel){
		.in = connection->in, .out = connection->out, .control = -1, .child = -1
	};
}

int
tls_channel_open(const struct config *config, struct tls_credentials *credentials,
	const struct host_connection *connection, struct tls_channel *ret)
{
	CLEANUP_FD int plain = -1, control = -1, child = -1;
	int streams[2], packets[2];
	struct tls_process p = { .in = connection->in,
		.out = connection->out,
		.starttls = config->tls == CONFIG_TLS_STARTTLS,
		.tickets = config->tickets,
		.sandbox = config->sandbox,
		.credentials = credentials };
	int r;

	if (config->tls == CONFIG_TLS_OFF) {
		open_direct(connection, ret);
		return 0;
	}
	r = tls_random_draw(p.random);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, streams) <
		0)
		return -errno;
	plain = streams[0];
	p.plain = streams[1];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, packets) < 0) {
		r = -errno;
		close(p.plain);
		return r;
	}
	control = packets[0];
	p.control = packets[1];
	r = fork_tls_process(config, &p, &child);
	close(p.plain);
	close(p.control);
	if (r < 0 || (r = give_connection_away(connection)) < 0)
		return r;
	*ret = (struct tls_channel){ .control = TAKE_FD(control),
		.child = TAKE_FD(child) };
	ret->in = ret->out = TAKE_FD(plain);
	memcpy(ret->random, p.random, sizeof ret->random);
	return 0;
}

int
tls_channel_receive(struct tls_channel *c, struct tls_message *ret)
{
	return tls_control_receive(c->control, &c->packet, ret);
}

static int
send_bytes(struct tls_channel *c, enum tls_kind kind, const void *data, size_t len)
{
	struct tls_message m = { .kind = kind, .bytes = { data, len } };

	return tls_control_send(c->control, &m);
}

int
tls_channel_signature(struct tls_channel *c, const void *data, size_t len)
{
	return send_bytes(c, TLS_SIGNATURE, data, len);
}

int
tls_channel_ticket_key(struct tls_channel *c, const void *key, size_t len)
{
	return send_bytes(c, TLS_STEK, key, len);
}

int
tls_channel_verdict(struct tls_channel *c, int alert)
{
	struct tls_message m = { .kind = TLS_VERDICT, .verdict = (uint32_t)alert };

	return tls_control_send(c->control, &m);
}

int
tls_channel_banner(struct tls_channel *c, const void *banner, size_t len)
{
	return send_bytes(c, TLS_BANNER, banner, len);
}

bool
tls_channel_pending(const struct tls_channel *c)
{
	int n;

	return ioctl(c->in, FIONREAD, &n) == 0 && n > 0;
}

int
tls_channel_starttls(struct tls_channel *c, const void *reply, size_t len)
{
	return send_bytes(c, TLS_STARTTLS, reply, len);
}

static int
write_all(int fd, const char *data, size_t len)
{
	int64_t end = host_clock_ms() + TLS_LINGER_MS;
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	while (len > 0) {
		ssize_t n = write(fd, data, len);
		int64_t left = end - host_clock_ms();

		if (n > 0) {
			data += n;
			len -= (size_t)n;
		} else if (errno != EAGAIN && errno != EINTR)
			return -errno;
		else if (left <= 0 || poll(&p, 1, (int)left) <= 0)
			return -ETIMEDOUT;
	}
	return 0;
}

int
tls_channel_last(struct tls_channel *c, const void *reply, size_t len)
{
	int r;

	if (c->control >= 0)
		return send_bytes(c, TLS_LAST, reply, len);
	r = write_all(c->out, reply, len);
	if (r == 0)
		tls_linger(c->in, c->out, -1);
	return r;
}

static void
reap(int pidfd, int grace, int *ret_signal)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int64_t end = host_clock_ms() + grace;
	siginfo_t info = { 0 };
	int64_t left;
	bool killed = false;

	while ((left = end - host_clock_ms()) > 0 && poll(&p, 1, (int)left) < 0)
		if (errno != EINTR)
			break;
	if (!(p.revents & POLLIN))
		killed = pidfd_send_signal(pidfd, SIGKILL, NULL, 0) == 0;
	if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0)
		return;
	if (!killed && (info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED))
		*ret_signal = info.si_status;
}

void
tls_channel_close(struct tls_channel *c, int grace, int *ret_signal)
{
	*ret_signal = 0;
	if (c->child >= 0) {
		/* Its last words are behind a hang-up of the plain stream, not of
		 * control. */
		shutdown(c->out, SHUT_WR);
		if (grace == 0)
			close(TAKE_FD(c->control));
		reap(c->child, grace ? grace : TLS_LINGER_MS, ret_signal);
		close(TAKE_FD(c->child));
	}
	if (c->control >= 0)
		close(TAKE_FD(c->control));
	if (c->in >= 0)
		close(c->in);
	if (c->out >= 0 && c->out != c->in)
		close(c->out);
	c->in = c->out = -1;
	buffer_wipe(&c->packet);
}
