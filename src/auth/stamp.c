// SPDX-License-Identifier: ISC
/*
 * The calendar's date and time, with the zone behind it. Faults: -EINVAL for text that is
 * none.
 */
#include "auth/stamp.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

void
auth_stamp(int64_t seconds, char ret[AUTH_STAMP_SIZE])
{
	char stamp[CALENDAR_STAMP_SIZE];

	calendar_stamp(seconds, stamp);
	snprintf(ret, AUTH_STAMP_SIZE, "%sZ", stamp);
}

int64_t
auth_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

void
auth_stamp_now(char ret[AUTH_STAMP_SIZE])
{
	auth_stamp(auth_now(), ret);
}

int
auth_stamp_read(const char *text, size_t len, int64_t *ret)
{
	enum { LEN = 20 }; /* a date alone is no time */

	if (len != LEN || text[LEN - 1] != 'Z')
		return -EINVAL;
	return calendar_read(text, LEN - 1, ret);
}
