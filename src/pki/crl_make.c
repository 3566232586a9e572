// SPDX-License-Identifier: ISC
/*
 * Revocation lists made. GnuTLS writes and signs one without entries; the entries are put
 * between its fields here, those of the earlier list byte for byte, and the whole is
 * signed again, because GnuTLS can neither write reasons nor take 100,000 entries in less
 * than a time that grows with their square. Nothing is kept. Faults: see crl.h.
 */
#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "pki/crl.h"
#include "pki/handle.h"
#include "pki/make_parts.h"

enum { CRL_VERSION = 2 };

static const uint8_t OID_REASON[] = { 0x55, 0x1d, 0x15 }; /* 2.5.29.21 */

static void
crl_free(gnutls_x509_crl_t *list)
{
	if (*list)
		gnutls_x509_crl_deinit(*list);
}

static void
datum_free(gnutls_datum_t *datum)
{
	gnutls_free(datum->data);
}

/* One more than the earlier number, and no less than the time. */
static size_t
next_number(const struct pki_crl *earlier, int64_t now, uint8_t ret[PKI_CRL_NUMBER_MAX])
{
	enum { LAST = PKI_CRL_NUMBER_MAX - 1 };
	uint8_t clock[PKI_CRL_NUMBER_MAX] = { 0 };
	size_t skip = 0;

	for (size_t i = 0; i < sizeof(now); i++)
		clock[LAST - i] = (uint8_t)((uint64_t)now >> (8 * i));
	memset(ret, 0, PKI_CRL_NUMBER_MAX);
	if (earlier) {
		memcpy(ret + PKI_CRL_NUMBER_MAX - earlier->number_len, earlier->number,
			earlier->number_len);
		for (size_t i = LAST; ++ret[i] == 0 && i > 0; i--)
			;
	}
	if (memcmp(ret, clock, sizeof(clock)) < 0)
		memcpy(ret, clock, sizeof(clock));
	/* A first bit that is set would be a sign. */
	while (skip < LAST && ret[skip] == 0 && ret[skip + 1] < 0x80)
		skip++;
	memmove(ret, ret + skip, PKI_CRL_NUMBER_MAX - skip);
	return PKI_CRL_NUMBER_MAX - skip;
}

static int
set_fields(gnutls_x509_crl_t list, const struct pki_crl_order *order,
	gnutls_x509_crt_t issuer)
{
	uint8_t number[PKI_CRL_NUMBER_MAX];
	size_t len = next_number(order->earlier, time(NULL), number);
	uint8_t id[64];
	size_t id_len = sizeof(id);
	int r = gnutls_x509_crl_set_version(list, CRL_VERSION);

	if (r == 0)
		r = gnutls_x509_crl_set_this_update(list, order->this_update);
	if (r == 0)
		r = gnutls_x509_crl_set_next_update(list, order->next_update);
	if (r == 0)
		r = gnutls_x509_crl_set_number(list, number, len);
	if (r < 0)
		return pki_make_fault(r);
	r = gnutls_x509_crt_get_subject_key_id(issuer, id, &id_len, NULL);
	if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return 0;
	if (r == 0)
		r = gnutls_x509_crl_set_authority_key_id(list, id, id_len);
	return pki_make_fault(r);
}

/* The list without entries, signed, as DER. */
static int
make_empty(const struct pki_crl_order *order, gnutls_x509_crt_t issuer,
	gnutls_privkey_t signer, gnutls_datum_t *ret)
{
	CLEANUP(crl_free) gnutls_x509_crl_t list = NULL;
	int r;

	if (gnutls_x509_crl_init(&list) < 0)
		return -ENOMEM;
	r = set_fields(list, order, issuer);
	if (r < 0)
		return r;
	r = gnutls_x509_crl_privkey_sign(list, issuer, signer, GNUTLS_DIG_UNKNOWN, 0);
	if (r == 0)
		r = gnutls_x509_crl_export2(list, GNUTLS_X509_FMT_DER, ret);
	return pki_make_fault(r);
}

/* reasonCode (RFC 5280 section 5.3.1), which is absent rather than 0. */
static int
put_reason(struct buffer *b, unsigned reason)
{
	CLEANUP(buffer_free) struct buffer value = { 0 };
	CLEANUP(buffer_free) struct buffer extension = { 0 };
	int r;

	if (reason == PKI_REASON_UNSPECIFIED)
		return 0;
	r = pki_der_put_number(&value, PKI_DER_ENUMERATED, reason);
	if (r == 0)
		r = pki_der_put(&extension, PKI_DER_OID, OID_REASON, sizeof(OID_REASON));
	if (r == 0)
		r = pki_der_put(&extension, PKI_DER_OCTETS, buffer_data(&value),
			buffer_len(&value));
	if (r == 0)
		r = pki_der_wrap(&extension, PKI_DER_SEQUENCE);
	return r < 0 ? r
		     : pki_der_put(b, PKI_DER_SEQUENCE, buffer_data(&extension),
			       buffer_len(&extension));
}

static int
put_serial(struct buffer *b, struct pki_der serial)
{
	CLEANUP(buffer_free) struct buffer number = { 0 };
	int r = 0;

	if (serial.len == 0 || serial.at[0] >= 0x80)
		r = buffer_append(&number, "", 1);
	if (r == 0)
		r = buffer_append(&number, serial.at, serial.len);
	return r < 0 ? r
		     : pki_der_put(b, PKI_DER_INTEGER, buffer_data(&number),
			       buffer_len(&number));
}

