// SPDX-License-Identifier: ISC
/*
 * Owns the store for as long as it is listed. Faults are named on standard error.
 */
#include "ctl/listing.h"

#include <stdio.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "ctl/report.h"

int
ctl_list_store(const struct config *config, bool json, auth_store_each_fn each,
	void *context, const size_t *n)
{
	CLEANUP(auth_store_cleanup) struct auth_store *s = NULL;
	int r = auth_store_open(config->users, &s);

	if (r < 0)
		return ctl_store_fail(config, r);
	if (json)
		fputs("[", stdout);
	r = auth_store_each(s, each, context);
	if (r < 0)
		return ctl_store_fail(config, r);
	if (json)
		fputs(*n > 0 ? "\n]\n" : "]\n", stdout);
	return EX_OK;
}
