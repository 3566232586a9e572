// SPDX-License-Identifier: ISC
/*
 * Lines found in streams that are cut at every pair of places, for every limit: always
 * the same lines with the same faults, and never more than the limit held.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "smtp/line.h"

#define TEXT(s) s, sizeof(s) - 1

enum { LIMIT = 12, LINES_MAX = 8 };

struct expected {
	const char *in;
	size_t len;
	/* "text" for a line, or a fault's letter: L too long, R bare CR, N bare LF, 0
	 * NUL; the text of L is what it begins with */
	const char *lines[LINES_MAX];
	char faults[LINES_MAX];
};

static const struct expected STREAMS[] = {
	{ TEXT("\r\n"), { "" }, { '=' } },
	{ TEXT("NOOP\r\nQUIT\r\n"), { "NOOP", "QUIT" }, { '=', '=' } },
	{ TEXT("NOOP\r\n\r\nQUIT"), { "NOOP", "" }, { '=', '=' } },
	{ TEXT("0123456789\r\nab\r\n"), { "0123456789", "ab" }, { '=', '=' } },
	{ TEXT("0123456789x\r\nab\r\n"), { "0123456789x", "ab" }, { 'L', '=' } },
	{ TEXT("0123456789xxxxxxxxxxxxxx\r\nab\r\n"),
		{ "0123456789xxxxxxxxxxxxxx", "ab" }, { 'L', '=' } },
	{ TEXT("0123456789x\rxxx\nxx\0xx\r\r\nab\r\n"), { "0123456789x\rxxx\n", "ab" },
		{ 'L', '=' } },
	{ TEXT("a\nb\r\nc\r\n"), { "", "c" }, { 'N', '=' } },
	{ TEXT("a\rb\r\nc\r\n"), { "", "c" }, { 'R', '=' } },
	{ TEXT("a\r\r\nc\r\n"), { "", "c" }, { 'R', '=' } },
	{ TEXT("\n\r\nc\r\n"), { "", "c" }, { 'N', '=' } },
	{ TEXT("a\0b\r\nc\r\n"), { "", "c" }, { '0', '=' } },
	{ TEXT("a\0\rb\r\n"), { "" }, { '0' } },
	{ TEXT("a\r\0b\n\r\n"), { "" }, { 'R' } },
	{ TEXT("a\n\0b\r\r\n"), { "" }, { 'N' } },
	{ TEXT("NOOP\nQUIT"), { NULL }, { 0 } },
};

static char
letter(enum smtp_line_fault fault)
{
	static const char LETTERS[] = {
		[SMTP_LINE_FINE] = '=',
		[SMTP_LINE_TOO_LONG] = 'L',
		[SMTP_LINE_BARE_CR] = 'R',
		[SMTP_LINE_BARE_LF] = 'N',
		[SMTP_LINE_NUL] = '0',
	};

	return LETTERS[fault];
}

struct reader {
	struct smtp_line l;
	char held[64];
	size_t len;
	size_t n_lines;
};

static void
reader_feed(struct reader *r, const struct expected *e, const char *piece, size_t len)
{
	memcpy(r->held + r->len, piece, len);
	r->len += len;
	for (;;) {
		size_t text_len, consumed;
		enum smtp_line_fault fault;
		bool found = smtp_line_next(
			&r->l, r->held, r->len, LIMIT, &text_len, &consumed, &fault);

		assert_true(consumed <= r->len);
		if (found) {
			assert_int_equal(letter(fault), e->faults[r->n_lines]);
			assert_non_null(e->lines[r->n_lines]);
			if (fault == SMTP_LINE_TOO_LONG) {
				assert_in_range(r->l.head_len, LIMIT, SMTP_LINE_HEAD);
				assert_memory_equal(r->l.head, e->lines[r->n_lines],
					strnlen(e->lines[r->n_lines], LIMIT));
			}
			if (fault == SMTP_LINE_FINE) {
				assert_int_equal(text_len, strlen(e->lines[r->n_lines]));
				assert_memory_equal(
					r->held, e->lines[r->n_lines], text_len);
			}
			r->n_lines++;
		}
		memmove(r->held, r->held + consumed, r->len - consumed);
		r->len -= consumed;
		if (!found)
			break;
	}
	assert_true(r->len < LIMIT);
}

static void
check_cuts(const struct expected *e, size_t i, size_t j)
{
	struct reader r = { .len = 0 };
	size_t n = 0;

	reader_feed(&r, e, e->in, i);
	reader_feed(&r, e, e->in + i, j - i);
	reader_feed(&r, e, e->in + j, e->len - j);
	while (n < LINES_MAX && e->lines[n])
		n++;
	assert_int_equal(r.n_lines, n);
}

static void
test_every_pair_of_cuts(void **state)
{
	(void)state;
	for (size_t s = 0; s < sizeof(STREAMS) / sizeof(STREAMS[0]); s++)
		for (size_t i = 0; i <= STREAMS[s].len; i++)
			for (size_t j = i; j <= STREAMS[s].len; j++)
				check_cuts(&STREAMS[s], i, j);
}

static void
test_every_byte_alone(void **state)
{
	(void)state;
	for (size_t s = 0; s < sizeof(STREAMS) / sizeof(STREAMS[0]); s++) {
		struct reader r = { .len = 0 };

		for (size_t i = 0; i < STREAMS[s].len; i++)
			reader_feed(&r, &STREAMS[s], STREAMS[s].in + i, 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_pair_of_cuts),
		cmocka_unit_test(test_every_byte_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
