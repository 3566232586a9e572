// SPDX-License-Identifier: ISC
/*
 * Years begin in March here, so that a leap day is the last of its year. No faults.
 */
#include "base/calendar.h"

#include <stdio.h>

enum {
	DAY = 86400,
	THURSDAY = 4, /* the first day of 1970 */
	DAYS_OF_400_YEARS = 146097,
	DAYS_FROM_MARCH_0000 = 719468,
};

static const int64_t LAST_SECOND = 253402300799;

static void
set_date(int64_t days, struct calendar *ret)
{
	int64_t since = days + DAYS_FROM_MARCH_0000;
	int era = (int)(since / DAYS_OF_400_YEARS);
	int left = (int)(since % DAYS_OF_400_YEARS);
	int year = (left - left / 1460 + left / 36524 - left / 146096) / 365;
	int day = left - (365 * year + year / 4 - year / 100);
	int month = (5 * day + 2) / 153; /* 0 is March */

	ret->day = day - (153 * month + 2) / 5 + 1;
	ret->month = month < 10 ? month + 3 : month - 9;
	ret->year = 400 * era + year + (ret->month <= 2);
	ret->weekday = (int)((days + THURSDAY) % 7);
}

void
calendar_of(int64_t seconds, struct calendar *ret)
{
	int rest;

	if (seconds < 0)
		seconds = 0;
	if (seconds > LAST_SECOND)
		seconds = LAST_SECOND;
	set_date(seconds / DAY, ret);
	rest = (int)(seconds % DAY);
	ret->hour = rest / 3600;
	ret->minute = rest / 60 % 60;
	ret->second = rest % 60;
}

void
calendar_stamp(int64_t seconds, char ret[CALENDAR_STAMP_SIZE])
{
	struct calendar c;

	calendar_of(seconds, &c);
	snprintf(ret, CALENDAR_STAMP_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u",
		(unsigned)c.year % 10000, (unsigned)c.month % 100, (unsigned)c.day % 100,
		(unsigned)c.hour % 100, (unsigned)c.minute % 100,
		(unsigned)c.second % 100);
}
