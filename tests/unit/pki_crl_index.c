// SPDX-License-Identifier: ISC
/*
 * Indexes of revocation lists: what is found in them and what is not, whose lists count,
 * by which signatures, and when; damage.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/crl_index.h"
#include "pki/handle.h"
#include "pki_fixture.h"

static const struct pki_order CA = { .role = PKI_ROLE_CA, .common_name = "CA" };
static const struct pki_order CLIENT = { .role = PKI_ROLE_CLIENT, .common_name = "x" };
static const uint8_t SOURCE[PKI_CRL_SOURCE_SIZE] = "the source";

enum { NOW = 1750000000 };

static struct holder ca, client;

static int
begin(void **state)
{
	(void)state;
	holder_make(&CA, PKI_KEY_P256, NULL, &ca);
	holder_make(&CLIENT, PKI_KEY_P256, &ca, &client);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	holder_clear(&ca);
	holder_clear(&client);
	return 0;
}

static struct pki_identity
identity_of(const struct holder *h)
{
	struct pki_identity id;

	assert_int_equal(pki_identity_read(holder_der(h), holder_len(h), &id), 0);
	return id;
}

/* Appends a list by this CA with these entries, as PEM. */
static void
add_list(struct buffer *pem, const struct holder *by, int64_t this_update,
	int64_t next_update, const struct pki_crl_entry *entries, size_t n)
{
	struct pki_crl_order order = { .this_update = this_update,
		.next_update = next_update,
		.more = entries,
		.n_more = n };

	assert_int_equal(
		pki_crl_make(&order, holder_der(by), holder_len(by), by->key, pem), 0);
}

/* The index of lists in PEM, with the signatures of one CA noted, or none. */
static void
make_index(const struct buffer *pem, const struct holder *noted, struct buffer *ret)
{
	CLEANUP(pki_crls_clear) struct pki_crls crls = { 0 };
	struct pki_der cas[1];

	if (noted)
		cas[0] = pki_der_of(holder_der(noted), holder_len(noted));
	assert_int_equal(pki_crls_read(buffer_data(pem), buffer_len(pem), &crls), 0);
	assert_int_equal(pki_crl_index_make(&crls, SOURCE, cas, noted ? 1 : 0, ret), 0);
}

static enum pki_verdict
ask(const struct buffer *index, const struct holder *by, const struct holder *of,
	int64_t now)
{
	CLEANUP(pki_crt_free) struct gnutls_x509_crt_int *issuer = NULL, *crt = NULL;
	struct pki_crl_index opened;

	assert_int_equal(pki_crl_index_open(
				 buffer_data(index), buffer_len(index), SOURCE, &opened),
		0);
	assert_int_equal(pki_crt_read(holder_der(by), holder_len(by), &issuer), 0);
	if (of)
		assert_int_equal(pki_crt_read(holder_der(of), holder_len(of), &crt), 0);
	return pki_crl_index_ask(&opened, issuer, crt, now);
}

/* Every kind of key, the signature noted and not. */
static void
test_signatures(void **state)
{
	static const enum pki_key_type types[] = { PKI_KEY_P256, PKI_KEY_ED25519,
		PKI_KEY_RSA3072 };

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		CLEANUP(holder_clear) struct holder own = { 0 };
		CLEANUP(holder_clear) struct holder twin = { 0 };
		CLEANUP(holder_clear) struct holder good = { 0 };
		CLEANUP(holder_clear) struct holder bad = { 0 };
		struct pki_identity id;
		struct pki_crl_entry entry;

		holder_make(&CA, types[i], NULL, &own);
		holder_make(&CA, types[i], NULL, &twin); /* of the same name */
		holder_make(&CLIENT, PKI_KEY_P256, &own, &good);
		holder_make(&CLIENT, PKI_KEY_P256, &own, &bad);
		id = identity_of(&bad);
		entry = (struct pki_crl_entry){ pki_der_of(id.serial, id.serial_len),
			from, PKI_REASON_UNSPECIFIED };
		for (int noted = 0; noted < 2; noted++) {
			CLEANUP(buffer_free) struct buffer pem = { 0 };
			CLEANUP(buffer_free) struct buffer index = { 0 };

			add_list(&pem, &own, from, until, &entry, 1);
			make_index(&pem, noted ? &own : NULL, &index);
			assert_int_equal(ask(&index, &own, NULL, NOW), PKI_TRUSTED);
			assert_int_equal(ask(&index, &own, &good, NOW), PKI_TRUSTED);
			assert_int_equal(ask(&index, &own, &bad, NOW), PKI_REVOKED);
			assert_int_equal(ask(&index, &twin, NULL, NOW), PKI_BAD);
			assert_int_equal(ask(&index, &twin, &bad, NOW), PKI_BAD);
			/* Another name, and no CA. */
			assert_int_equal(ask(&index, &good, NULL, NOW), PKI_BAD);
		}
		pki_identity_clear(&id);
	}
}

