// SPDX-License-Identifier: ISC
/*
 * The message scanner against a naive one, over streams that are cut at every place and
 * at every pair of places, in place and from one buffer to another; and what it stores
 * for streams whose answer is written down here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "smtp_data_naive.h"

#define TEXT(s) s, sizeof(s) - 1

struct known {
	const char *in;
	size_t len;
	enum smtp_data_fault fault;
	const char *stored;
	size_t behind; /* bytes that are commands again; the end is found in all of these
			*/
	uint64_t size;
};

static const struct known KNOWN[] = {
	{ TEXT(".\r\n"), SMTP_DATA_FINE, "", 0, 0 },
	{ TEXT("\r\n.\r\n"), SMTP_DATA_FINE, "\n", 0, 2 },
	{ TEXT("Hi\r\n.\r\nQUIT\r\n"), SMTP_DATA_FINE, "Hi\n", 6, 4 },
	{ TEXT("..\r\n.\r\n"), SMTP_DATA_FINE, ".\n", 0, 3 },
	{ TEXT("...a\r\n.b\r\n.\r\n"), SMTP_DATA_FINE, "..a\nb\n", 0, 8 },
	{ TEXT("a.\r\n.\r\n"), SMTP_DATA_FINE, "a.\n", 0, 4 },
	{ TEXT(".\r\n.\r\n"), SMTP_DATA_FINE, "", 3, 0 },
	{ TEXT("a\n.\nb\r\n.\r\n"), SMTP_DATA_BARE_LF, "a", 0, 1 },
	{ TEXT("a\n.\r\nb\r\n.\r\n"), SMTP_DATA_BARE_LF, "a", 0, 1 },
	{ TEXT("a\r\n.\nb\r\n.\r\n"), SMTP_DATA_BARE_LF, "a\n", 0, 3 },
	{ TEXT("a\r.\rb\r\n.\r\n"), SMTP_DATA_BARE_CR, "a", 0, 1 },
	{ TEXT("a\r\n.\rb\r\n.\r\n"), SMTP_DATA_BARE_CR, "a\n", 0, 3 },
	{ TEXT("a\r\r\n.\r\n"), SMTP_DATA_BARE_CR, "a", 0, 1 },
	{ TEXT("a\r\n.\r\r\n.\r\n"), SMTP_DATA_BARE_CR, "a\n", 0, 3 },
	{ TEXT("a\0b\r\n.\r\n"), SMTP_DATA_NUL, "a", 0, 1 },
	{ TEXT("a\r\n.\0\r\n.\r\n"), SMTP_DATA_NUL, "a\n", 0, 3 },
	{ TEXT("a\r\0\r\n.\r\n"), SMTP_DATA_BARE_CR, "a", 0, 1 },
	{ TEXT("a\r\n\0.\r\n\r\n.\r\n\0"), SMTP_DATA_NUL, "a\n", 1, 3 },
	{ TEXT("\r\n.\r\n\0\n\r"), SMTP_DATA_FINE, "\n", 3, 2 },
};

/* What has passed for the end of a message somewhere: where it is none here, the message
 * goes on to the real end, and all of it is refused but what is only odd text. */
static const struct {
	const char *form;
	size_t len;
	enum smtp_data_fault fault;
	bool ends; /* it has the real end in it, and the rest is commands */
} SMUGGLED[] = {
	{ TEXT("\n.\n"), SMTP_DATA_BARE_LF, false },
	{ TEXT("\n.\r\n"), SMTP_DATA_BARE_LF, false },
	{ TEXT("\r\n.\n"), SMTP_DATA_BARE_LF, false },
	{ TEXT("\r.\r"), SMTP_DATA_BARE_CR, false },
	{ TEXT("\r.\r\n"), SMTP_DATA_BARE_CR, false },
	{ TEXT("\r\n.\r"), SMTP_DATA_BARE_CR, false },
	{ TEXT("\n.\r"), SMTP_DATA_BARE_LF, false },
	{ TEXT("\r.\n"), SMTP_DATA_BARE_CR, false },
	{ TEXT("\r\r\n.\r\n"), SMTP_DATA_BARE_CR, true },
	{ TEXT("\r\n.\r\r\n"), SMTP_DATA_BARE_CR, false },
	{ TEXT("\r\r\n.\r\r\n"), SMTP_DATA_BARE_CR, false },
	{ TEXT("\r\n.\r\n\r"), SMTP_DATA_FINE, true },
	{ TEXT("\r\n\0.\r\n"), SMTP_DATA_NUL, false },
	{ TEXT("\r\n.\0\r\n"), SMTP_DATA_NUL, false },
	{ TEXT("\r\n.\r\0\n"), SMTP_DATA_BARE_CR, false },
	{ TEXT("\r\0\n.\r\n"), SMTP_DATA_BARE_CR, false },
	{ TEXT("\r\n. \r\n"), SMTP_DATA_FINE, false },
	{ TEXT("\n\n.\n\n"), SMTP_DATA_BARE_LF, false },
	{ TEXT("\x85.\x85"), SMTP_DATA_FINE, false },
	{ TEXT("\x0b.\x0c"), SMTP_DATA_FINE, false },
};

