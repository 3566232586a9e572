// SPDX-License-Identifier: ISC
/*
 * The resident parent locks itself in, before it hears of any peer. Its handlers inherit
 * the walls and build narrower ones inside.
 */
#ifndef SMTPD_RESIDENT_WALLS_H
#define SMTPD_RESIDENT_WALLS_H

#include "smtpd/known.h"

/* program is what is executed anew one day; folders and files are those of k. Where the
 * walls stand already, from before such an execution, built is set, and they are only
 * watched. What the kernel lacks is logged. 0, or a negative errno where `sandbox`
 * forbids to go on. k stays for as long as the process does. */
int smtpd_resident_walls_raise(
	const struct smtpd_known *k, const char *program, bool built);

#endif