static void
test_times(void **state)
{
	static const struct {
		int64_t now;
		enum pki_verdict verdict;
	} rows[] = {
		{ from - 1, PKI_BAD },
		{ from, PKI_TRUSTED },
		{ until - 1, PKI_TRUSTED },
		{ until, PKI_BAD },
	};
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	CLEANUP(buffer_free) struct buffer index = { 0 };

	(void)state;
	add_list(&pem, &ca, from, until, NULL, 0);
	make_index(&pem, &ca, &index);
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(ask(&index, &ca, &client, rows[i].now), rows[i].verdict);
}

/* What one list says holds whatever the other says, if it is current. */
static void
test_two_lists(void **state)
{
	struct pki_identity id = identity_of(&client);
	struct pki_crl_entry entry = { pki_der_of(id.serial, id.serial_len), from,
		PKI_REASON_KEY_COMPROMISE };
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	CLEANUP(buffer_free) struct buffer index = { 0 };

	(void)state;
	add_list(&pem, &ca, from, until, NULL, 0);
	add_list(&pem, &ca, from, NOW, &entry, 1);
	make_index(&pem, &ca, &index);
	assert_int_equal(ask(&index, &ca, &client, NOW - 1), PKI_REVOKED);
	assert_int_equal(ask(&index, &ca, &client, NOW), PKI_TRUSTED);
	pki_identity_clear(&id);
}

/* The issuer is not at hand: whoever has signed, the name and the number are enough. */
static void
test_by_name(void **state)
{
	static const struct pki_order other = { .role = PKI_ROLE_CA,
		.common_name = "other" };
	static const struct {
		int64_t now;
		bool named; /* the list bears the issuer's name */
		bool listed;
		enum pki_verdict verdict;
	} rows[] = {
		{ NOW, true, true, PKI_REVOKED },
		{ NOW, true, false, PKI_TRUSTED },
		{ NOW, false, true, PKI_TRUSTED },
		{ until, true, true, PKI_REVOKED },
		{ from - 1, true, true, PKI_TRUSTED },
	};
	CLEANUP(holder_clear) struct holder twin = { 0 };
	CLEANUP(holder_clear) struct holder stranger = { 0 };
	CLEANUP(pki_crt_free) struct gnutls_x509_crt_int *crt = NULL;
	struct pki_identity id = identity_of(&client);
	struct pki_crl_entry entry = { pki_der_of(id.serial, id.serial_len), from, 0 };

	(void)state;
	holder_make(&CA, PKI_KEY_P256, NULL, &twin);
	holder_make(&other, PKI_KEY_P256, NULL, &stranger);
	assert_int_equal(pki_crt_read(holder_der(&client), holder_len(&client), &crt), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP(buffer_free) struct buffer pem = { 0 };
		CLEANUP(buffer_free) struct buffer index = { 0 };
		struct pki_crl_index opened;

		add_list(&pem, rows[i].named ? &twin : &stranger, from, until, &entry,
			rows[i].listed);
		make_index(&pem, NULL, &index);
		assert_int_equal(pki_crl_index_open(buffer_data(&index),
					 buffer_len(&index), SOURCE, &opened),
			0);
		assert_int_equal(pki_crl_index_ask_by_name(&opened, crt, rows[i].now),
			rows[i].verdict);
	}
	pki_identity_clear(&id);
}

