// SPDX-License-Identifier: ISC
/*
 * What certificates have in common however they come about. Serial numbers are 16 random
 * bytes; keys sign with the digest that GnuTLS holds fit for them. Nothing is kept.
 */
#include "pki/make_parts.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <string.h>

#include "base/cleanup.h"
#include "pki/der.h"
#include "pki/digest.h"
#include "pki/handle.h"
#include "pki/identity.h"

enum { SERIAL_SIZE = 16, KEY_ID = 0x80 /* [0] of AuthorityKeyIdentifier */ };

int
pki_make_fault(int gnutls_error)
{
	if (gnutls_error >= 0)
		return 0;
	return gnutls_error == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EIO;
}

int
pki_signer_of(const struct pki_key *key, gnutls_privkey_t *ret)
{
	CLEANUP(pki_signer_free) gnutls_privkey_t signer = NULL;
	int r = gnutls_privkey_init(&signer);

	if (r == 0)
		r = gnutls_privkey_import_x509(signer, pki_key_handle(key), 0);
	if (r == 0)
		*ret = TAKE_PTR(signer);
	return pki_make_fault(r);
}

void
pki_signer_free(gnutls_privkey_t *signer)
{
	if (*signer)
		gnutls_privkey_deinit(*signer);
	*signer = NULL;
}

int
pki_make_set_serial(gnutls_x509_crt_t crt)
{
	uint8_t serial[SERIAL_SIZE];
	int r = pki_random(serial, sizeof(serial));

	if (r < 0)
		return r;
	serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40);
	return pki_make_fault(gnutls_x509_crt_set_serial(crt, serial, sizeof(serial)));
}

/* One that is there is replaced. */
static int
set_extension(gnutls_x509_crt_t crt, const char *oid, const struct buffer *der)
{
	return pki_make_fault(gnutls_x509_crt_set_extension_by_oid(
		crt, oid, buffer_data(der), buffer_len(der), 0));
}

int
pki_make_set_key_id(gnutls_x509_crt_t crt)
{
	CLEANUP(buffer_free) struct buffer der = { 0 };
	uint8_t id[PKI_PIN_SIZE];
	size_t size = sizeof(id);
	int r = gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA1, id, &size);

	if (r < 0)
		return pki_make_fault(r);
	r = pki_der_put(&der, PKI_DER_OCTETS, id, size);
	return r < 0 ? r : set_extension(crt, GNUTLS_X509EXT_OID_SUBJECT_KEY_ID, &der);
}

int
pki_make_check_issuer(gnutls_x509_crt_t issuer, const struct pki_key *key)
{
	uint8_t of_crt[PKI_PIN_SIZE];
	uint8_t of_key[PKI_PIN_SIZE];
	size_t size = sizeof(of_crt);
	int r;

	if (gnutls_x509_crt_get_ca_status(issuer, NULL) <= 0)
		return -EBADMSG;
	r = gnutls_x509_crt_get_key_id(issuer, GNUTLS_KEYID_USE_SHA256, of_crt, &size);
	if (r < 0)
		return pki_parse_fault(r);
	r = pki_key_pin(key, of_key);
	if (r < 0)
		return r;
	return memcmp(of_crt, of_key, sizeof(of_key)) == 0 ? 0 : -EKEYREJECTED;
}

static int
set_issuer_key_id(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer)
{
	CLEANUP(buffer_free) struct buffer der = { 0 };
	uint8_t id[64];
	size_t size = sizeof(id);
	int r = gnutls_x509_crt_get_subject_key_id(issuer, id, &size, NULL);

	if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return 0;
	if (r < 0)
		return pki_parse_fault(r);
	r = pki_der_put(&der, KEY_ID, id, size);
	if (r == 0)
		r = pki_der_wrap(&der, PKI_DER_SEQUENCE);
	return r < 0 ? r : set_extension(crt, GNUTLS_X509EXT_OID_AUTHORITY_KEY_ID, &der);
}

/* What an issuer signs does not outlive it. */
static int
obey_issuer(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer)
{
	time_t until = gnutls_x509_crt_get_expiration_time(issuer);
	int r = 0;

	if (until < gnutls_x509_crt_get_expiration_time(crt))
		r = pki_make_fault(gnutls_x509_crt_set_expiration_time(crt, until));
	return r < 0 ? r : set_issuer_key_id(crt, issuer);
}

static int
sign(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer, const struct pki_key *key)
{
	CLEANUP(pki_signer_free) gnutls_privkey_t signer = NULL;
	int r = pki_signer_of(key, &signer);

	if (r < 0)
		return r;
	/* Of no digest GnuTLS chooses the one that suits the key. */
	return pki_make_fault(
		gnutls_x509_crt_privkey_sign(crt, issuer, signer, GNUTLS_DIG_UNKNOWN, 0));
}

int
pki_make_sign(gnutls_x509_crt_t crt, const struct pki_key *key, gnutls_x509_crt_t issuer,
	const struct pki_key *issuer_key)
{
	int r = 0;

	if (issuer) {
		r = pki_make_check_issuer(issuer, issuer_key);
		if (r == 0)
			r = obey_issuer(crt, issuer);
	}
	return r < 0 ? r : sign(crt, issuer ? issuer : crt, issuer ? issuer_key : key);
}

static int
sign_data(const struct buffer *data, int algorithm, const struct pki_key *key,
	gnutls_datum_t *ret)
{
	CLEANUP(pki_signer_free) gnutls_privkey_t signer = NULL;
	gnutls_datum_t datum = { (unsigned char *)buffer_data(data),
		(unsigned)buffer_len(data) };
	int r = pki_signer_of(key, &signer);

	if (r < 0 || algorithm <= GNUTLS_SIGN_UNKNOWN)
		return r < 0 ? r : -EIO;
	return pki_make_fault(gnutls_privkey_sign_data2(
		signer, (gnutls_sign_algorithm_t)algorithm, 0, &datum, ret));
}

int
pki_make_signed(const struct buffer *data, struct pki_der algorithm_der, int algorithm,
	const struct pki_key *key, struct buffer *ret)
{
	CLEANUP(buffer_free) struct buffer whole = { 0 };
	CLEANUP(buffer_free) struct buffer bits = { 0 };
	gnutls_datum_t signature = { NULL, 0 };
	int r = sign_data(data, algorithm, key, &signature);

	if (r < 0)
		return r;
	r = buffer_append(&bits, "", 1); /* no bit of the last byte is unused */
	if (r == 0)
		r = buffer_append(&bits, signature.data, signature.size);
	gnutls_free(signature.data);
	if (r == 0)
		r = buffer_append(&whole, buffer_data(data), buffer_len(data));
	if (r == 0)
		r = buffer_append(&whole, algorithm_der.at, algorithm_der.len);
	if (r == 0)
		r = pki_der_put(
			&whole, PKI_DER_BITS, buffer_data(&bits), buffer_len(&bits));
	return r < 0 ? r
		     : pki_der_put(ret, PKI_DER_SEQUENCE, buffer_data(&whole),
			       buffer_len(&whole));
}
