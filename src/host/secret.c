// SPDX-License-Identifier: ISC
/*
 * Reading secrets. The terminal shows again what is typed however reading ends: a signal
 * that would end or stop the program takes effect after that. Nothing is kept.
 */
#include "host/secret.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t caught;

static void
catch_signal(int number)
{
	caught = number;
}

static const int SIGNALS[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };

enum { N_SIGNALS = sizeof(SIGNALS) / sizeof(SIGNALS[0]) };

/* One byte. Signals that are held come through while it waits, and only then. */
static ssize_t
read_byte(int fd, const sigset_t *mask, char *ret)
{
	struct pollfd input = { .fd = fd, .events = POLLIN };
	ssize_t n;

	do {
		n = mask ? ppoll(&input, 1, NULL, mask) : 1;
		if (n > 0)
			n = read(fd, ret, 1);
	} while (n < 0 && errno == EINTR && !caught);
	return n;
}

/* Reads to the end of the line, byte by byte: what stands behind it is not ours. 0 with
 * the line, without its line end; -EINTR, -ENODATA, -E2BIG, or what read(2) says. */
static int
read_line(int fd, const sigset_t *mask, char line[HOST_SECRET_SIZE])
{
	size_t len = 0;
	ssize_t n;
	char c = 0;

	for (;;) {
		n = read_byte(fd, mask, &c);
		if (n < 0)
			return -errno;
		if (n == 0 || c == '\n')
			break;
		if (c == '\0' || len == HOST_SECRET_SIZE - 1)
			return -E2BIG;
		line[len++] = c;
	}
	if (n == 0 && len == 0)
		return -ENODATA;
	if (len > 0 && line[len - 1] == '\r')
		len--;
	line[len] = '\0';
	c = 0;
	return 0;
}

/* Catches the signals, and blocks them but where they are waited for. */
static void
hold_signals(struct sigaction old[N_SIGNALS], sigset_t *ret_mask)
{
	struct sigaction action = { .sa_handler = catch_signal };
	sigset_t held;

	sigemptyset(&held);
	for (size_t i = 0; i < N_SIGNALS; i++)
		sigaddset(&held, SIGNALS[i]);
	sigprocmask(SIG_BLOCK, &held, ret_mask);
	caught = 0;
	for (size_t i = 0; i < N_SIGNALS; i++)
		sigaction(SIGNALS[i], &action, &old[i]);
}

/* The signal that came meanwhile is sent on, and takes effect here. */
static void
release_signals(const struct sigaction old[N_SIGNALS], const sigset_t *mask)
{
	for (size_t i = 0; i < N_SIGNALS; i++)
		sigaction(SIGNALS[i], &old[i], NULL);
	if (caught)
		raise(caught);
	sigprocmask(SIG_SETMASK, mask, NULL);
}

int
host_secret_read(int fd, char ret[HOST_SECRET_SIZE])
{
	return read_line(fd, NULL, ret);
}

/* -EINTR where a signal has not ended the program. */
static int
ask_once(int in, int out, const char *question, char line[HOST_SECRET_SIZE])
{
	struct sigaction old[N_SIGNALS];
	struct termios shown, hidden;
	sigset_t mask;
	int r;

	if (tcgetattr(in, &shown) < 0)
		return -errno;
	hold_signals(old, &mask);
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
	hidden.c_lflag |= ECHONL;
	tcsetattr(in, TCSAFLUSH, &hidden);
	dprintf(out, "%s: ", question);
	r = read_line(in, &mask, line);
	tcsetattr(in, TCSAFLUSH, &shown);
	if (r == -EINTR)
		dprintf(out, "\n");
	release_signals(old, &mask);
	return r;
}

int
host_secret_ask(int in, int out, const char *question, char ret[HOST_SECRET_SIZE])
{
	int r;

	do
		r = ask_once(in, out, question, ret);
	while (r == -EINTR);
	return r;
}
