// SPDX-License-Identifier: ISC
/*
 * Output for people. Nothing is owned; what cannot be shown for lack of memory is left
 * out, and a stdout that takes no more is noticed by whoever ends the program.
 */
#include "client/show.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"

int
client_show_clean(struct buffer *b, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		int r;

		if ((c >= ' ' && c < 0x7f) || c == '\t')
			r = buffer_append(b, text + i, 1);
		else
			r = buffer_printf(b, "\\x%02x", c);
		if (r < 0)
			return r;
	}
	return 0;
}

void
client_show_part(const char *text, size_t len)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };

	if (len == 0 || client_show_clean(&b, text, len) < 0)
		return;
	fwrite(buffer_data(&b), 1, buffer_len(&b), stdout);
	fflush(stdout);
}

void
client_show_line(const char *text, size_t len)
{
	client_show_part(text, len);
	putchar('\n');
	fflush(stdout);
}

void
client_show_lines(const char *text, size_t len)
{
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		client_show_line(text, n);
		n += end ? 1 : 0;
		text += n;
		len -= n;
	}
}

void
client_show_reply(unsigned code, const char *text, size_t len)
{
	/* All of them can be read on light and on dark ground. */
	static const char *const colours[] = { "32", "36", "35", "31" };
	unsigned kind = code / 100;

	if (kind < 2 || kind > 5) {
		client_show_line(text, len);
		return;
	}
	printf("\033[%sm", colours[kind - 2]);
	client_show_part(text, len);
	fputs("\033[0m\n", stdout);
	fflush(stdout);
}

static void
write_time(char ret[32])
{
	struct timespec now;
	struct tm day;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &day);
	snprintf(ret, 32, "%02d:%02d:%02d.%03ld ", day.tm_hour, day.tm_min, day.tm_sec,
		now.tv_nsec / 1000000);
}

void
client_show_trace(bool timed, const char *prefix, const char *text, size_t len)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	char when[32] = "";

	if (timed)
		write_time(when);
	if (len == 0)
		fprintf(stderr, "%s%s\n", when, prefix);
	else if (client_show_clean(&b, text, len) == 0 && buffer_string(&b))
		fprintf(stderr, "%s%s%s\n", when, prefix, buffer_string(&b));
}

void
client_show_trace_cut(bool timed, const char *prefix, const char *text, size_t len)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };

	if (buffer_append(&b, text, len) == 0 && buffer_puts(&b, "*") == 0)
		client_show_trace(timed, prefix, buffer_data(&b), buffer_len(&b));
}
