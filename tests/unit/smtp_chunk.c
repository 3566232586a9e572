// SPDX-License-Identifier: ISC
/*
 * Chunks: what stands behind BDAT, and the octets that follow it, as text and as binary,
 * against a naive reader of the whole message. A message is cut into chunks at every
 * place, each chunk is fed in pieces, and whatever lies behind the last one stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "smtp/chunk.h"
#include "smtp_data_naive.h"

#define TEXT(s)  s, sizeof(s) - 1
#define N(table) (sizeof(table) / sizeof((table)[0]))

static void
test_parse(void **state)
{
	static const struct {
		const char *text;
		int r;
		uint64_t octets;
		bool last;
	} CASES[] = {
		{ "0", 0, 0, false }, { "0 LAST", 0, 0, true },
		{ "86 last", 0, 86, true }, { "86 \t LaSt", 0, 86, true },
		{ "000000000000000000000000000000007", 0, 7, false },
		{ "18446744073709551615 LAST", 0, UINT64_MAX, true },
		{ "5 LASTS", -EINVAL, 5, false }, { "5 LAS", -EINVAL, 5, false },
		{ "5 LAST LAST", -EINVAL, 5, false }, { "5 LAST 5", -EINVAL, 5, false },
		{ "5 6", -EINVAL, 5, false }, { "", -ERANGE, 0, false },
		{ "LAST", -ERANGE, 0, false }, { "LAST 5", -ERANGE, 0, false },
		{ "5LAST", -ERANGE, 0, false }, { "-5", -ERANGE, 0, false },
		{ "+5", -ERANGE, 0, false }, { "0x5", -ERANGE, 0, false },
		{ "5.0", -ERANGE, 0, false },
		{ "18446744073709551616", -ERANGE, 0, false },
		{ "99999999999999999999999999999999999999 LAST", -ERANGE, 0, false },
		{ "\xd9\xa5", -ERANGE, 0, false }, /* a digit, but of another script */
	};

	(void)state;
	for (size_t i = 0; i < N(CASES); i++) {
		struct smtp_chunk c = { .octets = 12345 };
		int r = smtp_chunk_parse(CASES[i].text, strlen(CASES[i].text), &c);

		if (r != CASES[i].r)
			fail_msg("%s gives %d", CASES[i].text, r);
		assert_int_equal(c.octets, r == -ERANGE ? 12345 : CASES[i].octets);
		if (r != -ERANGE)
			assert_int_equal(c.left, c.octets);
		if (r == 0)
			assert_int_equal(c.last, CASES[i].last);
	}
}

/* Sends one chunk in pieces, with a byte behind it that is not of the chunk. */
static size_t
feed_chunk(struct smtp_data *d, const char *in, size_t len, bool last, size_t piece,
	char *out)
{
	struct smtp_chunk c = { .octets = len, .left = len, .last = last };
	size_t at = 0, stored = 0;
	bool ended = len == 0;

	if (ended && last)
		smtp_data_finish(d);
	while (!ended) {
		size_t n = len + 1 - at < piece ? len + 1 - at : piece, got, consumed;
		char *copy CLEANUP_FREE = malloc(n);

		for (size_t i = 0; i < n; i++)
			copy[i] = at + i < len ? in[at + i] : '!';
		ended = smtp_chunk_scan(&c, d, copy, n, copy, &got, &consumed);
		assert_true(got <= consumed && consumed <= n);
		assert_true(ended || consumed == n);
		memcpy(out + stored, copy, got);
		stored += got;
		at += consumed;
	}
	assert_int_equal(at, len);
	assert_int_equal(c.left, 0);
	return stored;
}

/* The message in the chunks that end at the two cuts and at its end. */
static void
check_chunks(const char *in, size_t len, uint64_t max, enum smtp_body body, size_t first,
	size_t second, size_t piece)
{
	char *expected CLEANUP_FREE = malloc(len + 1);
	char *out CLEANUP_FREE = malloc(len + 1);
	struct naive naive = naive_counted(
		in, len, max, body == SMTP_BODY_BINARY, expected);
	struct smtp_data d;
	size_t stored;

	smtp_data_init_counted(&d, max, body);
	stored = feed_chunk(&d, in, first, false, piece, out);
	stored += feed_chunk(&d, in + first, second - first, false, piece, out + stored);
	stored += feed_chunk(&d, in + second, len - second, true, piece, out + stored);
	assert_int_equal(d.fault, naive.fault);
	assert_int_equal(d.size, naive.size);
	assert_int_equal(stored, naive.stored);
	assert_memory_equal(out, expected, stored);
}

static void
check_all_cuts(const char *in, size_t len, uint64_t max, enum smtp_body body)
{
	for (size_t first = 0; first <= len; first++)
		for (size_t second = first; second <= len; second++) {
			check_chunks(in, len, max, body, first, second, 1);
			check_chunks(in, len, max, body, first, second, 3);
			check_chunks(in, len, max, body, first, second, len + 1);
		}
}

