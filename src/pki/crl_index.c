// SPDX-License-Identifier: ISC
/*
 * The index is a head, a row for each list, and behind them the lists as DER and their
 * serial numbers, PKI_SERIAL_MAX bytes each with zeros in front, sorted. A row has the
 * digest of what is signed: with it another signer's key is tried for the price of one
 * signature. EdDSA signs the whole list, which is then read from its DER.
 *
 * A list counts that is current and has no critical extension: those change what a list
 * is about (RFC 5280 sections 5.2.4 and 5.2.5). One without nextUpdate is never current.
 */
#include "pki/crl_index.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pki/handle.h"
#include "pki/signature.h"

enum { SIGNERS_MAX = 4, DIGEST_MAX = 64 };

static const char MAGIC[16] = "postern-crl 1\n";

struct head {
	char magic[sizeof(MAGIC)];
	uint8_t source[PKI_CRL_SOURCE_SIZE];
	uint64_t size; /* of the index */
	uint64_t n_lists;
};

/* Where something lies in the index. */
struct place {
	uint64_t at;
	uint64_t len;
};

struct row {
	struct place der;
	struct place issuer;
	struct place serials; /* len counts bytes */
	int64_t this_update;
	int64_t next_update;
	uint32_t usable;
	uint32_t algorithm; /* gnutls_sign_algorithm_t */
	uint32_t digest_len;
	uint32_t n_signers;
	uint8_t digest[DIGEST_MAX];
	uint8_t signers[SIGNERS_MAX][PKI_PIN_SIZE];
};

/* Making. */

static int
put_serials(const struct pki_crl *crl, struct buffer *ret)
{
	for (size_t i = 0; i < crl->n_entries; i++) {
		struct pki_der serial = crl->entries[i].serial;
		uint8_t padded[PKI_SERIAL_MAX] = { 0 };
		int r;

		if (serial.len > sizeof(padded))
			return -EBADMSG;
		if (serial.len > 0)
			memcpy(padded + sizeof(padded) - serial.len, serial.at,
				serial.len);
		r = buffer_append(ret, padded, sizeof(padded));
		if (r < 0)
			return r;
	}
	return 0;
}

/* What a signature of this algorithm is made of, or GNUTLS_DIG_UNKNOWN for those that
 * need the whole text, although GnuTLS names a hash for them too. */
static gnutls_digest_algorithm_t
digest_of(gnutls_sign_algorithm_t algorithm)
{
	if (algorithm == GNUTLS_SIGN_EDDSA_ED25519 ||
		algorithm == GNUTLS_SIGN_EDDSA_ED448)
		return GNUTLS_DIG_UNKNOWN;
	return gnutls_sign_get_hash_algorithm(algorithm);
}

static int
digest_list(const struct pki_crl *crl, struct row *row)
{
	gnutls_digest_algorithm_t digest = digest_of(
		(gnutls_sign_algorithm_t)row->algorithm);
	struct pki_signed parts;
	unsigned len;

	if (pki_signature_parts(pki_der_of(buffer_data(&crl->der), buffer_len(&crl->der)),
		    &parts) < 0)
		return -EBADMSG;
	len = digest == GNUTLS_DIG_UNKNOWN ? 0 : gnutls_hash_get_len(digest);
	if (len == 0 || len > sizeof(row->digest))
		return 0;
	if (gnutls_hash_fast(digest, parts.data.at, parts.data.len, row->digest) < 0)
		return -EIO;
	row->digest_len = len;
	return 0;
}

static void
note_signers(
	const struct pki_crl *crl, const struct pki_der *cas, size_t n, struct row *row)
{
	for (size_t i = 0; i < n && row->n_signers < SIGNERS_MAX; i++) {
		CLEANUP(pki_identity_clear) struct pki_identity id = { 0 };

		if (!pki_crl_is_from(crl, cas[i].at, cas[i].len) ||
			pki_identity_read(cas[i].at, cas[i].len, &id) < 0)
			continue;
		memcpy(row->signers[row->n_signers++], id.pin, PKI_PIN_SIZE);
	}
}

/* The row of a list, whose places count from base on, where its bytes are going to lie.
 */
static int
put_list(const struct pki_crl *crl, const struct pki_der *cas, size_t n_cas,
	uint64_t base, struct buffer *ret_bytes, struct row *ret)
{
	struct row row = {
		.this_update = crl->this_update,
		.next_update = crl->next_update,
		.usable = !crl->restricted && crl->next_update != INT64_MAX,
		.algorithm = (uint32_t)pki_crl_algorithm(crl),
	};
	size_t der = buffer_len(ret_bytes), serials;
	int r = buffer_append(ret_bytes, buffer_data(&crl->der), buffer_len(&crl->der));

	serials = buffer_len(ret_bytes);
	if (r == 0)
		r = put_serials(crl, ret_bytes);
	if (r == 0)
		r = digest_list(crl, &row);
	if (r < 0)
		return r;
	row.der = (struct place){ base + der, serials - der };
	row.issuer = (struct place){ row.der.at + (size_t)(crl->issuer.at -
							   (const uint8_t *)buffer_data(
								   &crl->der)),
		crl->issuer.len };
	row.serials = (struct place){ base + serials, buffer_len(ret_bytes) - serials };
	note_signers(crl, cas, n_cas, &row);
	*ret = row;
	return 0;
}

