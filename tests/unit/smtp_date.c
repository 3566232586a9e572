// SPDX-License-Identifier: ISC
/*
 * Dates of header fields: days all over the years, beside what the C library says of
 * them, and what is out of range.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "smtp/date.h"

#define LAST_SECOND 253402300799

static void
check_against_libc(int64_t when)
{
	char date[SMTP_DATE_SIZE], expected[SMTP_DATE_SIZE];
	time_t seconds = (time_t)when;
	struct tm tm;

	smtp_date_write(when, date);
	strftime(expected, sizeof(expected), "%a, %d %b %Y %H:%M:%S +0000",
		gmtime_r(&seconds, &tm));
	assert_string_equal(date, expected);
}

static void
test_all_over_the_years(void **state)
{
	(void)state;
	for (int64_t when = 0; when <= LAST_SECOND; when += 86400 * 29 + 4321)
		check_against_libc(when);
	check_against_libc(LAST_SECOND);
}

static void
test_edges(void **state)
{
	static const struct {
		int64_t when;
		const char *date;
	} CASES[] = {
		{ 784111777, "Sun, 06 Nov 1994 08:49:37 +0000" },
		{ 951782400, "Tue, 29 Feb 2000 00:00:00 +0000" },
		{ LAST_SECOND, "Fri, 31 Dec 9999 23:59:59 +0000" },
		{ LAST_SECOND + 1, "Fri, 31 Dec 9999 23:59:59 +0000" },
		{ -1, "Thu, 01 Jan 1970 00:00:00 +0000" },
		{ INT64_MIN, "Thu, 01 Jan 1970 00:00:00 +0000" },
		{ INT64_MAX, "Fri, 31 Dec 9999 23:59:59 +0000" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		char date[SMTP_DATE_SIZE];

		smtp_date_write(CASES[i].when, date);
		assert_string_equal(date, CASES[i].date);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_over_the_years),
		cmocka_unit_test(test_edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
