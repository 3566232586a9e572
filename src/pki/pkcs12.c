// SPDX-License-Identifier: ISC
/*
 * PKCS #12 by GnuTLS. What it takes as parameters of the encryption depends on its
 * version, so they are read back and compared before anything leaves. The library keeps
 * copies of the passphrase in memory of its own. Faults: see pkcs12.h.
 */
#include "pki/pkcs12.h"

#include <errno.h>
#include <gnutls/pkcs12.h>
#include <gnutls/x509.h>
#include <string.h>

#include "base/cleanup.h"
#include "pki/handle.h"
#include "pki/identity.h"
#include "pki/make_parts.h"

/* Below that a passphrase that somebody has thought of is guessed too soon. */
enum { ROUNDS_MIN = 100000 };

static void
pkcs12_free(gnutls_pkcs12_t *file)
{
	if (*file)
		gnutls_pkcs12_deinit(*file);
}

static void
bag_free(gnutls_pkcs12_bag_t *bag)
{
	if (*bag)
		gnutls_pkcs12_bag_deinit(*bag);
}

static void
datum_wipe(gnutls_datum_t *datum)
{
	if (datum->data)
		explicit_bzero(datum->data, datum->size);
	gnutls_free(datum->data);
}

static unsigned
flags_of(const struct pki_pkcs12 *order)
{
	return order->legacy ? GNUTLS_PKCS_PKCS12_3DES : GNUTLS_PKCS_PBES2_AES_256;
}

static int
check_scheme(const struct pki_pkcs12 *order, unsigned schema, unsigned rounds)
{
	return schema == flags_of(order) && (order->legacy || rounds >= ROUNDS_MIN)
		       ? 0
		       : -EIO;
}

/* The key belongs to the certificate that has the same id; that is what stores go by. */
static int
name_element(gnutls_pkcs12_bag_t bag, int i, const struct pki_pkcs12 *order)
{
	uint8_t pin[PKI_PIN_SIZE];
	gnutls_datum_t id = { pin, sizeof(pin) };
	int r = pki_key_pin(order->key, pin);

	if (r < 0)
		return r;
	r = gnutls_pkcs12_bag_set_key_id(bag, (unsigned)i, &id);
	if (r == 0)
		r = gnutls_pkcs12_bag_set_friendly_name(bag, (unsigned)i, order->name);
	return pki_make_fault(r);
}

static int
check_key(const struct pki_pkcs12 *order, const gnutls_datum_t *der)
{
	unsigned schema = 0;
	unsigned rounds = 0;

	if (gnutls_pkcs8_info(der, GNUTLS_X509_FMT_DER, &schema, NULL, NULL, NULL,
		    &rounds, NULL) < 0)
		return -EIO;
	return check_scheme(order, schema, rounds);
}

static int
add_key(gnutls_pkcs12_t file, const struct pki_pkcs12 *order)
{
	CLEANUP(bag_free) gnutls_pkcs12_bag_t bag = NULL;
	CLEANUP(datum_wipe) gnutls_datum_t der = { NULL, 0 };
	int r = gnutls_x509_privkey_export2_pkcs8(pki_key_handle(order->key),
		GNUTLS_X509_FMT_DER, order->passphrase, flags_of(order), &der);
	int i;

	if (r == GNUTLS_E_INVALID_UTF8_STRING || r == GNUTLS_E_INVALID_PASSWORD_STRING)
		return -EINVAL;
	if (r < 0)
		return pki_make_fault(r);
	r = check_key(order, &der);
	if (r < 0)
		return r;
	if (gnutls_pkcs12_bag_init(&bag) < 0)
		return -ENOMEM;
	i = gnutls_pkcs12_bag_set_data(bag, GNUTLS_BAG_PKCS8_ENCRYPTED_KEY, &der);
	if (i < 0)
		return pki_make_fault(i);
	r = name_element(bag, i, order);
	return r < 0 ? r : pki_make_fault(gnutls_pkcs12_set_bag(file, bag));
}

static int
add_certificate(gnutls_pkcs12_bag_t bag, const struct buffer *der, int *ret_place)
{
	CLEANUP(pki_crt_free) gnutls_x509_crt_t crt = NULL;
	int r = pki_crt_read(buffer_data(der), buffer_len(der), &crt);

	if (r < 0)
		return r;
	*ret_place = gnutls_pkcs12_bag_set_crt(bag, crt);
	return pki_make_fault(*ret_place);
}

/* One that stands in the chain already is not needed twice. */
static bool
is_in_chain(const struct pki_chain *chain, const struct buffer *der)
{
	for (size_t i = 0; i < chain->n; i++) {
		if (buffer_len(&chain->der[i]) == buffer_len(der) &&
			memcmp(buffer_data(&chain->der[i]), buffer_data(der),
				buffer_len(der)) == 0)
			return true;
	}
	return false;
}

static int
fill_certificates(gnutls_pkcs12_bag_t bag, const struct pki_pkcs12 *order)
{
	int place;
	int r = 0;

	for (size_t i = 0; r == 0 && i < order->chain->n; i++) {
		r = add_certificate(bag, &order->chain->der[i], &place);
		if (r == 0 && i == 0)
			r = name_element(bag, place, order);
	}
	for (size_t i = 0; r == 0 && i < order->roots->n; i++) {
		if (!is_in_chain(order->chain, &order->roots->der[i]))
			r = add_certificate(bag, &order->roots->der[i], &place);
	}
	return r;
}

static int
check_bag(gnutls_pkcs12_bag_t bag, const struct pki_pkcs12 *order)
{
	unsigned schema = 0;
	unsigned rounds = 0;

	if (gnutls_pkcs12_bag_enc_info(bag, &schema, NULL, NULL, NULL, &rounds, NULL) < 0)
		return -EIO;
	return check_scheme(order, schema, rounds);
}

static int
add_certificates(gnutls_pkcs12_t file, const struct pki_pkcs12 *order)
{
	CLEANUP(bag_free) gnutls_pkcs12_bag_t bag = NULL;
	int r;

	if (gnutls_pkcs12_bag_init(&bag) < 0)
		return -ENOMEM;
	r = fill_certificates(bag, order);
	if (r == 0)
		r = pki_make_fault(gnutls_pkcs12_bag_encrypt(
			bag, order->passphrase, flags_of(order)));
	if (r == 0)
		r = check_bag(bag, order);
	return r < 0 ? r : pki_make_fault(gnutls_pkcs12_set_bag(file, bag));
}

static int
write_file(gnutls_pkcs12_t file, const struct pki_pkcs12 *order, struct buffer *ret)
{
	CLEANUP(datum_wipe) gnutls_datum_t der = { NULL, 0 };
	int r = gnutls_pkcs12_generate_mac2(file,
		order->legacy ? GNUTLS_MAC_SHA1 : GNUTLS_MAC_SHA256, order->passphrase);

	if (r == 0)
		r = gnutls_pkcs12_export2(file, GNUTLS_X509_FMT_DER, &der);
	if (r < 0)
		return pki_make_fault(r);
	return buffer_append(ret, der.data, der.size);
}

int
pki_pkcs12_make(const struct pki_pkcs12 *order, struct buffer *ret)
{
	CLEANUP(pkcs12_free) gnutls_pkcs12_t file = NULL;
	int r;

	if (gnutls_pkcs12_init(&file) < 0)
		return -ENOMEM;
	r = add_key(file, order);
	if (r == 0)
		r = add_certificates(file, order);
	return r < 0 ? r : write_file(file, order, ret);
}
