// SPDX-License-Identifier: ISC
/*
 * Validity is the fifth element of TBSCertificate, behind a version that may be left out
 * (RFC 5280 section 4.1).
 */
#include "pki/validity.h"

#include "pki/der.h"

enum { SOON = 30 * 24 * 3600 };

int
pki_validity_read(const void *der, size_t len, struct pki_validity *ret)
{
	struct pki_der in = pki_der_of(der, len), element;
	struct pki_validity v;
	int r = pki_der_take(&in, PKI_DER_SEQUENCE, &in);

	if (r == 0)
		r = pki_der_take(&in, PKI_DER_SEQUENCE, &in);
	if (r == 0 && pki_der_is(&in, PKI_DER_CONTEXT_0))
		r = pki_der_take_any(&in, &element);
	if (r == 0)
		r = pki_der_take(&in, PKI_DER_INTEGER, &element);
	/* The algorithm, and the issuer. */
	for (int i = 0; r == 0 && i < 2; i++)
		r = pki_der_take(&in, PKI_DER_SEQUENCE, &element);
	if (r == 0)
		r = pki_der_take(&in, PKI_DER_SEQUENCE, &element);
	if (r == 0)
		r = pki_der_take_time(&element, &v.from);
	if (r == 0)
		r = pki_der_take_time(&element, &v.until);
	if (r == 0)
		*ret = v;
	return r;
}

bool
pki_validity_ends_soon(const struct pki_validity *v, int64_t now)
{
	int64_t left = v->until - now;

	return v->from <= now && left > 0 && left < SOON &&
	       left < (v->until - v->from) / 3;
}