static int
put_entry(struct buffer *b, const struct pki_crl_entry *entry)
{
	CLEANUP(buffer_free) struct buffer whole = { 0 };
	int r = put_serial(&whole, entry->serial);

	if (r == 0)
		r = pki_der_put_time(&whole, entry->date);
	if (r == 0)
		r = put_reason(&whole, entry->reason);
	return r < 0 ? r
		     : pki_der_put(b, PKI_DER_SEQUENCE, buffer_data(&whole),
			       buffer_len(&whole));
}

/* Those of the earlier list as they stand there, and the others behind them. */
static int
put_entries(struct buffer *b, const struct pki_crl_order *order)
{
	CLEANUP(buffer_free) struct buffer all = { 0 };
	const struct pki_crl *earlier = order->earlier;
	int r = 0;

	if (earlier && earlier->revoked.len > 0)
		r = buffer_append(&all, earlier->revoked.at, earlier->revoked.len);
	for (size_t i = 0; r == 0 && i < order->n_more; i++) {
		struct pki_der serial = order->more[i].serial;

		if (!earlier || !pki_crl_find(earlier, serial.at, serial.len))
			r = put_entry(&all, &order->more[i]);
	}
	/* A list without entries has no empty sequence of them (section 5.1.2.6). */
	if (r < 0 || buffer_len(&all) == 0)
		return r;
	return pki_der_put(b, PKI_DER_SEQUENCE, buffer_data(&all), buffer_len(&all));
}

/* Puts the entries behind nextUpdate. *ret_algorithm is what the empty list is signed by.
 */
static int
fill_list(const gnutls_datum_t *empty, const struct pki_crl_order *order,
	struct buffer *ret, struct pki_der *ret_algorithm)
{
	struct pki_der all = pki_der_of(empty->data, empty->size);
	struct pki_der list = { 0 }, rest = { 0 }, ignored = { 0 };
	int r = pki_der_take(&all, PKI_DER_SEQUENCE, &all);

	if (r == 0)
		r = pki_der_take(&all, PKI_DER_SEQUENCE, &list);
	if (r == 0)
		r = pki_der_take_any(&all, ret_algorithm);
	rest = list;
	/* version, signature, issuer, thisUpdate, nextUpdate */
	for (int i = 0; r == 0 && i < 5; i++)
		r = pki_der_take_any(&rest, &ignored);
	if (r == 0)
		r = buffer_append(ret, list.at, list.len - rest.len);
	/* GnuTLS writes a sequence of no entries. */
	if (r == 0 && pki_der_is(&rest, PKI_DER_SEQUENCE))
		r = pki_der_take_any(&rest, &ignored);
	if (r == 0)
		r = put_entries(ret, order);
	if (r == 0)
		r = buffer_append(ret, rest.at, rest.len);
	return r < 0 ? r : pki_der_wrap(ret, PKI_DER_SEQUENCE);
}

/* By the algorithm that GnuTLS has chosen for the empty list. */
static int
algorithm_of(const gnutls_datum_t *empty, int *ret)
{
	CLEANUP(crl_free) gnutls_x509_crl_t handle = NULL;

	if (gnutls_x509_crl_init(&handle) < 0)
		return -ENOMEM;
	if (gnutls_x509_crl_import(handle, empty, GNUTLS_X509_FMT_DER) < 0)
		return -EIO;
	*ret = gnutls_x509_crl_get_signature_algorithm(handle);
	return 0;
}

static int
finish(const gnutls_datum_t *empty, const struct pki_crl_order *order,
	const struct pki_key *key, struct buffer *ret)
{
	CLEANUP(buffer_free) struct buffer list = { 0 };
	struct pki_der algorithm_der = { 0 };
	int algorithm = 0;
	int r = fill_list(empty, order, &list, &algorithm_der);

	if (r == 0)
		r = algorithm_of(empty, &algorithm);
	return r < 0 ? r : pki_make_signed(&list, algorithm_der, algorithm, key, ret);
}

/* What was made is read again as others will, before anybody has it. */
static int
check_and_write(const struct buffer *der, const void *issuer, size_t issuer_len,
	struct buffer *ret)
{
	CLEANUP(pki_crl_clear) struct pki_crl crl = { 0 };
	int r = pki_crl_read(buffer_data(der), buffer_len(der), &crl);

	if (r == -EBADMSG || (r == 0 && !pki_crl_is_from(&crl, issuer, issuer_len)))
		return -EIO;
	return r < 0 ? r : pki_crl_write(&crl, ret);
}

int
pki_crl_make(const struct pki_crl_order *order, const void *issuer, size_t issuer_len,
	const struct pki_key *key, struct buffer *ret)
{
	CLEANUP(pki_crt_free) gnutls_x509_crt_t crt = NULL;
	CLEANUP(pki_signer_free) gnutls_privkey_t signer = NULL;
	CLEANUP(datum_free) gnutls_datum_t empty = { NULL, 0 };
	CLEANUP(buffer_free) struct buffer der = { 0 };
	int r = pki_crt_read(issuer, issuer_len, &crt);

	if (r == 0)
		r = pki_make_check_issuer(crt, key);
	if (r == 0)
		r = pki_signer_of(key, &signer);
	if (r == 0)
		r = make_empty(order, crt, signer, &empty);
	if (r == 0)
		r = finish(&empty, order, key, &der);
	return r < 0 ? r : check_and_write(&der, issuer, issuer_len, ret);
}
