// SPDX-License-Identifier: ISC
/*
 * Times as the store's lines have them: 2001-02-03T04:05:06Z.
 */
#ifndef AUTH_STAMP_H
#define AUTH_STAMP_H

#include <stddef.h>
#include <stdint.h>

#include "base/calendar.h"

enum { AUTH_STAMP_SIZE = CALENDAR_STAMP_SIZE + 1 };

/* seconds since 1970, from 0 to the end of the year 9999; reads no time zone. */
void auth_stamp(int64_t seconds, char ret[AUTH_STAMP_SIZE]);

void auth_stamp_now(char ret[AUTH_STAMP_SIZE]);

/* The reverse of auth_stamp: 0, or -EINVAL for what is no such time. */
int auth_stamp_read(const char *text, size_t len, int64_t *ret);

/* Seconds since 1970, by the clock that certificates are judged by. */
int64_t auth_now(void);

#endif
