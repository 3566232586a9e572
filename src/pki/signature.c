// SPDX-License-Identifier: ISC
/*
 * Signatures of certificates and lists: both are a sequence of what is signed, the
 * algorithm, and the signature (RFC 5280 sections 4.1 and 5.1). Whatever cannot be read
 * is not signed.
 */
#include "pki/signature.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>

int
pki_signature_parts(struct pki_der whole, struct pki_signed *ret)
{
	struct pki_der data = { 0 }, algorithm = { 0 }, bits = { 0 };
	int r = pki_der_take(&whole, PKI_DER_SEQUENCE, &whole);

	if (r == 0)
		r = pki_der_take_any(&whole, &data);
	if (r == 0)
		r = pki_der_take_any(&whole, &algorithm);
	if (r == 0)
		r = pki_der_take(&whole, PKI_DER_BITS, &bits);
	/* No bit of the last byte is unused. */
	if (r < 0 || bits.len < 2 || bits.at[0] != 0)
		return -EBADMSG;
	ret->data = data;
	ret->signature = pki_der_of(bits.at + 1, bits.len - 1);
	return 0;
}

bool
pki_signature_is_by(struct pki_der whole, int algorithm, gnutls_x509_crt_t issuer)
{
	struct pki_signed parts;
	gnutls_datum_t data, signature;
	gnutls_pubkey_t key;
	bool is_by;

	if (algorithm <= GNUTLS_SIGN_UNKNOWN || pki_signature_parts(whole, &parts) < 0 ||
		gnutls_pubkey_init(&key) < 0)
		return false;
	data = (gnutls_datum_t){ (unsigned char *)parts.data.at,
		(unsigned)parts.data.len };
	signature = (gnutls_datum_t){ (unsigned char *)parts.signature.at,
		(unsigned)parts.signature.len };
	is_by = gnutls_pubkey_import_x509(key, issuer, 0) >= 0 &&
		gnutls_pubkey_verify_data2(key, (gnutls_sign_algorithm_t)algorithm, 0,
			&data, &signature) >= 0;
	gnutls_pubkey_deinit(key);
	return is_by;
}
