// SPDX-License-Identifier: ISC
/*
 * The linear reader. A line that is too long is given once, cut, as one that has no key.
 * Faults: those of pread(2).
 */
#include "auth/scan.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Reads behind what is there; 1, 0 at the end of the file, or a negative errno. */
static int
fill(struct auth_scan *s)
{
	ssize_t n;

	if (s->start > 0) {
		memmove(s->data, s->data + s->start, s->end - s->start);
		s->end -= s->start;
		s->start = 0;
	}
	do
		n = pread(s->fd, s->data + s->end, sizeof(s->data) - s->end, s->offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	s->end += (size_t)n;
	s->offset += n;
	return n > 0;
}

static void
judge(struct auth_scan *s, struct auth_scan_line *line)
{
	line->key_len = auth_line_key(line->text, line->len);
	line->misplaced = 0;
	if (line->key_len == 0)
		return;
	switch (auth_order_next(&s->order, line->text, line->key_len)) {
	case AUTH_PLACE_WRONG:
		line->misplaced = line->number;
		return;
	case AUTH_PLACE_BEFORE:
		line->misplaced = s->right;
		break;
	case AUTH_PLACE_RIGHT:
		break;
	}
	s->right = line->number;
}

static void
give(struct auth_scan *s, size_t len, size_t taken, struct auth_scan_line *ret)
{
	ret->number = ++s->number;
	ret->offset = s->offset - (off_t)(s->end - s->start);
	ret->text = s->data + s->start;
	ret->len = len;
	judge(s, ret);
	s->start += taken;
}

/* Drops the rest of a line that was too long. */
static int
skip(struct auth_scan *s)
{
	const char *newline;
	int r = 1;

	while (s->skipping) {
		newline = memchr(s->data + s->start, '\n', s->end - s->start);
		s->start = newline ? (size_t)(newline + 1 - s->data) : s->end;
		s->skipping = !newline;
		if (!newline) {
			r = fill(s);
			if (r <= 0)
				return r;
		}
	}
	return r;
}

int
auth_scan_next(struct auth_scan *s, struct auth_scan_line *ret)
{
	const char *newline;
	size_t left, len;
	int r = skip(s);

	if (r <= 0)
		return r;
	for (;;) {
		left = s->end - s->start;
		newline = memchr(s->data + s->start, '\n', left);
		len = newline ? (size_t)(newline - s->data) - s->start : left;
		if (newline && len < AUTH_LINE_MAX) {
			give(s, len, len + 1, ret);
			return 1;
		}
		if (len >= AUTH_LINE_MAX) {
			s->skipping = true;
			give(s, AUTH_LINE_MAX, AUTH_LINE_MAX, ret);
			return 1;
		}
		r = fill(s);
		if (r < 0)
			return r;
		if (r == 0)
			break;
	}
	if (left == 0)
		return 0;
	give(s, left, left, ret);
	return 1;
}
