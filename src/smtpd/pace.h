// SPDX-License-Identifier: ISC
/*
 * How long a peer may take, as arithmetic on a clock of milliseconds that the caller
 * reads. A deadline that moved with every byte would let a peer that trickles stay for
 * ever; one that does not move would end a long message on a slow line. So a byte is
 * worth the time that it takes at SMTPD_PACE_RATE, and no more: whoever keeps that up may
 * go on, and whoever does not is late in the end.
 */
#ifndef SMTPD_PACE_H
#define SMTPD_PACE_H

#include <stddef.h>
#include <stdint.h>

enum { SMTPD_PACE_RATE = 100 }; /* bytes a second */

/* The deadline once n bytes have come or gone at time now: later by what they are worth,
 * but never more than that many seconds from now. */
int64_t smtpd_pace_extend(int64_t deadline, int64_t now, unsigned seconds, size_t n);

/* When a reply may be sent that is held for delay milliseconds from the arrival of what
 * it answers, so that the time it took to find the answer does not show. Where that took
 * longer still, the next multiple of delay. */
int64_t smtpd_pace_hold(int64_t arrival, int64_t now, unsigned delay);

#endif
