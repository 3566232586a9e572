// SPDX-License-Identifier: ISC
/*
 * Years begin in March here, so that a leap day is the last of its year. Faults: -EINVAL
 * for text that is no date.
 */
#include "base/calendar.h"

#include <errno.h>
#include <stdbool.h>
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

void
calendar_day(int64_t seconds, char ret[CALENDAR_STAMP_SIZE])
{
	calendar_stamp(seconds, ret);
	ret[sizeof("2001-02-03") - 1] = '\0';
}

static int64_t
days_of(int year, int month, int day)
{
	int64_t y = month > 2 ? year : year - 1;
	int m = month > 2 ? month - 3 : month + 9;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 -
	       DAYS_FROM_MARCH_0000;
}

/* Numbers of two digits in the places of "0" in form, all else as it stands there. */
static bool
read_pairs(const char *text, size_t len, const char *form, int *ret)
{
	for (size_t i = 0; i < len; i++) {
		if (form[i] != '0') {
			if (text[i] != form[i])
				return false;
			continue;
		}
		if (text[i] < '0' || text[i] > '9' || text[i + 1] < '0' ||
			text[i + 1] > '9')
			return false;
		*ret++ = 10 * (text[i] - '0') + text[i + 1] - '0';
		i++;
	}
	return true;
}

int
calendar_read(const char *text, size_t len, int64_t *ret)
{
	static const char form[] = "0000-00-00T00:00:00";
	enum { DATE = 10, YEAR_FIRST = 1970 };
	int n[7] = { 0 };
	struct calendar c;
	int64_t at;

	if ((len != DATE && len != sizeof(form) - 1) || !read_pairs(text, len, form, n))
		return -EINVAL;
	n[1] += 100 * n[0];
	if (n[1] < YEAR_FIRST || n[2] < 1 || n[2] > 12 || n[3] < 1 || n[4] > 23 ||
		n[5] > 59 || n[6] > 59)
		return -EINVAL;
	at = days_of(n[1], n[2], n[3]) * DAY + n[4] * 3600 + n[5] * 60 + n[6];
	/* A day that the month does not have is one of the next month. */
	calendar_of(at, &c);
	if (c.month != n[2] || c.day != n[3])
		return -EINVAL;
	*ret = at;
	return 0;
}
