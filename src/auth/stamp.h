// SPDX-License-Identifier: ISC
/*
 * Times as the store's lines have them: 2001-02-03T04:05:06Z.
 */
#ifndef AUTH_STAMP_H
#define AUTH_STAMP_H

#include <stdint.h>

#include "base/calendar.h"

enum { AUTH_STAMP_SIZE = CALENDAR_STAMP_SIZE + 1 };

/* seconds since 1970, from 0 to the end of the year 9999; reads no time zone. */
void auth_stamp(int64_t seconds, char ret[AUTH_STAMP_SIZE]);

void auth_stamp_now(char ret[AUTH_STAMP_SIZE]);

#endif
