// SPDX-License-Identifier: ISC
/*
 * crl.pem made anew: lists that are signed here get new dates and a higher number, the
 * others stand there as they were found.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/calendar.h"
#include "base/cleanup.h"
#include "keys/lists.h"
#include "keys/make.h"
#include "keys/report.h"
#include "keys/set.h"

/* Its number and its dates are new; it ends with the CA at the latest. */
static int
make_list(const struct keys_options *o, const struct keys_ca *ca,
	const struct keys_signer *signer, const struct pki_crl *earlier,
	struct buffer *ret)
{
	struct keys_ca until = { .not_after = signer->not_after };
	struct keys_dates dates = keys_dates_of(
		o, KEYS_DAYS_LIST, &until, "the revocation list");
	struct pki_crl_order order = { .this_update = dates.from,
		.next_update = dates.until,
		.earlier = earlier,
		.more = signer->more,
		.n_more = signer->n_more };
	int r = pki_crl_make(&order, buffer_data(&signer->der), buffer_len(&signer->der),
		signer->key, ret);

	if (r < 0)
		return keys_fail(EX_SOFTWARE,
			"a revocation list of the CA of %s cannot be made: %s",
			ca->folder, strerror(-r));
	return 0;
}

static bool
is_ours(const struct keys_lists *lists, const struct pki_crl *crl)
{
	for (size_t i = 0; i < lists->n_signers; i++) {
		const struct buffer *der = &lists->signers[i].der;

		if (pki_crl_is_from(crl, buffer_data(der), buffer_len(der)))
			return true;
	}
	return false;
}

int
keys_lists_make(struct keys_lists *lists, struct buffer *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < lists->n_signers; i++)
		r = make_list(lists->options, lists->ca, &lists->signers[i],
			keys_lists_of(lists, i), ret);
	for (size_t i = 0; r == 0 && i < lists->found.n; i++) {
		if (is_ours(lists, &lists->found.lists[i]))
			continue;
		if (pki_crl_write(&lists->found.lists[i], ret) < 0)
			r = keys_fail(EX_OSERR, "no memory");
	}
	return r;
}

int
keys_lists_store(struct keys_lists *lists)
{
	CLEANUP(keys_set_clear) struct keys_set set = { 0 };
	struct buffer *text = NULL;
	int r = keys_set_add(&set, &text, "crl.pem");

	if (r == 0)
		r = keys_lists_make(lists, text);
	if (r == 0)
		r = keys_set_store(lists->folder, &set, true);
	return r;
}

int
keys_lists_begin(
	const struct keys_options *o, const struct keys_ca *ca, struct buffer *ret)
{
	struct keys_signer signer = { .key = ca->key, .not_after = ca->not_after };
	int r;

	if (buffer_append(&signer.der, buffer_data(&ca->chain.der[0]),
		    buffer_len(&ca->chain.der[0])) < 0)
		return keys_fail(EX_OSERR, "no memory");
	r = make_list(o, ca, &signer, NULL, ret);
	buffer_free(&signer.der);
	return r;
}
