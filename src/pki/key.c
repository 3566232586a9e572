// SPDX-License-Identifier: ISC
/*
 * Private keys: made, read from PEM, written as PEM. Whoever holds a struct pki_key ends
 * it; GnuTLS overwrites the secret parts then. Text that held a key is overwritten here
 * before it is freed. Faults: -EBADMSG for what is no key, -ENOMEM, -EIO.
 */
#include <errno.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pki/handle.h"
#include "pki/identity.h"
#include "pki/make.h"
#include "pki/scalar.h"

struct pki_key {
	gnutls_x509_privkey_t handle;
};

static const struct {
	gnutls_pk_algorithm_t algorithm;
	unsigned bits; /* or a curve */
} key_types[] = {
	[PKI_KEY_P256] = { GNUTLS_PK_ECDSA,
		GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1) },
	[PKI_KEY_ED25519] = { GNUTLS_PK_EDDSA_ED25519,
		GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519) },
	[PKI_KEY_RSA3072] = { GNUTLS_PK_RSA, 3072 },
};

gnutls_x509_privkey_t
pki_key_handle(const struct pki_key *key)
{
	return key->handle;
}

void
pki_key_free(struct pki_key **key)
{
	if (!*key)
		return;
	if ((*key)->handle)
		gnutls_x509_privkey_deinit((*key)->handle);
	free(*key);
	*key = NULL;
}

static int
key_begin(struct pki_key **ret)
{
	CLEANUP(pki_key_free) struct pki_key *key = calloc(1, sizeof(*key));

	if (!key || gnutls_x509_privkey_init(&key->handle) < 0)
		return -ENOMEM;
	*ret = TAKE_PTR(key);
	return 0;
}

static int export(
	const struct pki_key *key, gnutls_x509_crt_fmt_t format, struct buffer *ret)
{
	gnutls_datum_t data = { NULL, 0 };
	int r;

	r = gnutls_x509_privkey_export2_pkcs8(
		key->handle, format, NULL, GNUTLS_PKCS_PLAIN, &data);
	if (r < 0)
		return r == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EIO;
	r = buffer_append(ret, data.data, data.size);
	explicit_bzero(data.data, data.size);
	gnutls_free(data.data);
	return r;
}

/* Reads again what pki_scalar_fit has written: the library exports a key as it came. */
static int
replace(struct pki_key *key, const struct buffer *der)
{
	gnutls_datum_t datum = { (unsigned char *)buffer_data(der),
		(unsigned)buffer_len(der) };
	gnutls_x509_privkey_t handle;
	int r;

	if (gnutls_x509_privkey_init(&handle) < 0)
		return -ENOMEM;
	r = gnutls_x509_privkey_import2(
		handle, &datum, GNUTLS_X509_FMT_DER, NULL, GNUTLS_PKCS_PLAIN);
	if (r < 0) {
		gnutls_x509_privkey_deinit(handle);
		return pki_parse_fault(r);
	}
	gnutls_x509_privkey_deinit(key->handle);
	key->handle = handle;
	return 0;
}

/* Has the key written as RFC 5915 wants it, by whomever it is written from now on. */
static int
fit(struct pki_key *key)
{
	CLEANUP(buffer_wipe) struct buffer der = { 0 }, fitted = { 0 };
	unsigned bits = 0;
	int r;

	if (gnutls_x509_privkey_get_pk_algorithm2(key->handle, &bits) != GNUTLS_PK_ECDSA)
		return 0;
	r = export(key, GNUTLS_X509_FMT_DER, &der);
	if (r == 0)
		r = pki_scalar_fit(
			buffer_data(&der), buffer_len(&der), (bits + 7) / 8, &fitted);
	return r > 0 ? replace(key, &fitted) : r;
}

int
pki_key_make(enum pki_key_type type, struct pki_key **ret)
{
	CLEANUP(pki_key_free) struct pki_key *key = NULL;
	int r;

	if ((size_t)type >= sizeof(key_types) / sizeof(key_types[0]))
		return -EINVAL;
	r = key_begin(&key);
	if (r < 0)
		return r;
	r = gnutls_x509_privkey_generate(
		key->handle, key_types[type].algorithm, key_types[type].bits, 0);
	if (r < 0)
		return r == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EIO;
	r = fit(key);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(key);
	return 0;
}

static int
read_any(const void *data, size_t len, gnutls_x509_crt_fmt_t format, struct pki_key **ret)
{
	CLEANUP(pki_key_free) struct pki_key *key = NULL;
	gnutls_datum_t datum = { (unsigned char *)data, (unsigned)len };
	int r;

	if (len == 0 || len > PKI_CERTIFICATE_MAX)
		return -EBADMSG;
	r = key_begin(&key);
	if (r < 0)
		return r;
	r = gnutls_x509_privkey_import2(
		key->handle, &datum, format, NULL, GNUTLS_PKCS_PLAIN);
	if (r < 0)
		return pki_parse_fault(r);
	r = fit(key);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(key);
	return 0;
}

int
pki_key_read(const void *pem, size_t len, struct pki_key **ret)
{
	return read_any(pem, len, GNUTLS_X509_FMT_PEM, ret);
}

int
pki_key_read_der(const void *der, size_t len, struct pki_key **ret)
{
	return read_any(der, len, GNUTLS_X509_FMT_DER, ret);
}

int
pki_key_write(const struct pki_key *key, struct buffer *ret)
{
	return export(key, GNUTLS_X509_FMT_PEM, ret);
}

int
pki_key_write_der(const struct pki_key *key, struct buffer *ret)
{
	return export(key, GNUTLS_X509_FMT_DER, ret);
}

int
pki_key_pin(const struct pki_key *key, uint8_t ret[PKI_PIN_SIZE])
{
	size_t size = PKI_PIN_SIZE;
	int r = gnutls_x509_privkey_get_key_id(
		key->handle, GNUTLS_KEYID_USE_SHA256, ret, &size);

	return r < 0 || size != PKI_PIN_SIZE ? -EIO : 0;
}