static const struct {
	const char *in;
	size_t len;
} OPEN_ENDED[] = {
	{ TEXT("") },
	{ TEXT(".") },
	{ TEXT(".\r") },
	{ TEXT("abc\r") },
	{ TEXT("abc\r\n.") },
	{ TEXT("abc\r\n.\r") },
	{ TEXT("abc\r\n..\r\nd") },
	{ TEXT("\n.\n\r.\r") },
	{ TEXT("\0\r\n\0.") },
	{ TEXT("a\r\n\r\r\n\n.\r\n") },
	{ TEXT("..\r..\r\n.\n.\0\r") },
};

struct result {
	struct smtp_data d;
	bool ended;
	size_t consumed;
	size_t stored;
	char *out;
};

/* Feeds the stream in the pieces that end at the n cuts and at len. */
static void
scan_pieces(struct result *ret, const char *in, size_t len, const size_t *cuts, size_t n,
	bool in_place)
{
	for (size_t i = 0; i <= n && !ret->ended; i++) {
		size_t to = i < n ? cuts[i] : len, piece = to - ret->consumed;
		char *copy CLEANUP_FREE = malloc(piece + 1);
		char *out CLEANUP_FREE = calloc(1, piece + 1);
		size_t stored, consumed;

		memcpy(copy, in + ret->consumed, piece);
		ret->ended = smtp_data_scan(
			&ret->d, copy, piece, in_place ? copy : out, &stored, &consumed);
		assert_true(stored <= consumed && consumed <= piece);
		assert_true(ret->ended || consumed == piece);
		memcpy(ret->out + ret->stored, in_place ? copy : out, stored);
		ret->stored += stored;
		ret->consumed += consumed;
	}
}

static void
check_pieces(const char *in, size_t len, uint64_t max, const size_t *cuts, size_t n)
{
	char *expected CLEANUP_FREE = malloc(len + 1);
	char *out CLEANUP_FREE = malloc(len + 1);
	struct naive naive = naive_scan(in, len, max, expected);

	for (int in_place = 0; in_place < 2; in_place++) {
		struct result got = { .out = out };

		smtp_data_init(&got.d, max);
		scan_pieces(&got, in, len, cuts, n, in_place);
		assert_int_equal(got.ended, naive.ended);
		assert_int_equal(got.consumed, naive.consumed);
		assert_int_equal(got.d.fault, naive.fault);
		assert_int_equal(got.stored, naive.stored);
		assert_memory_equal(out, expected, naive.stored);
		assert_int_equal(got.d.size, naive.size);
	}
}

static void
check_all_cuts(const char *in, size_t len, uint64_t max)
{
	size_t each[64];

	assert_true(len < 64);
	for (size_t i = 0; i < len; i++)
		each[i] = i + 1;
	check_pieces(in, len, max, each, len);
	for (size_t i = 0; i <= len; i++)
		for (size_t j = i; j <= len; j++)
			check_pieces(in, len, max, (size_t[]){ i, j }, 2);
}

static void
test_known_streams(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(KNOWN) / sizeof(KNOWN[0]); i++) {
		const struct known *k = &KNOWN[i];
		char out[64];
		struct result got = { .out = out };

		smtp_data_init(&got.d, 0);
		scan_pieces(&got, k->in, k->len, &k->len, 1, false);
		assert_true(got.ended);
		assert_int_equal(got.d.fault, k->fault);
		assert_int_equal(k->len - got.consumed, k->behind);
		assert_int_equal(got.d.size, k->size);
		assert_int_equal(got.stored, strlen(k->stored));
		assert_memory_equal(out, k->stored, got.stored);
	}
}

