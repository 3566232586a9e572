// SPDX-License-Identifier: ISC
/*
 * Revocation lists read. The entries are walked here, because GnuTLS has no call that
 * gives reasons, nor one that finds a serial number among many; signatures are its task.
 * A list owns a copy of its bytes. Faults: -EBADMSG for what is no list of version 1 or 2
 * with sound entries, -ENOMEM.
 */
#include "pki/crl.h"

#include <errno.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "pki/handle.h"
#include "pki/pem.h"
#include "pki/signature.h"

static const char LABEL[] = "X509 CRL";

static const uint8_t OID_REASON[] = { 0x55, 0x1d, 0x15 }; /* 2.5.29.21 */
static const uint8_t OID_NUMBER[] = { 0x55, 0x1d, 0x14 }; /* 2.5.29.20 */

static const char *const reasons[PKI_REASON_MAX + 1] = {
	[PKI_REASON_UNSPECIFIED] = "unspecified",
	[PKI_REASON_KEY_COMPROMISE] = "keyCompromise",
	[PKI_REASON_CA_COMPROMISE] = "cACompromise",
	[PKI_REASON_AFFILIATION_CHANGED] = "affiliationChanged",
	[PKI_REASON_SUPERSEDED] = "superseded",
	[PKI_REASON_CESSATION] = "cessationOfOperation",
	[PKI_REASON_PRIVILEGE_WITHDRAWN] = "privilegeWithdrawn",
};

const char *
pki_reason_name(unsigned reason)
{
	return reason <= PKI_REASON_MAX ? reasons[reason] : NULL;
}