static const struct {
	const char *in;
	size_t len;
	enum smtp_data_fault fault; /* as text */
	const char *stored;
} KNOWN[] = {
	{ TEXT(""), SMTP_DATA_FINE, "" },
	{ TEXT("Hi\r\n"), SMTP_DATA_FINE, "Hi\n" },
	{ TEXT("Hi"), SMTP_DATA_FINE, "Hi" },
	{ TEXT(".\r\n"), SMTP_DATA_FINE, ".\n" },
	{ TEXT("a\r\n.\r\nb\r\n"), SMTP_DATA_FINE, "a\n.\nb\n" },
	{ TEXT("..\r\n"), SMTP_DATA_FINE, "..\n" },
	{ TEXT("a\r"), SMTP_DATA_BARE_CR, "a" },
	{ TEXT("a\n"), SMTP_DATA_BARE_LF, "a" },
	{ TEXT("\n"), SMTP_DATA_BARE_LF, "" },
	{ TEXT("a\r\r\n"), SMTP_DATA_BARE_CR, "a" },
	{ TEXT("a\0"), SMTP_DATA_NUL, "a" },
	{ TEXT("a\n.\nb\r\n"), SMTP_DATA_BARE_LF, "a" },
	{ TEXT("a\n.\r\nb\r\n"), SMTP_DATA_BARE_LF, "a" },
	{ TEXT("a\r\n.\nb\r\n"), SMTP_DATA_BARE_LF, "a\n." },
	{ TEXT("a\r.\rb\r\n"), SMTP_DATA_BARE_CR, "a" },
	{ TEXT("a\r\n.\rb\r\n"), SMTP_DATA_BARE_CR, "a\n." },
	{ TEXT("a\r\n.\r\r\n"), SMTP_DATA_BARE_CR, "a\n." },
	{ TEXT("a\r\0\n.\r\n"), SMTP_DATA_BARE_CR, "a" },
	{ TEXT("a\r\n\0.\r\n"), SMTP_DATA_NUL, "a\n" },
	{ TEXT("a\r\n.\0\r\n"), SMTP_DATA_NUL, "a\n." },
};

static void
test_known_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(KNOWN); i++) {
		struct smtp_data d;
		char out[32];
		size_t stored;

		smtp_data_init_counted(&d, 0, SMTP_BODY_TEXT);
		stored = feed_chunk(&d, KNOWN[i].in, KNOWN[i].len, true, 100, out);
		assert_int_equal(d.fault, KNOWN[i].fault);
		assert_int_equal(stored, strlen(KNOWN[i].stored));
		assert_memory_equal(out, KNOWN[i].stored, stored);
		smtp_data_init_counted(&d, 0, SMTP_BODY_BINARY);
		stored = feed_chunk(&d, KNOWN[i].in, KNOWN[i].len, true, 100, out);
		assert_int_equal(d.fault, SMTP_DATA_FINE);
		assert_int_equal(stored, KNOWN[i].len);
		assert_memory_equal(out, KNOWN[i].in, stored);
	}
}

static void
test_every_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(KNOWN); i++)
		for (uint64_t max = 0; max < 9; max++) {
			check_all_cuts(KNOWN[i].in, KNOWN[i].len, max, SMTP_BODY_TEXT);
			check_all_cuts(KNOWN[i].in, KNOWN[i].len, max, SMTP_BODY_BINARY);
		}
}

/* Every message of six bytes over the alphabet that matters. */
static void
test_every_short_message(void **state)
{
	static const char ALPHABET[] = { '\r', '\n', '.', 'a', '\0' };
	enum { LENGTH = 6 };
	unsigned count = 1;
	char in[LENGTH];

	(void)state;
	for (int i = 0; i < LENGTH; i++)
		count *= sizeof(ALPHABET);
	for (unsigned code = 0; code < count; code++) {
		unsigned rest = code;

		for (int i = 0; i < LENGTH; i++, rest /= sizeof(ALPHABET))
			in[i] = ALPHABET[rest % sizeof(ALPHABET)];
		for (size_t cut = 0; cut <= LENGTH; cut++) {
			check_chunks(in, LENGTH, 0, SMTP_BODY_TEXT, cut, cut, 1);
			check_chunks(in, LENGTH, 3, SMTP_BODY_TEXT, 0, cut, 7);
			check_chunks(in, LENGTH, 5, SMTP_BODY_BINARY, cut, cut, 2);
		}
	}
}

/* A line has a limit as text alone, and binary has none but the size. */
static void
test_lines_beyond_sense(void **state)
{
	size_t len = SMTP_DATA_LINE_MAX + 1;
	char *in CLEANUP_FREE = malloc(len);

	(void)state;
	memset(in, 'x', len);
	for (int binary = 0; binary < 2; binary++) {
		char *out CLEANUP_FREE = malloc(len);
		struct smtp_data d;

		smtp_data_init_counted(&d, 0, binary ? SMTP_BODY_BINARY : SMTP_BODY_TEXT);
		assert_int_equal(feed_chunk(&d, in, len, true, 4096, out),
			binary ? len : SMTP_DATA_LINE_MAX);
		assert_int_equal(
			d.fault, binary ? SMTP_DATA_FINE : SMTP_DATA_LINE_TOO_LONG);
	}
}

/* What nobody wants is counted, and goes nowhere. */
static void
test_dropped(void **state)
{
	struct smtp_chunk c = { .octets = UINT64_MAX, .left = UINT64_MAX };
	char in[] = "QUIT\r\n", out[] = "------";
	size_t stored, consumed;

	(void)state;
	assert_false(smtp_chunk_scan(&c, NULL, in, 6, out, &stored, &consumed));
	assert_int_equal(stored, 0);
	assert_int_equal(consumed, 6);
	assert_int_equal(c.left, UINT64_MAX - 6);
	assert_string_equal(out, "------");
	c.left = 4;
	assert_true(smtp_chunk_scan(&c, NULL, in, 6, out, &stored, &consumed));
	assert_int_equal(stored, 0);
	assert_int_equal(consumed, 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_known_messages),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_every_short_message),
		cmocka_unit_test(test_lines_beyond_sense),
		cmocka_unit_test(test_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
