// SPDX-License-Identifier: ISC
/*
 * Reading passwords. The terminal shows again what is typed however reading ends: a
 * signal that would end or stop the program takes effect after that. Buffers are wiped.
 */
#include "ctl/prompt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include "auth/password.h"
#include "base/secret.h"
#include "ctl/report.h"

/* With room for what is one byte too long, and a NUL. */
enum { LINE_SIZE = AUTH_PASSWORD_MAX + 2 };

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
read_byte(const sigset_t *mask, char *ret)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	ssize_t n;

	do {
		n = mask ? ppoll(&input, 1, NULL, mask) : 1;
		if (n > 0)
			n = read(STDIN_FILENO, ret, 1);
	} while (n < 0 && errno == EINTR && !caught);
	return n;
}

/* Reads to the end of the line, byte by byte: what stands behind it is not ours. 0 with
 * the line, without its line end; -EINTR, -ENODATA, -E2BIG, or what read(2) says. */
static int
read_line(const sigset_t *mask, char line[LINE_SIZE])
{
	size_t len = 0;
	ssize_t n;
	char c = 0;

	for (;;) {
		n = read_byte(mask, &c);
		if (n < 0)
			return -errno;
		if (n == 0 || c == '\n')
			break;
		if (c == '\0' || len == LINE_SIZE - 1)
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

static int
fail_read(int error)
{
	switch (-error) {
	case ENODATA:
		return ctl_fail(
			EX_DATAERR, "standard input: ended where a password is expected");
	case E2BIG:
		return ctl_fail(EX_DATAERR,
			"standard input: a password of at most %d bytes and no NUL is "
			"expected",
			AUTH_PASSWORD_MAX);
	default:
		return ctl_fail(EX_IOERR, "standard input: %s", strerror(-error));
	}
}

static int
keep(const char *line, char **ret)
{
	*ret = strdup(line);
	return *ret ? 0 : ctl_fail(EX_TEMPFAIL, "out of memory");
}

int
ctl_password_from_stdin(char **ret)
{
	char line[LINE_SIZE];
	int r = read_line(NULL, line);

	r = r < 0 ? fail_read(r) : keep(line, ret);
	explicit_bzero(line, sizeof(line));
	return r;
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

/* Asks, and reads what is not shown; -EINTR where a signal has not ended the program. */
static int
ask_once(const char *question, const char *name, char line[LINE_SIZE])
{
	struct sigaction old[N_SIGNALS];
	struct termios shown, hidden;
	sigset_t mask;
	int r;

	if (tcgetattr(STDIN_FILENO, &shown) < 0)
		return -errno;
	hold_signals(old, &mask);
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
	hidden.c_lflag |= ECHONL;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	fprintf(stderr, "%s for %s: ", question, name);
	r = read_line(&mask, line);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	if (r == -EINTR)
		fputc('\n', stderr);
	release_signals(old, &mask);
	return r;
}

static int
ask(const char *question, const char *name, char line[LINE_SIZE])
{
	int r;

	do
		r = ask_once(question, name, line);
	while (r == -EINTR);
	return r;
}

int
ctl_password_from_terminal(const char *name, char **ret)
{
	char first[LINE_SIZE], second[LINE_SIZE];
	int r;

	if (!isatty(STDIN_FILENO))
		return ctl_fail(EX_USAGE, "standard input is no terminal: --generate or "
					  "--password-stdin is "
					  "expected");
	r = ask("New password", name, first);
	if (r == 0)
		r = ask("The same again", name, second);
	if (r < 0)
		r = fail_read(r);
	else if (strcmp(first, second) != 0)
		r = ctl_fail(EX_DATAERR, "the two passwords are not the same");
	else
		r = keep(first, ret);
	explicit_bzero(first, sizeof(first));
	explicit_bzero(second, sizeof(second));
	return r;
}