int
pki_crl_index_make(const struct pki_crls *crls, const uint8_t source[PKI_CRL_SOURCE_SIZE],
	const struct pki_der *cas, size_t n_cas, struct buffer *ret)
{
	CLEANUP(buffer_free) struct buffer rows = { 0 };
	CLEANUP(buffer_free) struct buffer bytes = { 0 };
	uint64_t base = sizeof(struct head) + crls->n * sizeof(struct row);
	struct head head = { .n_lists = crls->n };
	int r = crls->n > PKI_CRL_LISTS_MAX ? -EBADMSG : 0;

	for (size_t i = 0; r == 0 && i < crls->n; i++) {
		struct row row;

		r = put_list(&crls->lists[i], cas, n_cas, base, &bytes, &row);
		if (r == 0)
			r = buffer_append(&rows, &row, sizeof(row));
	}
	memcpy(head.magic, MAGIC, sizeof(MAGIC));
	memcpy(head.source, source, sizeof(head.source));
	head.size = base + buffer_len(&bytes);
	if (r == 0)
		r = buffer_append(ret, &head, sizeof(head));
	if (r == 0 && crls->n > 0)
		r = buffer_append(ret, buffer_data(&rows), buffer_len(&rows));
	if (r == 0 && crls->n > 0)
		r = buffer_append(ret, buffer_data(&bytes), buffer_len(&bytes));
	return r;
}

/* Asking. */

static bool
is_inside(const struct pki_crl_index *index, struct place p)
{
	return p.at <= index->len && p.len <= index->len - p.at;
}

static struct pki_der
bytes_at(const struct pki_crl_index *index, struct place p)
{
	return pki_der_of(index->at + p.at, p.len);
}

/* The memory may lie anywhere, and may be written to by others: rows are copied. */
static bool
row_read(const struct pki_crl_index *index, size_t i, struct row *ret)
{
	memcpy(ret, index->at + sizeof(struct head) + i * sizeof(*ret), sizeof(*ret));
	return is_inside(index, ret->der) && is_inside(index, ret->issuer) &&
	       is_inside(index, ret->serials) && ret->serials.len % PKI_SERIAL_MAX == 0 &&
	       ret->digest_len <= sizeof(ret->digest) && ret->n_signers <= SIGNERS_MAX;
}

int
pki_crl_index_open(const void *data, size_t len,
	const uint8_t source[PKI_CRL_SOURCE_SIZE], struct pki_crl_index *ret)
{
	struct pki_crl_index index = { .at = data, .len = len };
	struct head head;
	struct row row;

	if (len < sizeof(head))
		return -EBADMSG;
	memcpy(&head, data, sizeof(head));
	if (memcmp(head.magic, MAGIC, sizeof(MAGIC)) != 0 ||
		memcmp(head.source, source, sizeof(head.source)) != 0)
		return -ESTALE;
	if (head.size != len || head.n_lists > PKI_CRL_LISTS_MAX ||
		head.n_lists * sizeof(row) > len - sizeof(head))
		return -EBADMSG;
	index.n_lists = head.n_lists;
	for (size_t i = 0; i < index.n_lists; i++)
		if (!row_read(&index, i, &row))
			return -EBADMSG;
	*ret = index;
	return 0;
}

static bool
has_subject(gnutls_x509_crt_t ca, struct pki_der name)
{
	gnutls_datum_t subject = { NULL, 0 };
	bool has;

	if (gnutls_x509_crt_get_raw_dn(ca, &subject) < 0)
		return false;
	has = pki_der_equal(name, pki_der_of(subject.data, subject.size));
	gnutls_free(subject.data);
	return has;
}

static bool
is_noted(const struct row *row, gnutls_pubkey_t key)
{
	uint8_t pin[PKI_PIN_SIZE];
	size_t len = sizeof(pin);

	if (gnutls_pubkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, pin, &len) < 0 ||
		len != sizeof(pin))
		return false;
	for (size_t i = 0; i < row->n_signers; i++)
		if (memcmp(row->signers[i], pin, sizeof(pin)) == 0)
			return true;
	return false;
}

