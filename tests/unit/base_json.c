// SPDX-License-Identifier: ISC
/*
 * JSON as it is written: strings of any bytes, lists, members behind each other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
test_strings(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *json;
	} rows[] = {
		{ "", 0, "\"\"" },
		{ "plain", 5, "\"plain\"" },
		{ "a\"b\\c", 5, "\"a\\\"b\\\\c\"" },
		{ "\n\x7f", 2, "\"\\u000a\\u007f\"" },
		{ "a\0b", 3, "\"a\\u0000b\"" },
		{ "\xc3\xa9", 2, "\"\\u00e9\"" },
		{ "\xf0\x9f\x98\x80", 4, "\"\\ud83d\\ude00\"" },
		/* No UTF-8, cut UTF-8, a surrogate, a form too long. */
		{ "\xff\xfe", 2, "\"\\ufffd\\ufffd\"" },
		{ "\xc3", 1, "\"\\ufffd\"" },
		{ "\xed\xa0\x80", 3, "\"\\ufffd\\ufffd\\ufffd\"" },
		{ "\xc0\xaf", 2, "\"\\ufffd\\ufffd\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP(buffer_free) struct buffer b = { 0 };

		assert_int_equal(json_string(&b, rows[i].text, rows[i].len), 0);
		assert_string_equal(buffer_string(&b), rows[i].json);
	}
}

static void
test_bytes(void **state)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };

	(void)state;
	assert_int_equal(json_bytes(&b, "\x1b\xff\xc3\xa9\"a", 6), 0);
	assert_string_equal(buffer_string(&b), "\"\\u001b\\u00ff\\u00c3\\u00a9\\\"a\"");
}

static void
test_lists(void **state)
{
	static const struct {
		const char *text, *json;
	} rows[] = {
		{ "", "[]" },
		{ "a", "[\"a\"]" },
		{ "a,b@c", "[\"a\", \"b@c\"]" },
		{ "a,,b", "[\"a\", \"\", \"b\"]" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP(buffer_free) struct buffer b = { 0 };

		assert_int_equal(json_list(&b, rows[i].text, strlen(rows[i].text)), 0);
		assert_string_equal(buffer_string(&b), rows[i].json);
	}
}

static void
test_members(void **state)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	char one[] = "one", two[] = "{";
	char *const texts[] = { one, two };

	(void)state;
	assert_int_equal(buffer_puts(&b, "{"), 0);
	assert_int_equal(json_member(&b, "text", "{"), 0);
	assert_int_equal(json_member(&b, "none", NULL), 0);
	assert_int_equal(json_number(&b, "number", -7), 0);
	assert_int_equal(json_time(&b, "time", 981173106), 0);
	assert_int_equal(json_strings(&b, "texts", texts, COUNT(texts)), 0);
	assert_int_equal(json_strings(&b, "empty", texts, 0), 0);
	assert_int_equal(json_name(&b, "more"), 0);
	assert_int_equal(buffer_puts(&b, "{"), 0);
	assert_int_equal(json_number(&b, "inside", 1), 0);
	assert_int_equal(buffer_puts(&b, "}}"), 0);
	assert_string_equal(buffer_string(&b),
		"{\"text\": \"{\", \"none\": null, \"number\": -7, "
		"\"time\": \"2001-02-03T04:05:06Z\", \"texts\": [\"one\", \"{\"], "
		"\"empty\": [], \"more\": {\"inside\": 1}}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_members),
	};

	return cmocka_run_group_tests_name("base_json", tests, NULL, NULL);
}
