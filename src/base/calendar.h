// SPDX-License-Identifier: ISC
/*
 * Dates and times of day in UTC, computed here because the C library reads a time zone
 * file even for UTC: a cost for each process, and nothing that a confined one can do.
 */
#ifndef BASE_CALENDAR_H
#define BASE_CALENDAR_H

#include <stddef.h>
#include <stdint.h>

struct calendar {
	int year;    /* 1970 to 9999 */
	int month;   /* 1 to 12 */
	int day;     /* 1 to 31 */
	int weekday; /* 0 is Sunday */
	int hour, minute, second;
};

/* seconds since 1970; what lies before it or behind the year 9999 is the nearest time. */
void calendar_of(int64_t seconds, struct calendar *ret);

enum { CALENDAR_STAMP_SIZE = 24 };

/* "2001-02-03T04:05:06" of that time, without a zone behind it. */
void calendar_stamp(int64_t seconds, char ret[CALENDAR_STAMP_SIZE]);

/* "2001-02-03" of that time. */
void calendar_day(int64_t seconds, char ret[CALENDAR_STAMP_SIZE]);

/* The reverse, strictly; of "2001-02-03" alone, the day's first second. 0, or -EINVAL for
 * what is not of that form or in no calendar. */
int calendar_read(const char *text, size_t len, int64_t *ret);

#endif
