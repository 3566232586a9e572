// SPDX-License-Identifier: ISC
/*
 * The search. A block sends it on by its first and its last line, each of which is
 * compared with the one beside it; before a key is said not to be there every line around
 * its place is compared with the next one. One damaged line can then mislead it nowhere:
 * a key in the wrong place is seen beside its neighbours. Faults: those of pread(2),
 * -EUCLEAN for damage, -ENOMEM.
 */
#include "auth/search.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "auth/line.h"

enum {
	BLOCK = 4096,
	WIDE = 4 * BLOCK,  /* where one block has less than two whole lines */
	SMALL = 2 * BLOCK, /* a larger range is halved */
	/* A whole line to each side, and the line end before the first. */
	MARGIN = AUTH_LINE_MAX + 1,
	WINDOW = WIDE + 2 * MARGIN,
};

struct search {
	int fd;
	off_t begin;
	off_t end;
	const char *key;
	size_t key_len;
	/* The line looked for, if there is one, starts at lo or behind and before hi. */
	off_t lo;
	off_t hi;
	off_t base; /* offset of data */
	size_t len;
	char data[WINDOW];
};

struct span {
	size_t lines;
	int first_order; /* the key looked for, compared with the first line's */
	int last_order;
	off_t first;  /* offset of the first line */
	off_t behind; /* offset behind the last */
	const char *found;
	size_t found_len;
};

