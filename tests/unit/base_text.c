// SPDX-License-Identifier: ISC
/*
 * Numbers, ASCII text and escaping.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "base/text.h"

static const struct {
	const char *text;
	uint64_t min, max;
	int r;
	uint64_t number;
} NUMBERS[] = {
	{ "0", 0, 9, 0, 0 }, { "9", 0, 9, 0, 9 }, { "10", 0, 9, -ERANGE, 0 },
	{ "4", 5, 9, -ERANGE, 0 }, { "007", 0, 9, 0, 7 },
	{ "18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX },
	{ "18446744073709551616", 0, UINT64_MAX, -ERANGE, 0 },
	{ "99999999999999999999999", 0, UINT64_MAX, -ERANGE, 0 },
	{ "99999999999999999999999x", 0, UINT64_MAX, -EINVAL, 0 },
	{ "", 0, 9, -EINVAL, 0 }, { "-1", 0, 9, -EINVAL, 0 }, { "+1", 0, 9, -EINVAL, 0 },
	{ " 1", 0, 9, -EINVAL, 0 }, { "1 ", 0, 9, -EINVAL, 0 },
	{ "0x1", 0, 9, -EINVAL, 0 }, { "1.0", 0, 9, -EINVAL, 0 },
	{ "\xd9\xa1", 0, 9, -EINVAL, 0 }, /* an Arabic digit */
};

static void
test_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(NUMBERS) / sizeof(NUMBERS[0]); i++) {
		uint64_t n = 12345;

		assert_int_equal(number_parse(NUMBERS[i].text, strlen(NUMBERS[i].text),
					 NUMBERS[i].min, NUMBERS[i].max, &n),
			NUMBERS[i].r);
		assert_int_equal(n, NUMBERS[i].r == 0 ? NUMBERS[i].number : 12345);
	}
}

/* Only the counted bytes are read. */
static void
test_number_length(void **state)
{
	uint64_t n;

	(void)state;
	assert_int_equal(number_parse("123", 2, 0, 99, &n), 0);
	assert_int_equal(n, 12);
	assert_int_equal(number_parse("1\0", 2, 0, 99, &n), -EINVAL);
}

static void
test_case(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++)
		assert_int_equal(text_lower_char((char)c),
			c >= 'A' && c <= 'Z' ? (char)(c + 32) : (char)c);
	assert_true(text_equal("HeLLo", 5, "hello"));
	assert_true(text_equal("hello!", 5, "HELLO"));
	assert_false(text_equal("hello", 4, "hello"));
	assert_false(text_equal("hello", 5, "hell"));
	assert_false(text_equal("\xc4", 1, "\xe4"));
	assert_false(text_equal("@", 1, "`"));
	assert_true(text_equal("", 0, ""));
	assert_true(text_begins("MAIL FROM:<x>", 13, "mail from:"));
	assert_false(text_begins("MAIL", 4, "MAIL FROM:"));
	assert_true(text_begins("x", 1, ""));
}

static void
test_lower(void **state)
{
	char text[] = "AZ[az\xc4\x00Q";

	(void)state;
	text_lower(text, 8);
	assert_memory_equal(text, "az[az\xc4\x00q", 8);
	memcpy(text, "ABC", 3);
	text_lower(text, 2);
	assert_memory_equal(text, "abC", 3);
}

static void
test_hex(void **state)
{
	const uint8_t bytes[] = { 0x00, 0x1f, 0xa0, 0xff };
	uint8_t back[4];
	char hex[9];

	(void)state;
	text_hex(bytes, 4, hex);
	assert_string_equal(hex, "001fa0ff");
	assert_int_equal(text_unhex("001FA0ff", 8, back, 4), 0);
	assert_memory_equal(back, bytes, 4);
	text_hex(bytes, 0, hex);
	assert_string_equal(hex, "");
}

static void
test_unhex_refuses(void **state)
{
	static const char *const bad[] = { "0", "000", "0g00", "00 0", "0x00", "000\xff",
		"00:0" };
	uint8_t back[2] = { 7, 7 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(text_unhex(bad[i], strlen(bad[i]), back, 2), -EINVAL);
	assert_int_equal(text_unhex("00\0000", 4, back, 2), -EINVAL);
	assert_int_equal(back[0], 7);
	assert_int_equal(back[1], 7);
}

static void
test_escape(void **state)
{
	struct buffer b CLEANUP(buffer_free) = { 0 };

	(void)state;
	assert_int_equal(text_escape(&b, "a b~", 4), 0);
	assert_int_equal(text_escape(&b, "\\\"\r\n\0\x7f\x80\xff", 8), 0);
	assert_int_equal(text_escape(&b, "", 0), 0);
	assert_string_equal(
		buffer_string(&b), "a b~\\x5c\\x22\\x0d\\x0a\\x00\\x7f\\x80\\xff");
}

/* What comes out of any bytes is printable, and tells them all apart. */
static void
test_escape_all(void **state)
{
	struct buffer b CLEANUP(buffer_free) = { 0 };

	(void)state;
	for (int c = 0; c < 256; c++) {
		const char byte = (char)c;
		size_t before = buffer_len(&b), len;

		assert_int_equal(text_escape(&b, &byte, 1), 0);
		len = buffer_len(&b) - before;
		if (len == 1) {
			assert_int_equal(buffer_data(&b)[before], byte);
		} else {
			uint8_t back;

			assert_int_equal(len, 4);
			assert_memory_equal(buffer_data(&b) + before, "\\x", 2);
			assert_int_equal(
				text_unhex(buffer_data(&b) + before + 2, 2, &back, 1), 0);
			assert_int_equal(back, c);
		}
	}
	for (size_t i = 0; i < buffer_len(&b); i++)
		assert_in_range(buffer_data(&b)[i], 0x20, 0x7e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_number_length),
		cmocka_unit_test(test_case),
		cmocka_unit_test(test_lower),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_unhex_refuses),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_escape_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
