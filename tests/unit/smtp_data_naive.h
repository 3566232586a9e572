// SPDX-License-Identifier: ISC
/*
 * What smtp_data_scan, and the reader of chunks, have to answer for a whole stream, found
 * the slow way: one search for the end, then one byte after the other, each judged by its
 * neighbours.
 */
#ifndef TESTS_SMTP_DATA_NAIVE_H
#define TESTS_SMTP_DATA_NAIVE_H

#include <string.h>

#include "smtp/data.h"

struct naive {
	bool ended;
	size_t consumed;
	enum smtp_data_fault fault;
	uint64_t size;
	size_t stored; /* bytes in out */
};

static inline bool
naive_line_starts(const char *in, size_t i)
{
	return i == 0 || (i >= 2 && in[i - 2] == '\r' && in[i - 1] == '\n');
}

/* The number of bytes before the final ".CRLF"; len where there is none. */
static inline size_t
naive_find_end(const char *in, size_t len)
{
	for (size_t i = 0; i + 3 <= len; i++)
		if (naive_line_starts(in, i) && memcmp(in + i, ".\r\n", 3) == 0)
			return i;
	return len;
}

static inline enum smtp_data_fault
naive_byte(const char *in, size_t i, uint64_t line, uint64_t room)
{
	if (in[i] == '\0')
		return SMTP_DATA_NUL;
	if (in[i] == '\n' && (i == 0 || in[i - 1] != '\r'))
		return SMTP_DATA_BARE_LF;
	if (in[i] == '\n')
		return room < 2 ? SMTP_DATA_TOO_BIG : SMTP_DATA_FINE;
	if (in[i] == '\r')
		return in[i + 1] == '\n' ? SMTP_DATA_FINE : SMTP_DATA_BARE_CR;
	if (room < 1)
		return SMTP_DATA_TOO_BIG;
	return line < SMTP_DATA_LINE_MAX ? SMTP_DATA_FINE : SMTP_DATA_LINE_TOO_LONG;
}

static inline void
naive_take(struct naive *n, const char *in, size_t i, uint64_t *line, uint64_t max,
	char *out)
{
	n->fault = naive_byte(in, i, *line, max - n->size);
	if (n->fault != SMTP_DATA_FINE || in[i] == '\r')
		return;
	n->size += in[i] == '\n' ? 2 : 1;
	*line = in[i] == '\n' ? 0 : *line + 1;
	out[n->stored++] = in[i];
}

static inline struct naive
naive_scan(const char *in, size_t len, uint64_t max_size, char *out)
{
	size_t end = naive_find_end(in, len);
	struct naive n = { .ended = end < len, .consumed = end < len ? end + 3 : len };
	uint64_t line = 0, max = max_size ? max_size : UINT64_MAX;

	for (size_t i = 0; i < end && n.fault == SMTP_DATA_FINE; i++) {
		if (in[i] == '\r' && i + 1 == len)
			break;
		if (in[i] == '.' && naive_line_starts(in, i))
			continue;
		naive_take(&n, in, i, &line, max, out);
	}
	return n;
}

/* A whole message as it came in chunks: there is no end in it and no dot means anything.
 */
static inline struct naive
naive_counted(const char *in, size_t len, uint64_t max_size, bool binary, char *out)
{
	struct naive n = { .ended = true, .consumed = len };
	uint64_t line = 0, max = max_size ? max_size : UINT64_MAX;

	for (size_t i = 0; i < len && n.fault == SMTP_DATA_FINE; i++) {
		if (!binary && in[i] == '\r' && i + 1 == len) {
			n.fault = SMTP_DATA_BARE_CR;
		} else if (!binary) {
			naive_take(&n, in, i, &line, max, out);
		} else if (n.size == max) {
			n.fault = SMTP_DATA_TOO_BIG;
		} else {
			n.size++;
			out[n.stored++] = in[i];
		}
	}
	return n;
}

#endif
