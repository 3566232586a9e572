// SPDX-License-Identifier: ISC
/*
 * Every character there is, written and read again, and every sequence of up to three
 * bytes: what is read is what was written, and nothing else is read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* The plain rules of RFC 3629 section 3, from number to bytes. */
static size_t
write_char(uint32_t c, char ret[4])
{
	if (c < 0x80) {
		ret[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		ret[0] = (char)(0xc0 | c >> 6);
		ret[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		ret[0] = (char)(0xe0 | c >> 12);
		ret[1] = (char)(0x80 | (c >> 6 & 0x3f));
		ret[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	ret[0] = (char)(0xf0 | c >> 18);
	ret[1] = (char)(0x80 | (c >> 12 & 0x3f));
	ret[2] = (char)(0x80 | (c >> 6 & 0x3f));
	ret[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static void
test_every_character(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x110100; c++) {
		bool valid = c < 0x110000 && (c < 0xd800 || c > 0xdfff);
		uint32_t got = 0;
		char text[4];
		size_t n = write_char(c, text);

		assert_int_equal(utf8_char(text, n, &got), valid ? n : 0);
		assert_int_equal(got, valid ? c : 0);
		assert_int_equal(utf8_is_valid(text, n), valid);
		assert_int_equal(utf8_has_more_than_ascii(text, n), c >= 0x80);
		for (size_t cut = 0; cut < n; cut++)
			assert_int_equal(utf8_char(text, cut, &got), 0);
	}
}

/* What is accepted has to be what its number is written as. */
static void
test_every_short_sequence(void **state)
{
	unsigned accepted = 0;

	(void)state;
	for (uint32_t code = 0; code < 1u << 24; code++) {
		char text[3] = { (char)(code >> 16), (char)(code >> 8), (char)code };
		char again[4];
		uint32_t c;
		size_t n = utf8_char(text, sizeof(text), &c);

		if (n == 0)
			continue;
		if (write_char(c, again) != n || memcmp(text, again, n) != 0)
			fail_msg("%06x is read as U+%04X", code, c);
		accepted++;
	}
	/* ASCII with any two bytes, two bytes with any one, three without surrogates. */
	assert_int_equal(accepted,
		0x80 * 0x10000 + (0x800 - 0x80) * 0x100 + (0x10000 - 0x800 - 0x800));
}

static void
test_four_bytes_are_bounded(void **state)
{
	static const char *const BAD[] = { "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80", "\xf8\x88\x80\x80", "\xff", "\xfe", "\x80",
		"\xf0\x90\x80", "\xf0\x90\x80\x7f", "\xf0\x90\xc0\x80" };

	(void)state;
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++)
		assert_false(utf8_is_valid(BAD[i], strlen(BAD[i])));
	assert_true(utf8_is_valid("", 0));
	assert_true(utf8_is_valid("a\xc3\xbc\xf4\x8f\xbf\xbf", 7));
	assert_false(utf8_is_valid("a\xc3\xbc\xf4\x8f\xbf", 6));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_character),
		cmocka_unit_test(test_every_short_sequence),
		cmocka_unit_test(test_four_bytes_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
