// SPDX-License-Identifier: ISC
/*
 * The calendar by counting, year after year and month after month. Owns nothing; there
 * are no faults.
 */
#include "smtp/date.h"

#include <stdbool.h>
#include <stdio.h>

static bool
is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
days_of_month(int year, int month)
{
	static const unsigned char DAYS[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };

	return DAYS[month] + (month == 1 && is_leap(year));
}

void
smtp_date_write(int64_t when, char ret[static SMTP_DATE_SIZE])
{
	static const char DAYS[7][4] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue",
		"Wed" };
	static const char MONTHS[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
		"Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	int64_t seconds = when < 0 || when > 253402300799 ? 0 : when;
	int days = (int)(seconds / 86400), second = (int)(seconds % 86400);
	int weekday = days % 7, year = 1970, month = 0;

	for (; days >= 365 + is_leap(year); year++)
		days -= 365 + is_leap(year);
	for (; days >= days_of_month(year, month); month++)
		days -= days_of_month(year, month);
	snprintf(ret, SMTP_DATE_SIZE, "%s, %02d %s %04d %02d:%02d:%02d +0000",
		DAYS[weekday], days + 1, MONTHS[month], year, second / 3600,
		second / 60 % 60, second % 60);
}
