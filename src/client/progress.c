// SPDX-License-Identifier: ISC
/*
 * The bar is one line that is written over. It owns nothing; what cannot be written is
 * not missed.
 */
#include "client/progress.h"

#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/clock.h"

enum { QUIET_MS = 1000, AGAIN_MS = 200, BAR_MIN = 5, BAR_MAX = 60, WIDTH = 80 };

/* "12.3 MB" and the like. */
static void
write_amount(uint64_t bytes, char ret[16])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	double amount = (double)bytes;
	size_t unit = 0;

	while (amount >= 999.95 && unit + 1 < sizeof units / sizeof *units) {
		amount /= 1000;
		unit++;
	}
	snprintf(ret, 16, unit == 0 ? "%.0f %s" : "%.1f %s", amount, units[unit]);
}

static void
write_time(uint64_t seconds, char ret[32])
{
	if (seconds >= 3600)
		snprintf(ret, 32, "%llu:%02llu:%02llu left",
			(unsigned long long)(seconds / 3600),
			(unsigned long long)(seconds / 60 % 60),
			(unsigned long long)(seconds % 60));
	else
		snprintf(ret, 32, "%llu:%02llu left", (unsigned long long)(seconds / 60),
			(unsigned long long)(seconds % 60));
}

static int
put_bar(struct buffer *b, unsigned width, double part)
{
	unsigned full = (unsigned)(part * width);

	if (buffer_puts(b, " [") < 0)
		return -ENOMEM;
	for (unsigned i = 0; i < width; i++) {
		if (buffer_puts(b, i < full ? "=" : i == full ? ">" : " ") < 0)
			return -ENOMEM;
	}
	return buffer_puts(b, "]");
}

int
client_progress_line(
	struct buffer *b, unsigned width, uint64_t done, uint64_t total, int64_t ms)
{
	char amount[16], whole[16], rate[16], left[32] = "";
	double speed = ms > 0 ? (double)done * 1000 / (double)ms : 0;
	double part = total > 0 ? (double)done / (double)total : 1;
	char tail[128];
	unsigned room;
	int n;

	write_amount(done, amount);
	write_amount(total, whole);
	write_amount((uint64_t)speed, rate);
	if (speed > 0)
		write_time((uint64_t)((double)(total - done) / speed), left);
	n = snprintf(
		tail, sizeof tail, "  %s of %s  %s/s  %s", amount, whole, rate, left);
	if (width < 4 + (unsigned)n)
		return buffer_printf(b, "%3.0f%%", part * 100);
	if (buffer_printf(b, "%3.0f%%", part * 100) < 0)
		return -ENOMEM;
	room = width - 4 - (unsigned)n;
	if (room >= BAR_MIN + 3 &&
		put_bar(b, room - 3 < BAR_MAX ? room - 3 : BAR_MAX, part) < 0)
		return -ENOMEM;
	return buffer_puts(b, tail);
}

void
client_progress_begin(struct client_progress *p, uint64_t total)
{
	*p = (struct client_progress){
		.total = total, .started = host_clock_ms(), .on = isatty(STDERR_FILENO)
	};
}

static unsigned
terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return WIDTH;
	return size.ws_col;
}

void
client_progress_show(struct client_progress *p, uint64_t done)
{
	CLEANUP(buffer_free) struct buffer line = { 0 };
	int64_t now = p->on ? host_clock_ms() : 0;

	if (!p->on || now - p->started < QUIET_MS || now - p->shown < AGAIN_MS)
		return;
	p->shown = now;
	/* The last column stays free: some terminals begin a new line there. */
	if (client_progress_line(&line, terminal_width() - 1,
		    done < p->total ? done : p->total, p->total, now - p->started) == 0 &&
		buffer_string(&line))
		fprintf(stderr, "\r%s\033[K", buffer_string(&line));
	fflush(stderr);
}

void
client_progress_end(struct client_progress *p)
{
	if (p->shown != 0)
		fputs("\r\033[K", stderr);
	fflush(stderr);
	*p = (struct client_progress){ 0 };
}
