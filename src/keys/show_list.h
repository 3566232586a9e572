// SPDX-License-Identifier: ISC
/*
 * A revocation list in words, on standard output.
 */
#ifndef KEYS_SHOW_LIST_H
#define KEYS_SHOW_LIST_H

#include "keys/options.h"
#include "pki/crl.h"

/* The list with that index of a file; first is whether nothing of the file was shown
 * before. 0, or an exit status once the fault has been named. */
int keys_show_list(
	const struct keys_options *o, const struct pki_crl *list, size_t i, bool first);

#endif
