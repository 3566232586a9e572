// SPDX-License-Identifier: ISC
/*
 * The calendar's date and time, with the zone behind it. No faults.
 */
#include "auth/stamp.h"

#include <stdio.h>
#include <time.h>

void
auth_stamp(int64_t seconds, char ret[AUTH_STAMP_SIZE])
{
	char stamp[CALENDAR_STAMP_SIZE];

	calendar_stamp(seconds, stamp);
	snprintf(ret, AUTH_STAMP_SIZE, "%sZ", stamp);
}

void
auth_stamp_now(char ret[AUTH_STAMP_SIZE])
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	auth_stamp(now.tv_sec, ret);
}
