// SPDX-License-Identifier: ISC
/*
 * Two sums. They own nothing and cannot fail.
 */
#include "smtpd/pace.h"

int64_t
smtpd_pace_extend(int64_t deadline, int64_t now, unsigned seconds, size_t n)
{
	int64_t latest = now + (int64_t)seconds * 1000;
	size_t worth = n / SMTPD_PACE_RATE * 1000 +
		       n % SMTPD_PACE_RATE * (1000 / SMTPD_PACE_RATE);

	if (deadline > latest || worth > (size_t)(latest - deadline))
		return latest;
	return deadline + (int64_t)worth;
}

int64_t
smtpd_pace_hold(int64_t arrival, int64_t now, unsigned delay)
{
	int64_t spent = now > arrival ? now - arrival : 0;

	return arrival + (spent / delay + 1) * delay;
}
