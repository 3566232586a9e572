// SPDX-License-Identifier: ISC
/*
 * Revocation lists as DER. Whatever is read as a list has entries that are found again,
 * in the order of their serial numbers, and all of it lies inside the input's copy.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pki/crl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
check_inside(const struct pki_crl *crl, struct pki_der part)
{
	const uint8_t *begin = (const uint8_t *)buffer_data(&crl->der);

	require(part.len == 0 ||
		(part.at >= begin &&
			part.at + part.len <= begin + buffer_len(&crl->der)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(pki_crl_clear) struct pki_crl crl = { 0 };
	CLEANUP(pki_crls_clear) struct pki_crls crls = { 0 };

	pki_crls_read(data, size, &crls);
	if (pki_crl_read(data, size, &crl) < 0)
		return 0;
	check_inside(&crl, crl.issuer);
	check_inside(&crl, crl.revoked);
	check_inside(&crl, crl.head);
	check_inside(&crl, crl.tail);
	check_inside(&crl, crl.algorithm);
	require(crl.number_len <= sizeof(crl.number));
	for (size_t i = 0; i < crl.n_entries; i++) {
		struct pki_der serial = crl.entries[i].serial;
		const struct pki_crl_entry *found = pki_crl_find(
			&crl, serial.at, serial.len);

		check_inside(&crl, serial);
		require(found && pki_der_equal(found->serial, serial));
		require(i == 0 || crl.entries[i - 1].serial.len <= serial.len);
	}
	return 0;
}
