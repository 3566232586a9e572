// SPDX-License-Identifier: ISC
/*
 * Two structures, one in the other: PrivateKeyInfo (RFC 5958 section 2), and in its
 * octets ECPrivateKey (RFC 5915 section 3). What stands around the number is kept byte
 * for byte. Buffers that held it are wiped.
 */
#include "pki/scalar.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "pki/der.h"

enum { SIZE_MAX_BYTES = 66 }; /* P-521 */

/* The number in size bytes. */
static int
resize(struct pki_der number, size_t size, struct buffer *ret)
{
	static const uint8_t ZEROS[SIZE_MAX_BYTES];
	int r = 0;

	while (number.len > size && *number.at == 0) {
		number.at++;
		number.len--;
	}
	if (number.len > size || number.len == 0)
		return -EBADMSG;
	if (number.len < size)
		r = buffer_append(ret, ZEROS, size - number.len);
	return r == 0 ? buffer_append(ret, number.at, number.len) : r;
}

/* Of ECPrivateKey; 0 with an empty *ret where nothing is to be changed. */
static int
fit_inner(struct pki_der in, size_t size, struct buffer *ret)
{
	CLEANUP(buffer_wipe) struct buffer fitted = { 0 };
	struct pki_der version, number = { 0 };
	int r = pki_der_take(&in, PKI_DER_SEQUENCE, &in);

	if (r == 0)
		r = pki_der_take_any(&in, &version);
	if (r == 0)
		r = pki_der_take(&in, PKI_DER_OCTETS, &number);
	if (r < 0 || number.len == size)
		return r;
	r = resize(number, size, &fitted);
	if (r == 0)
		r = buffer_append(ret, version.at, version.len);
	if (r == 0)
		r = pki_der_put(ret, PKI_DER_OCTETS, buffer_data(&fitted), size);
	if (r == 0)
		r = buffer_append(ret, in.at, in.len);
	return r == 0 ? pki_der_wrap(ret, PKI_DER_SEQUENCE) : r;
}

int
pki_scalar_fit(const void *der, size_t len, size_t size, struct buffer *ret)
{
	CLEANUP(buffer_wipe) struct buffer inner = { 0 };
	struct pki_der in = pki_der_of(der, len), version, algorithm, octets;
	int r = size == 0 || size > SIZE_MAX_BYTES
			? -EBADMSG
			: pki_der_take(&in, PKI_DER_SEQUENCE, &in);

	if (r == 0)
		r = pki_der_take_any(&in, &version);
	if (r == 0)
		r = pki_der_take_any(&in, &algorithm);
	if (r == 0)
		r = pki_der_take(&in, PKI_DER_OCTETS, &octets);
	if (r == 0)
		r = fit_inner(octets, size, &inner);
	if (r < 0 || buffer_len(&inner) == 0)
		return r;
	r = buffer_append(ret, version.at, version.len);
	if (r == 0)
		r = buffer_append(ret, algorithm.at, algorithm.len);
	if (r == 0)
		r = pki_der_put(
			ret, PKI_DER_OCTETS, buffer_data(&inner), buffer_len(&inner));
	if (r == 0)
		r = buffer_append(ret, in.at, in.len);
	if (r == 0)
		r = pki_der_wrap(ret, PKI_DER_SEQUENCE);
	return r < 0 ? r : 1;
}