static int
load(struct search *s, off_t from, off_t to)
{
	ssize_t n;

	s->base = from;
	s->len = 0;
	while (from + (off_t)s->len < to) {
		n = pread(s->fd, s->data + s->len, (size_t)(to - from) - s->len,
			from + (off_t)s->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		s->len += (size_t)n;
	}
	return 0;
}

/* Judges one line of the window, which last_key precedes; 0 or -EUCLEAN. */
static int
look_at(struct search *s, struct span *span, size_t at, size_t len, const char **last_key,
	size_t *last_len)
{
	const char *line = s->data + at;
	size_t key_len = auth_line_key(line, len);
	int order;

	if (key_len == 0)
		return -EUCLEAN;
	if (*last_key && auth_key_compare(line, key_len, *last_key, *last_len) <= 0)
		return -EUCLEAN;
	*last_key = line;
	*last_len = key_len;
	order = auth_key_compare(s->key, s->key_len, line, key_len);
	if (order == 0) {
		span->found = line;
		span->found_len = len;
	}
	if (span->lines == 0) {
		span->first = s->base + (off_t)at;
		span->first_order = order;
	}
	span->last_order = order;
	span->behind = s->base + (off_t)(at + len + 1);
	span->lines++;
	return 0;
}

/* Looks at the whole lines of the window; the first begins behind the first line end, or
 * at once where the window begins with a line. */
static int
survey(struct search *s, bool at_line, struct span *ret)
{
	struct span span = { 0 };
	const char *newline, *last_key = NULL;
	size_t at = 0, left, len, last_len = 0;
	int r;

	if (!at_line) {
		newline = memchr(s->data, '\n', s->len);
		at = newline ? (size_t)(newline + 1 - s->data) : s->len;
		if (at > AUTH_LINE_MAX)
			return -EUCLEAN;
	}
	while (at < s->len) {
		left = s->len - at;
		newline = memchr(s->data + at, '\n', left);
		if (!newline && s->base + (off_t)s->len < s->end)
			break;
		len = newline ? (size_t)(newline - s->data) - at : left;
		r = look_at(s, &span, at, len, &last_key, &last_len);
		if (r < 0)
			return r;
		at += len + 1;
	}
	if (span.behind > s->end)
		span.behind = s->end; /* no line end behind the last one */
	*ret = span;
	return 0;
}

/* The line that ends before the offset end of the window: where it begins. */
static size_t
line_before(const struct search *s, size_t end)
{
	const char *newline = memrchr(s->data, '\n', end);

	return newline ? (size_t)(newline + 1 - s->data) : 0;
}

/* Looks at the first two and the last two lines of a block that ends before the file
 * does; true with their offsets, and lengths without line ends, where there are four. */
static bool
find_ends(const struct search *s, size_t ret_at[4], size_t ret_len[4])
{
	const char *newline = memchr(s->data, '\n', s->len);
	const char *last = memrchr(s->data, '\n', s->len);
	size_t end;

	if (s->base + (off_t)s->len >= s->end || !newline)
		return false;
	for (int i = 0; i < 2; i++) {
		size_t at = (size_t)(newline + 1 - s->data);

		newline = memchr(s->data + at, '\n', s->len - at);
		if (!newline)
			return false;
		ret_at[i] = at;
		ret_len[i] = (size_t)(newline - s->data) - at;
	}
	end = (size_t)(last - s->data);
	for (int i = 3; i > 1; i--) {
		ret_at[i] = line_before(s, end);
		ret_len[i] = end - ret_at[i];
		if (ret_at[i] <= (size_t)(newline - s->data))
			return false;
		end = ret_at[i] - 1;
	}
	return true;
}

/* Of a block in the middle, which says only where to go on. */
static int
survey_ends(struct search *s, struct span *ret)
{
	struct span span = { 0 };
	const char *last_key = NULL;
	size_t at[4], len[4], last_len = 0;

	if (!find_ends(s, at, len))
		return survey(s, false, ret);
	for (int i = 0; i < 4; i++) {
		int r = look_at(s, &span, at[i], len[i], &last_key, &last_len);

		if (r < 0)
			return r;
	}
	*ret = span;
	return 0;
}

static int
take(const struct span *span, struct buffer *ret_line)
{
	int r;

	buffer_consume(ret_line, buffer_len(ret_line));
	r = buffer_append(ret_line, span->found, span->found_len);
	return r < 0 ? r : 1;
}

/* The range is small: reads all of it and a line to each side. */
static int
finish(struct search *s, struct buffer *ret_line)
{
	off_t from = s->lo - MARGIN > s->begin ? s->lo - MARGIN : s->begin;
	off_t to = s->hi + MARGIN < s->end ? s->hi + MARGIN : s->end;
	struct span span;
	int r;

	r = load(s, from, to);
	if (r < 0)
		return r;
	r = survey(s, from == s->begin, &span);
	if (r < 0)
		return r;
	if (span.found)
		return take(&span, ret_line);
	/* What is left uncovered is a line too long. */
	return from < to && span.behind < s->hi ? -EUCLEAN : 0;
}

/* Reads a block in the middle of the range. */
static int
probe(struct search *s, struct span *ret)
{
	off_t middle = (s->lo + (s->hi - s->lo) / 2) & ~(off_t)(BLOCK - 1);
	int r;

	r = load(s, middle, middle + BLOCK < s->end ? middle + BLOCK : s->end);
	if (r < 0)
		return r;
	r = survey_ends(s, ret);
	if (r < 0 || ret->lines >= 2)
		return r;
	r = load(s, middle, middle + WIDE < s->end ? middle + WIDE : s->end);
	if (r < 0)
		return r;
	r = survey(s, false, ret);
	if (r < 0 || ret->lines >= 2)
		return r;
	/* The last line of all may stand alone; two that do not fit are too long. */
	return ret->lines == 1 && middle + WIDE >= s->end ? 0 : -EUCLEAN;
}

static int
search(struct search *s, struct buffer *ret_line)
{
	struct span span;
	int r;

	while (s->hi - s->lo > SMALL) {
		r = probe(s, &span);
		if (r < 0)
			return r;
		if (span.found)
			return take(&span, ret_line);
		if (span.first_order < 0) {
			s->hi = span.first;
		} else if (span.last_order > 0) {
			s->lo = span.behind;
		} else {
			s->lo = span.first;
			s->hi = span.behind;
			break;
		}
		if (s->lo > s->hi)
			return -EUCLEAN;
	}
	return finish(s, ret_line);
}

int
auth_search(int fd, off_t begin, off_t end, const char *key, size_t key_len,
	struct buffer *ret_line)
{
	struct search s;

	s.fd = fd;
	s.begin = begin;
	s.end = end;
	s.key = key;
	s.key_len = key_len;
	s.lo = begin;
	s.hi = end;
	return search(&s, ret_line);
}
