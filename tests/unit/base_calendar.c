// SPDX-License-Identifier: ISC
/*
 * Dates against the C library's, day by day and at the edges.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/calendar.h"

enum { DAY = 86400 };

static const int64_t END = 253402300799; /* of the year 9999 */

static void
check(int64_t seconds)
{
	struct calendar c;
	char stamp[CALENDAR_STAMP_SIZE], expected[CALENDAR_STAMP_SIZE];
	time_t t = seconds;
	struct tm tm;
	int64_t again;

	calendar_of(seconds, &c);
	assert_non_null(gmtime_r(&t, &tm));
	assert_int_equal(c.year, tm.tm_year + 1900);
	assert_int_equal(c.month, tm.tm_mon + 1);
	assert_int_equal(c.day, tm.tm_mday);
	assert_int_equal(c.weekday, tm.tm_wday);
	assert_int_equal(c.hour, tm.tm_hour);
	assert_int_equal(c.minute, tm.tm_min);
	assert_int_equal(c.second, tm.tm_sec);
	calendar_stamp(seconds, stamp);
	strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S", &tm);
	assert_string_equal(stamp, expected);
	calendar_day(seconds, expected);
	assert_int_equal(strlen(expected), 10);
	assert_memory_equal(stamp, expected, 10);
	assert_int_equal(calendar_read(stamp, strlen(stamp), &again), 0);
	assert_int_equal(again, seconds);
	assert_int_equal(calendar_read(stamp, 10, &again), 0);
	assert_int_equal(again, seconds - seconds % DAY);
}

static void
test_every_day_of_centuries(void **state)
{
	(void)state;
	for (int64_t day = 0; day < 366 * 700; day++)
		check(day * DAY + day % DAY);
}

static void
test_edges(void **state)
{
	static const int64_t MOMENTS[] = { 0, 1, DAY - 1, DAY, 951782399, 951782400,
		951868799, 951868800, 4107542399, 4107542400, INT32_MAX, END - 1, END };

	(void)state;
	for (size_t i = 0; i < sizeof(MOMENTS) / sizeof(MOMENTS[0]); i++)
		check(MOMENTS[i]);
}

static void
test_out_of_range_is_the_nearest_time(void **state)
{
	char stamp[CALENDAR_STAMP_SIZE];

	(void)state;
	calendar_stamp(INT64_MIN, stamp);
	assert_string_equal(stamp, "1970-01-01T00:00:00");
	calendar_stamp(INT64_MAX, stamp);
	assert_string_equal(stamp, "9999-12-31T23:59:59");
}

static void
test_what_is_no_date(void **state)
{
	static const char *const TEXTS[] = { "", "2001", "2001-02-3", "2001-02-29",
		"2100-02-29", "2001-04-31", "2001-00-01", "2001-13-01", "2001-01-00",
		"2001-01-32", "1969-12-31", "2001/01/01", "2001-01-01T",
		"2001-01-01 00:00:00", "2001-01-01T24:00:00", "2001-01-01T00:60:00",
		"2001-01-01T00:00:60", "2001-01-01T00:00:00Z", "+001-01-01", "2001-01-0x",
		"2001-01-01T00:00:0" };
	int64_t untouched = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++)
		if (calendar_read(TEXTS[i], strlen(TEXTS[i]), &untouched) != -EINVAL)
			fail_msg("%s", TEXTS[i]);
	assert_int_equal(calendar_read("2001-02-03\0", 11, &untouched), -EINVAL);
	assert_int_equal(untouched, 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_day_of_centuries),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_out_of_range_is_the_nearest_time),
		cmocka_unit_test(test_what_is_no_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
