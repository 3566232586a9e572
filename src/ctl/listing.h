// SPDX-License-Identifier: ISC
/*
 * A list of lines of the store on standard output; with --json, an array.
 */
#ifndef CTL_LISTING_H
#define CTL_LISTING_H

#include "auth/store.h"
#include "config/config.h"

/* Calls each with every line of the store. *n is how many of them it has listed so far,
 * and tells at the end whether there were any. The exit status. */
int ctl_list_store(const struct config *config, bool json, auth_store_each_fn each,
	void *context, const size_t *n);

#endif
