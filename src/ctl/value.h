// SPDX-License-Identifier: ISC
/*
 * Values of options that are times. Each is read strictly: 0, or -EINVAL.
 */
#ifndef CTL_VALUE_H
#define CTL_VALUE_H

#include <stdint.h>

/* "90s", "15m", "24h" or "7d" as seconds, from 1 second to 10 years. */
int ctl_value_span(const char *text, int64_t *ret);

/* "2030-01-31", which is the end of that day in UTC, or "2030-01-31T12:00:00Z", in
 * seconds since 1970. */
int ctl_value_date(const char *text, int64_t *ret);

#endif
