// SPDX-License-Identifier: ISC
/*
 * posternctl sessions --watch: the table in the terminal's other screen, drawn anew every
 * second and whenever the terminal changes its size, until q or ctrl-C. However it ends,
 * the terminal is as it was.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include "base/calendar.h"
#include "base/cleanup.h"
#include "ctl/report.h"
#include "ctl/sessions.h"
#include "host/clock.h"
#include "host/stop.h"

enum { EVERY_MS = 1000, CONTROL_C = 3, WIDTH = 80, HEIGHT = 24, FRAME_LINES = 4 };

#define ENTER  "\033[?1049h\033[?25l"
#define LEAVE  "\033[?25h\033[?1049l"
#define HOME   "\033[H"
#define BEHIND "\033[K" /* away with the rest of the line */
#define BELOW  "\033[J" /* and of the screen */

struct watch {
	struct termios saved;
	char fault[256]; /* of a file, shown below the table; "" */
};

static void
keep_fault(void *context, const char *path, int error)
{
	struct watch *w = context;

	snprintf(w->fault, sizeof w->fault, "%s: %s", path,
		error == -EBADMSG ? "damaged" : strerror(-error));
}

static void
do_nothing(int signal)
{
	(void)signal;
}

static int
begin(struct watch *w)
{
	struct sigaction act = { .sa_handler = do_nothing };
	struct termios raw;

	if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &w->saved) < 0)
		return ctl_fail(EX_USAGE, "--watch: a terminal is expected");
	host_stop_watch();
	sigaction(SIGWINCH, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
	raw = w->saved;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
		return ctl_fail(EX_OSERR, "terminal: %s", strerror(errno));
	fputs(ENTER, stdout);
	return EX_OK;
}

static void
end(const struct watch *w)
{
	fputs(LEAVE, stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &w->saved);
}

static void
measure(size_t *ret_width, size_t *ret_height)
{
	struct winsize size;

	*ret_width = WIDTH;
	*ret_height = HEIGHT;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 ||
		size.ws_row == 0)
		return;
	*ret_width = size.ws_col;
	*ret_height = size.ws_row;
}

/* Text of whole lines, none of which is wider than the screen. */
static void
put_lines(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		printf("%.*s" BEHIND "\r\n", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static int
draw(struct watch *w, const struct config *config)
{
	CLEANUP(ctl_sessions_clear) struct ctl_sessions s = { 0 };
	CLEANUP(buffer_free) struct buffer b = { 0 };
	struct host_shared_report report = { keep_fault, w };
	int64_t now = host_clock_now_ns() / 1000000;
	char stamp[CALENDAR_STAMP_SIZE], head[sizeof w->fault + 64];
	size_t width, height;
	int r;

	*w->fault = '\0';
	r = ctl_sessions_read(config, &report, &s);
	if (r < 0)
		return r;
	measure(&width, &height);
	calendar_stamp(now / 1000, stamp);
	r = ctl_sessions_text(
		&b, &s, now, width, height > FRAME_LINES ? height - FRAME_LINES : 1);
	if (r < 0 || !buffer_string(&b))
		return -ENOMEM;
	snprintf(head, sizeof head, "%zu connected at %.8s UTC; q ends%s%s", s.n,
		stamp + sizeof "2001-02-03", *w->fault ? "; " : "", w->fault);
	printf(HOME "%.*s" BEHIND "\r\n\r" BEHIND "\n", (int)width, head);
	put_lines(buffer_string(&b));
	fputs(BELOW, stdout);
	return fflush(stdout) == 0 ? 0 : -errno;
}

/* Whether it goes on: a second has passed, or the terminal has another size. */
static bool
await(void)
{
	int64_t until = host_clock_ms() + EVERY_MS;
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	char c;

	for (;;) {
		int r = host_stop_poll(&p, 1, until);

		if (host_stop_asked())
			return false;
		if (r <= 0)
			return r == 0 || r == -EINTR;
		if (read(STDIN_FILENO, &c, 1) != 1 || c == 'q' || c == CONTROL_C)
			return false;
	}
}

int
ctl_sessions_watch(const struct config *config)
{
	struct watch w = { 0 };
	int r, status = begin(&w);

	if (status != EX_OK)
		return status;
	do
		r = draw(&w, config);
	while (r == 0 && await());
	end(&w);
	if (r < 0 && *w.fault)
		ctl_fail(0, "%s", w.fault);
	return r < 0 ? ctl_shared_fail(config, r, *w.fault) : EX_OK;
}