static bool
has_signed(const struct pki_crl_index *index, const struct row *row, gnutls_pubkey_t key)
{
	struct pki_signed parts;
	gnutls_datum_t digest = { (unsigned char *)row->digest, row->digest_len };
	gnutls_datum_t signature, data;
	gnutls_sign_algorithm_t algorithm = (gnutls_sign_algorithm_t)row->algorithm;

	if (algorithm == GNUTLS_SIGN_UNKNOWN ||
		pki_signature_parts(bytes_at(index, row->der), &parts) < 0)
		return false;
	signature = (gnutls_datum_t){ (unsigned char *)parts.signature.at,
		(unsigned)parts.signature.len };
	if (row->digest_len > 0)
		return gnutls_pubkey_verify_hash2(
			       key, algorithm, 0, &digest, &signature) >= 0;
	data = (gnutls_datum_t){ (unsigned char *)parts.data.at,
		(unsigned)parts.data.len };
	return gnutls_pubkey_verify_data2(key, algorithm, 0, &data, &signature) >= 0;
}

static bool
is_signed_by(
	const struct pki_crl_index *index, const struct row *row, gnutls_x509_crt_t ca)
{
	gnutls_pubkey_t key;
	bool is;

	if (!pki_crt_may_sign_lists(ca) || gnutls_pubkey_init(&key) < 0)
		return false;
	is = gnutls_pubkey_import_x509(key, ca, 0) >= 0 &&
	     (is_noted(row, key) || has_signed(index, row, key));
	gnutls_pubkey_deinit(key);
	return is;
}

/* The serial number as the index has them; longer ones are on no list. */
static int
serial_of(gnutls_x509_crt_t crt, uint8_t ret[PKI_SERIAL_MAX])
{
	uint8_t serial[PKI_SERIAL_MAX + 1], *at = serial;
	size_t len = sizeof(serial);

	if (gnutls_x509_crt_get_serial(crt, serial, &len) < 0)
		return -EBADMSG;
	while (len > 0 && *at == 0) {
		at++;
		len--;
	}
	if (len > PKI_SERIAL_MAX)
		return -EBADMSG;
	memset(ret, 0, PKI_SERIAL_MAX - len);
	memcpy(ret + PKI_SERIAL_MAX - len, at, len);
	return 0;
}

static int
order_of_serials(const void *a, const void *b)
{
	return memcmp(a, b, PKI_SERIAL_MAX);
}

static bool
has_serial(const struct pki_crl_index *index, const struct row *row,
	const uint8_t serial[PKI_SERIAL_MAX])
{
	struct pki_der all = bytes_at(index, row->serials);

	return all.len > 0 && bsearch(serial, all.at, all.len / PKI_SERIAL_MAX,
				      PKI_SERIAL_MAX, order_of_serials);
}

enum pki_verdict
pki_crl_index_ask(const struct pki_crl_index *index, gnutls_x509_crt_t ca,
	gnutls_x509_crt_t crt, int64_t now)
{
	enum pki_verdict verdict = PKI_BAD;
	uint8_t serial[PKI_SERIAL_MAX];

	if (crt && serial_of(crt, serial) < 0)
		return PKI_BAD;
	for (size_t i = 0; i < index->n_lists; i++) {
		struct row row;

		if (!row_read(index, i, &row) || !row.usable || row.this_update > now ||
			row.next_update <= now ||
			!has_subject(ca, bytes_at(index, row.issuer)) ||
			!is_signed_by(index, &row, ca))
			continue;
		if (crt && has_serial(index, &row, serial))
			return PKI_REVOKED;
		verdict = PKI_TRUSTED;
	}
	return verdict;
}

enum pki_verdict
pki_crl_index_ask_by_name(
	const struct pki_crl_index *index, gnutls_x509_crt_t crt, int64_t now)
{
	gnutls_datum_t issuer = { NULL, 0 };
	uint8_t serial[PKI_SERIAL_MAX];
	bool has = false;

	if (serial_of(crt, serial) < 0 ||
		gnutls_x509_crt_get_raw_issuer_dn(crt, &issuer) < 0)
		return PKI_BAD;
	for (size_t i = 0; i < index->n_lists && !has; i++) {
		struct row row;

		has = row_read(index, i, &row) && row.usable && row.this_update <= now &&
		      pki_der_equal(bytes_at(index, row.issuer),
			      pki_der_of(issuer.data, issuer.size)) &&
		      has_serial(index, &row, serial);
	}
	gnutls_free(issuer.data);
	return has ? PKI_REVOKED : PKI_TRUSTED;
}

int64_t
pki_crl_index_until(const struct pki_crl_index *index, int64_t now)
{
	int64_t until = INT64_MAX;

	for (size_t i = 0; i < index->n_lists; i++) {
		struct row row;

		if (row_read(index, i, &row) && row.usable && row.this_update <= now &&
			row.next_update > now && row.next_update < until)
			until = row.next_update;
	}
	return until;
}
