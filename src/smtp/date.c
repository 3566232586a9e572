// SPDX-License-Identifier: ISC
/*
 * The words of a date. Owns nothing; there are no faults.
 */
#include "smtp/date.h"

#include <stdio.h>

#include "base/calendar.h"

void
smtp_date_write(int64_t when, char ret[static SMTP_DATE_SIZE])
{
	static const char DAYS[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri",
		"Sat" };
	static const char MONTHS[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
		"Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct calendar c;

	calendar_of(when, &c);
	snprintf(ret, SMTP_DATE_SIZE, "%s, %02d %s %04d %02d:%02d:%02d +0000",
		DAYS[c.weekday], c.day, MONTHS[c.month - 1], c.year, c.hour, c.minute,
		c.second);
}