int
pki_reason_parse(const char *name, enum pki_reason *ret)
{
	for (unsigned i = 0; i <= PKI_REASON_MAX; i++) {
		if (reasons[i] && strcasecmp(name, reasons[i]) == 0) {
			*ret = (enum pki_reason)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* The value of the extension with this OID; empty where there is none. *critical is set
 * where any of them is critical. */
static int
find_extension(struct pki_der in, const uint8_t *oid, size_t oid_len, struct pki_der *ret,
	bool *critical)
{
	int r = 0;

	*ret = (struct pki_der){ 0 };
	while (r == 0 && in.len > 0) {
		struct pki_der extension = { 0 }, id = { 0 }, value = { 0 };

		r = pki_der_take(&in, PKI_DER_SEQUENCE, &extension);
		if (r == 0)
			r = pki_der_take(&extension, PKI_DER_OID, &id);
		if (r == 0 && pki_der_is(&extension, PKI_DER_BOOLEAN)) {
			r = pki_der_take(&extension, PKI_DER_BOOLEAN, &value);
			*critical = *critical || value.len != 1 || value.at[0] != 0;
		}
		if (r == 0)
			r = pki_der_take(&extension, PKI_DER_OCTETS, &value);
		if (r == 0 && pki_der_equal(id, pki_der_of(oid, oid_len)))
			*ret = value;
	}
	return r;
}

/* No sign, and nothing in front that says nothing. */
static int
take_serial(struct pki_der *in, struct pki_der *ret)
{
	int r = pki_der_take(in, PKI_DER_INTEGER, ret);

	while (r == 0 && ret->len > 0 && ret->at[0] == 0) {
		ret->at++;
		ret->len--;
	}
	return r;
}

static int
read_reason(struct pki_der extensions, unsigned *ret, bool *critical)
{
	struct pki_der value = { 0 };
	struct pki_der reason = { 0 };
	int r = find_extension(
		extensions, OID_REASON, sizeof(OID_REASON), &value, critical);

	*ret = PKI_REASON_UNSPECIFIED;
	if (r < 0 || value.len == 0)
		return r;
	r = pki_der_take(&value, PKI_DER_ENUMERATED, &reason);
	if (r < 0)
		return r;
	if (reason.len != 1)
		return -EBADMSG;
	*ret = reason.at[0];
	return 0;
}

static int
read_entry(struct pki_der *in, struct pki_crl_entry *ret, bool *critical)
{
	struct pki_der entry = { 0 }, extensions = { 0 };
	int r = pki_der_take(in, PKI_DER_SEQUENCE, &entry);

	if (r == 0)
		r = take_serial(&entry, &ret->serial);
	if (r == 0)
		r = pki_der_take_time(&entry, &ret->date);
	if (r == 0 && entry.len > 0)
		r = pki_der_take(&entry, PKI_DER_SEQUENCE, &extensions);
	return r < 0 ? r : read_reason(extensions, &ret->reason, critical);
}

static int
order_of_serials(struct pki_der a, struct pki_der b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return a.len == 0 ? 0 : memcmp(a.at, b.at, a.len);
}

static int
order_of_entries(const void *a, const void *b)
{
	return order_of_serials(((const struct pki_crl_entry *)a)->serial,
		((const struct pki_crl_entry *)b)->serial);
}

static int
read_entries(struct pki_crl *crl)
{
	struct pki_der in = crl->revoked;
	size_t room = 0;
	int r = 0;

	while (r == 0 && in.len > 0) {
		if (crl->n_entries == room) {
			room = room ? 2 * room : 16;
			struct pki_crl_entry *more = reallocarray(
				crl->entries, room, sizeof(*crl->entries));

			if (!more)
				return -ENOMEM;
			crl->entries = more;
		}
		r = read_entry(&in, &crl->entries[crl->n_entries], &crl->restricted);
		if (r == 0)
			crl->n_entries++;
	}
	if (r == 0 && crl->n_entries > 0)
		qsort(crl->entries, crl->n_entries, sizeof(*crl->entries),
			order_of_entries);
	return r;
}

static int
read_number(struct pki_der extensions, struct pki_crl *crl)
{
	struct pki_der value = { 0 }, number = { 0 };
	int r = find_extension(
		extensions, OID_NUMBER, sizeof(OID_NUMBER), &value, &crl->restricted);

	if (r < 0 || value.len == 0)
		return r;
	r = take_serial(&value, &number);
	if (r < 0)
		return r;
	if (number.len > sizeof(crl->number))
		return -EBADMSG;
	crl->number_len = number.len;
	if (number.len > 0)
		memcpy(crl->number, number.at, number.len);
	return 0;
}

/* What stands behind the dates: entries and extensions, each where there are any. */
static int
read_rest(struct pki_der list, struct pki_crl *crl)
{
	struct pki_der extensions = { 0 };
	int r = 0;

	if (pki_der_is(&list, PKI_DER_SEQUENCE))
		r = pki_der_take(&list, PKI_DER_SEQUENCE, &crl->revoked);
	crl->tail = list;
	if (r == 0 && pki_der_is(&list, PKI_DER_CONTEXT_0))
		r = pki_der_take(&list, PKI_DER_CONTEXT_0, &extensions);
	if (r == 0 && list.len > 0)
		return -EBADMSG;
	if (r == 0 && extensions.len > 0)
		r = pki_der_take(&extensions, PKI_DER_SEQUENCE, &extensions);
	if (r == 0)
		r = read_number(extensions, crl);
	return r < 0 ? r : read_entries(crl);
}

/* TBSCertList (RFC 5280 section 5.1). */
static int
read_list(struct pki_der list, struct pki_crl *crl)
{
	struct pki_der ignored = { 0 };
	const uint8_t *begin = list.at;
	int r = 0;

	if (pki_der_is(&list, PKI_DER_INTEGER))
		r = pki_der_take(&list, PKI_DER_INTEGER, &ignored);
	if (r == 0)
		r = pki_der_take(&list, PKI_DER_SEQUENCE, &ignored);
	if (r == 0)
		r = pki_der_take_any(&list, &crl->issuer);
	if (r == 0)
		r = pki_der_take_time(&list, &crl->this_update);
	if (r < 0)
		return r;
	crl->next_update = INT64_MAX;
	if (pki_der_is(&list, PKI_DER_UTC_TIME) || pki_der_is(&list, PKI_DER_TIME))
		r = pki_der_take_time(&list, &crl->next_update);
	crl->head = pki_der_of(begin, (size_t)(list.at - begin));
	return r < 0 ? r : read_rest(list, crl);
}

int
pki_crl_read(const void *der, size_t len, struct pki_crl *ret)
{
	CLEANUP(pki_crl_clear) struct pki_crl crl = { 0 };
	struct pki_der all = { 0 }, whole = { 0 }, list = { 0 };
	int r = buffer_append(&crl.der, der, len);

	if (r < 0)
		return r;
	all = pki_der_of(buffer_data(&crl.der), len);
	r = pki_der_take(&all, PKI_DER_SEQUENCE, &whole);
	if (r == 0 && all.len > 0)
		r = -EBADMSG;
	if (r == 0)
		r = pki_der_take(&whole, PKI_DER_SEQUENCE, &list);
	if (r == 0)
		r = pki_der_take_any(&whole, &crl.algorithm);
	if (r == 0)
		r = read_list(list, &crl);
	if (r < 0)
		return r;
	*ret = TAKE(crl, (struct pki_crl){ 0 });
	return 0;
}

void
pki_crl_clear(struct pki_crl *crl)
{
	buffer_free(&crl->der);
	free(crl->entries);
	*crl = (struct pki_crl){ 0 };
}

static int
add_list(void *context, const void *der, size_t len)
{
	struct pki_crls *crls = context;
	struct pki_crl *more = reallocarray(
		crls->lists, crls->n + 1, sizeof(*crls->lists));
	int r;

	if (!more)
		return -ENOMEM;
	crls->lists = more;
	r = pki_crl_read(der, len, &crls->lists[crls->n]);
	if (r == 0)
		crls->n++;
	return r;
}

int
pki_crls_read(const void *pem, size_t len, struct pki_crls *ret)
{
	CLEANUP(pki_crls_clear) struct pki_crls crls = { 0 };
	int r = pki_pem_each(pem, len, LABEL, add_list, &crls);

	if (r < 0)
		return r;
	*ret = TAKE(crls, (struct pki_crls){ 0 });
	return 0;
}

void
pki_crls_clear(struct pki_crls *crls)
{
	for (size_t i = 0; i < crls->n; i++)
		pki_crl_clear(&crls->lists[i]);
	free(crls->lists);
	*crls = (struct pki_crls){ 0 };
}

bool
pki_crt_may_sign_lists(gnutls_x509_crt_t crt)
{
	unsigned usage = 0;
	int r = gnutls_x509_crt_get_key_usage(crt, &usage, NULL);

	if (gnutls_x509_crt_get_ca_status(crt, NULL) <= 0)
		return false;
	return r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE ||
	       (r >= 0 && (usage & GNUTLS_KEY_CRL_SIGN));
}

/* The list without its entries, under a signature that is none: GnuTLS takes a time for a
 * list that grows with the square of its entries, and is asked only what else is in it.
 */
static int
put_skeleton(const struct pki_crl *crl, struct buffer *ret)
{
	static const uint8_t nothing[] = { 0, 0 };
	int r = buffer_append(ret, crl->head.at, crl->head.len);

	if (r == 0)
		r = buffer_append(ret, crl->tail.at, crl->tail.len);
	if (r == 0)
		r = pki_der_wrap(ret, PKI_DER_SEQUENCE);
	if (r == 0)
		r = buffer_append(ret, crl->algorithm.at, crl->algorithm.len);
	if (r == 0)
		r = pki_der_put(ret, PKI_DER_BITS, nothing, sizeof(nothing));
	return r < 0 ? r : pki_der_wrap(ret, PKI_DER_SEQUENCE);
}

/* The list without its entries, as GnuTLS reads it. */
static int
import_skeleton(const struct pki_crl *crl, gnutls_x509_crl_t *ret)
{
	CLEANUP(buffer_free) struct buffer skeleton = { 0 };
	gnutls_datum_t der;
	int r = put_skeleton(crl, &skeleton);

	if (r < 0)
		return r;
	if (gnutls_x509_crl_init(ret) < 0)
		return -ENOMEM;
	der = (gnutls_datum_t){ (unsigned char *)buffer_data(&skeleton),
		(unsigned)buffer_len(&skeleton) };
	if (gnutls_x509_crl_import(*ret, &der, GNUTLS_X509_FMT_DER) >= 0)
		return 0;
	gnutls_x509_crl_deinit(*ret);
	return -EBADMSG;
}

int
pki_crl_algorithm(const struct pki_crl *crl)
{
	gnutls_x509_crl_t list;
	int algorithm;

	if (import_skeleton(crl, &list) < 0)
		return GNUTLS_SIGN_UNKNOWN;
	algorithm = gnutls_x509_crl_get_signature_algorithm(list);
	gnutls_x509_crl_deinit(list);
	return algorithm > 0 ? algorithm : GNUTLS_SIGN_UNKNOWN;
}

bool
pki_crl_is_from(const struct pki_crl *crl, const void *ca, size_t ca_len)
{
	CLEANUP(pki_crt_free) gnutls_x509_crt_t crt = NULL;
	gnutls_x509_crl_t list;
	bool is_from;

	if (pki_crt_read(ca, ca_len, &crt) < 0 || !pki_crt_may_sign_lists(crt) ||
		import_skeleton(crl, &list) < 0)
		return false;
	is_from = gnutls_x509_crl_check_issuer(list, crt) > 0 &&
		  pki_signature_is_by(
			  pki_der_of(buffer_data(&crl->der), buffer_len(&crl->der)),
			  gnutls_x509_crl_get_signature_algorithm(list), crt);
	gnutls_x509_crl_deinit(list);
	return is_from;
}

bool
pki_crl_is_about(const struct pki_crl *crl, const void *der, size_t len)
{
	CLEANUP(pki_crt_free) gnutls_x509_crt_t crt = NULL;
	gnutls_datum_t name = { NULL, 0 };
	bool is_about;

	if (pki_crt_read(der, len, &crt) < 0 ||
		gnutls_x509_crt_get_raw_issuer_dn(crt, &name) < 0)
		return false;
	is_about = pki_der_equal(crl->issuer, pki_der_of(name.data, name.size));
	gnutls_free(name.data);
	return is_about;
}

const struct pki_crl_entry *
pki_crl_find(const struct pki_crl *crl, const void *serial, size_t len)
{
	struct pki_crl_entry wanted = { .serial = pki_der_of(serial, len) };

	while (wanted.serial.len > 0 && wanted.serial.at[0] == 0) {
		wanted.serial.at++;
		wanted.serial.len--;
	}
	if (crl->n_entries == 0)
		return NULL;
	return bsearch(
		&wanted, crl->entries, crl->n_entries, sizeof(wanted), order_of_entries);
}

int
pki_crl_write(const struct pki_crl *crl, struct buffer *ret)
{
	return pki_pem_write(LABEL, buffer_data(&crl->der), buffer_len(&crl->der), ret);
}
