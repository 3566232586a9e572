// SPDX-License-Identifier: ISC
/*
 * Standard input and its terminal. Signals come through a signalfd, so that nothing is
 * ever interrupted between hiding a password and showing what is typed again. Input that
 * may hold a password is overwritten once it is used. The one fault is that there are no
 * more descriptors.
 */
#include "client/terminal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

enum { FILL_SIZE = 4096 };

/* SIGTSTP is taken only while the terminal is not as others expect it: the echo is off,
 * or lines are edited. */
static void
signal_set(sigset_t *set, bool stop)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGQUIT);
	if (stop) {
		sigaddset(set, SIGTSTP);
		sigaddset(set, SIGWINCH);
	}
}

static void
take_stops(struct client_terminal *t, bool on)
{
	sigset_t all, stop;

	if (t->edit)
		return;
	signal_set(&all, on);
	signalfd(t->signals, &all, 0);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	sigprocmask(on ? SIG_BLOCK : SIG_UNBLOCK, &stop, NULL);
}

int
client_terminal_open(struct client_terminal *t, bool plain, struct client_fault *fault)
{
	sigset_t set;

	*t = (struct client_terminal){ 0 };
	t->typed = isatty(STDIN_FILENO);
	t->echoed = t->typed && isatty(STDOUT_FILENO);
	if (t->echoed && !plain)
		t->edit = client_edit_open();
	signal_set(&set, t->edit != NULL);
	t->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (t->signals < 0)
		return client_fault_set(
			fault, EX_OSERR, "cannot take signals: %s", strerror(errno));
	sigprocmask(SIG_BLOCK, &set, NULL);
	return 0;
}

void
client_terminal_close(struct client_terminal *t)
{
	sigset_t set;

	client_terminal_reveal(t);
	client_edit_close(t->edit);
	t->edit = NULL;
	buffer_wipe(&t->in);
	if (t->signals < 0)
		return;
	close(t->signals);
	t->signals = -1;
	signal_set(&set, true);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void
set_echo(struct client_terminal *t, bool on)
{
	struct termios now = t->saved;

	if (!on)
		now.c_lflag &= ~(tcflag_t)ECHO;
	while (tcsetattr(STDIN_FILENO, TCSADRAIN, &now) < 0 && errno == EINTR)
		;
}

void
client_terminal_want(struct client_terminal *t, const char *prompt, bool command)
{
	if (t->edit && !t->hidden)
		client_edit_begin(t->edit, prompt, command);
}

void
client_terminal_hide_line(struct client_terminal *t)
{
	if (t->edit)
		client_edit_hide(t->edit);
}

bool
client_terminal_drop_line(struct client_terminal *t)
{
	return t->edit && client_edit_end(t->edit);
}

void
client_terminal_hide(struct client_terminal *t)
{
	client_terminal_drop_line(t);
	if (!t->typed || t->hidden || tcgetattr(STDIN_FILENO, &t->saved) < 0)
		return;
	t->hidden = true;
	take_stops(t, true);
	set_echo(t, false);
}

void
client_terminal_reveal(struct client_terminal *t)
{
	if (!t->hidden)
		return;
	set_echo(t, true);
	t->hidden = false;
	take_stops(t, false);
}

void
client_terminal_fill(struct client_terminal *t)
{
	ssize_t n;

	if (t->edit && !t->hidden) {
		client_edit_read(t->edit, &t->in, &t->ended);
		return;
	}
	if (buffer_reserve(&t->in, FILL_SIZE) < 0) {
		t->ended = true;
		return;
	}
	n = read(STDIN_FILENO, buffer_tail(&t->in), FILL_SIZE);
	if (n > 0)
		buffer_grow(&t->in, (size_t)n);
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		t->ended = true;
}

bool
client_terminal_line(struct client_terminal *t, struct buffer *line)
{
	size_t len = buffer_len(&t->in);
	char *data = buffer_data(&t->in);
	char *end = len > 0 ? memchr(data, '\n', len) : NULL;
	size_t n = end ? (size_t)(end - data) : len;
	size_t used = end ? n + 1 : n;

	buffer_wipe(line);
	if (!end && (!t->ended || len == 0))
		return false;
	if (n > 0 && data[n - 1] == '\r')
		n--;
	if (buffer_append(line, data, n) < 0)
		t->ended = true;
	explicit_bzero(data, used);
	buffer_consume(&t->in, used);
	return true;
}

/* Stops as the keyboard has asked, the terminal as it was meanwhile. */
static void
stop(struct client_terminal *t)
{
	if (t->hidden)
		set_echo(t, true);
	else if (t->edit)
		client_edit_suspend(t->edit);
	raise(SIGSTOP);
	if (t->hidden)
		set_echo(t, false);
	else if (t->edit)
		client_edit_resume(t->edit);
}

int
client_terminal_signal(struct client_terminal *t)
{
	struct signalfd_siginfo info;

	if (read(t->signals, &info, sizeof info) != (ssize_t)sizeof info)
		return 0;
	if (info.ssi_signo == SIGWINCH) {
		if (t->edit)
			client_edit_resize(t->edit);
		return 0;
	}
	if (info.ssi_signo != SIGTSTP)
		return (int)info.ssi_signo;
	stop(t);
	return 0;
}
