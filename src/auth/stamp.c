// SPDX-License-Identifier: ISC
/*
 * Times in UTC, computed here because the C library reads a time zone file even for UTC,
 * which a confined process cannot. No faults: what is out of range is the nearest time.
 */
#include "auth/stamp.h"

#include <stdio.h>
#include <time.h>

enum { DAY = 86400, DAYS_OF_400_YEARS = 146097, DAYS_FROM_MARCH_0000 = 719468 };

static const int64_t LAST_SECOND = 253402300799;

/* Days since 1970 as a date of the Gregorian calendar. Years begin in March here, so that
 * a leap day is the last of its year. */
static void
date_of_days(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
	int64_t since = days + DAYS_FROM_MARCH_0000;
	int era = (int)(since / DAYS_OF_400_YEARS);
	int left = (int)(since % DAYS_OF_400_YEARS);
	int year = (left - left / 1460 + left / 36524 - left / 146096) / 365;
	int day = left - (365 * year + year / 4 - year / 100);
	int month = (5 * day + 2) / 153; /* 0 is March */

	*ret_day = day - (153 * month + 2) / 5 + 1;
	*ret_month = month < 10 ? month + 3 : month - 9;
	*ret_year = 400 * era + year + (*ret_month <= 2);
}

void
auth_stamp(int64_t seconds, char ret[AUTH_STAMP_SIZE])
{
	int year, month, day, rest;

	if (seconds < 0)
		seconds = 0;
	if (seconds > LAST_SECOND)
		seconds = LAST_SECOND;
	date_of_days(seconds / DAY, &year, &month, &day);
	rest = (int)(seconds % DAY);
	snprintf(ret, AUTH_STAMP_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ",
		(unsigned)year % 10000, (unsigned)month % 100, (unsigned)day % 100,
		(unsigned)rest / 3600 % 100, (unsigned)rest / 60 % 60,
		(unsigned)rest % 60);
}

void
auth_stamp_now(char ret[AUTH_STAMP_SIZE])
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	auth_stamp(now.tv_sec, ret);
}