/* Serial numbers of all lengths, each found, their neighbours not. */
static void
test_many(void **state)
{
	enum { MANY = 20000 };
	CLEANUP_FREE struct pki_crl_entry *entries = calloc(MANY, sizeof(*entries));
	CLEANUP_FREE uint32_t *serials = calloc(MANY, sizeof(*serials));
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	CLEANUP(buffer_free) struct buffer index = { 0 };
	struct pki_identity id = identity_of(&client);

	(void)state;
	assert_non_null(entries);
	assert_non_null(serials);
	for (uint32_t i = 0; i < MANY; i++) {
		serials[i] = __builtin_bswap32(1 + 7919 * i);
		entries[i] = (struct pki_crl_entry){ pki_der_of(&serials[i], 4), from,
			0 };
	}
	add_list(&pem, &ca, from, until, entries, MANY);
	make_index(&pem, &ca, &index);
	assert_int_equal(ask(&index, &ca, &client, NOW), PKI_TRUSTED);
	entries[MANY / 2].serial = pki_der_of(id.serial, id.serial_len);
	buffer_free(&pem);
	buffer_free(&index);
	pem = index = (struct buffer){ 0 };
	add_list(&pem, &ca, from, until, entries, MANY);
	make_index(&pem, &ca, &index);
	assert_int_equal(ask(&index, &ca, &client, NOW), PKI_REVOKED);
	pki_identity_clear(&id);
}

static void
test_serial_too_long(void **state)
{
	static const char LONG[] = "123456789012345678901";
	struct pki_crl_entry entry = { pki_der_of(LONG, 21), from, 0 };
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	CLEANUP(buffer_free) struct buffer index = { 0 };
	CLEANUP(pki_crls_clear) struct pki_crls crls = { 0 };

	(void)state;
	add_list(&pem, &ca, from, until, &entry, 1);
	assert_int_equal(pki_crls_read(buffer_data(&pem), buffer_len(&pem), &crls), 0);
	assert_int_equal(pki_crl_index_make(&crls, SOURCE, NULL, 0, &index), -EBADMSG);
}

/* Whatever byte is another: opened or not, nothing outside is read (the sanitizers see to
 * that); cut anywhere, or with something behind, it is not opened. */
static void
test_damage(void **state)
{
	struct pki_identity id = identity_of(&client);
	struct pki_crl_entry entry = { pki_der_of(id.serial, id.serial_len), from, 0 };
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	CLEANUP(buffer_free) struct buffer index = { 0 };
	CLEANUP(pki_crt_free) struct gnutls_x509_crt_int *issuer = NULL, *crt = NULL;
	struct pki_crl_index opened;
	char *data;

	(void)state;
	add_list(&pem, &ca, from, until, &entry, 1);
	make_index(&pem, &ca, &index);
	assert_int_equal(pki_crt_read(holder_der(&ca), holder_len(&ca), &issuer), 0);
	assert_int_equal(pki_crt_read(holder_der(&client), holder_len(&client), &crt), 0);
	data = buffer_data(&index);
	for (size_t i = 0; i < buffer_len(&index); i++) {
		data[i] ^= (char)0x80;
		if (pki_crl_index_open(data, buffer_len(&index), SOURCE, &opened) == 0)
			pki_crl_index_ask(&opened, issuer, crt, NOW);
		data[i] ^= (char)0x80;
		assert_true(pki_crl_index_open(data, i, SOURCE, &opened) < 0);
	}
	assert_int_equal(buffer_append(&index, "", 1), 0);
	assert_int_equal(pki_crl_index_open(buffer_data(&index), buffer_len(&index),
				 SOURCE, &opened),
		-EBADMSG);
	pki_identity_clear(&id);
}

static void
test_other_source(void **state)
{
	static const uint8_t other[PKI_CRL_SOURCE_SIZE] = "another";
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	CLEANUP(buffer_free) struct buffer index = { 0 };
	struct pki_crl_index opened;

	(void)state;
	add_list(&pem, &ca, from, until, NULL, 0);
	make_index(&pem, &ca, &index);
	assert_int_equal(pki_crl_index_open(
				 buffer_data(&index), buffer_len(&index), other, &opened),
		-ESTALE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_two_lists),
		cmocka_unit_test(test_by_name),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_serial_too_long),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_other_source),
	};

	return cmocka_run_group_tests_name("pki_crl_index", tests, begin, end);
}