static void
test_smuggled_ends(void **state)
{
	static const char HEAD[] = "a: b\r\n\r\ntext",
			  TAIL[] = "MAIL FROM:<x@y>\r\n.\r\n";

	(void)state;
	for (size_t i = 0; i < sizeof(SMUGGLED) / sizeof(SMUGGLED[0]); i++) {
		char in[64], out[64];
		size_t len = sizeof(HEAD) - 1, n = SMUGGLED[i].len;
		struct result got = { .out = out };

		memcpy(in, HEAD, len);
		memcpy(in + len, SMUGGLED[i].form, n);
		memcpy(in + len + n, TAIL, sizeof(TAIL) - 1);
		len += n + sizeof(TAIL) - 1;
		check_all_cuts(in, len, 0);
		smtp_data_init(&got.d, 0);
		scan_pieces(&got, in, len, &len, 1, false);
		assert_true(got.ended);
		assert_int_equal(got.d.fault, SMUGGLED[i].fault);
		assert_int_equal(got.consumed < len, SMUGGLED[i].ends);
	}
}

static void
test_every_cut(void **state)
{
	(void)state;
	for (uint64_t max = 0; max < 9; max++) {
		for (size_t i = 0; i < sizeof(KNOWN) / sizeof(KNOWN[0]); i++)
			check_all_cuts(KNOWN[i].in, KNOWN[i].len, max);
		for (size_t i = 0; i < sizeof(OPEN_ENDED) / sizeof(OPEN_ENDED[0]); i++)
			check_all_cuts(OPEN_ENDED[i].in, OPEN_ENDED[i].len, max);
	}
}

/* Every stream of six bytes over the alphabet that matters, cut nowhere and everywhere.
 */
static void
test_every_short_stream(void **state)
{
	static const char ALPHABET[] = { '\r', '\n', '.', 'a', '\0' };
	enum { LENGTH = 7 };
	size_t each[LENGTH] = { 1, 2, 3, 4, 5, 6, 7 };
	unsigned count = 1;
	char in[LENGTH];

	(void)state;
	for (int i = 0; i < LENGTH; i++)
		count *= sizeof(ALPHABET);
	for (unsigned code = 0; code < count; code++) {
		unsigned rest = code;

		for (int i = 0; i < LENGTH; i++, rest /= sizeof(ALPHABET))
			in[i] = ALPHABET[rest % sizeof(ALPHABET)];
		check_pieces(in, LENGTH, 0, NULL, 0);
		check_pieces(in, LENGTH, 0, each, LENGTH);
		check_pieces(in, LENGTH, 3, each, LENGTH);
	}
}

static void
test_size_is_exact(void **state)
{
	static const char MESSAGE[] =
		"12345678\r\n..\r\n.\r\n"; /* 13 bytes as RFC 1870 counts */

	(void)state;
	for (uint64_t max = 1; max < 20; max++) {
		struct smtp_data d;
		size_t stored, consumed;
		char out[32];

		smtp_data_init(&d, max);
		assert_true(smtp_data_scan(
			&d, MESSAGE, sizeof(MESSAGE) - 1, out, &stored, &consumed));
		assert_int_equal(d.fault, max < 13 ? SMTP_DATA_TOO_BIG : SMTP_DATA_FINE);
		assert_int_equal(consumed, sizeof(MESSAGE) - 1);
	}
}

static void
check_long_line(size_t len, enum smtp_data_fault fault)
{
	char *in CLEANUP_FREE = malloc(len + 16);
	size_t cut = len / 2;

	memset(in, 'x', len);
	memcpy(in + len, "\r\nb\r\n.\r\n", 8);
	check_pieces(in, len + 8, 0, NULL, 0);
	check_pieces(in, len + 8, 0, &cut, 1);

	struct smtp_data d;
	size_t stored, consumed;

	smtp_data_init(&d, 0);
	assert_true(smtp_data_scan(&d, in, len + 8, in, &stored, &consumed));
	assert_int_equal(d.fault, fault);
}

static void
test_lines_beyond_sense(void **state)
{
	(void)state;
	check_long_line(998, SMTP_DATA_FINE);
	check_long_line(70000, SMTP_DATA_FINE);
	check_long_line(SMTP_DATA_LINE_MAX, SMTP_DATA_FINE);
	check_long_line(SMTP_DATA_LINE_MAX + 1, SMTP_DATA_LINE_TOO_LONG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_streams),
		cmocka_unit_test(test_smuggled_ends),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_every_short_stream),
		cmocka_unit_test(test_size_is_exact),
		cmocka_unit_test(test_lines_beyond_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
