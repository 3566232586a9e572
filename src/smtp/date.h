// SPDX-License-Identifier: ISC
/*
 * Date and time as header fields have them (RFC 5322 section 3.3), in UTC.
 */
#ifndef SMTP_DATE_H
#define SMTP_DATE_H

#include <stdint.h>

enum { SMTP_DATE_SIZE = 64 };

/* Writes "Sun, 06 Nov 1994 08:49:37 +0000" for a number of seconds since 1970; of what is
 * out of range the nearest time, as base/calendar.h has it. */
void smtp_date_write(int64_t when, char ret[static SMTP_DATE_SIZE]);

#endif
