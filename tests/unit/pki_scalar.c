// SPDX-License-Identifier: ISC
/*
 * The secret number of keys of elliptic curves: as long as the curve's order wherever a
 * key comes from, and what is no such key.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "pki/der.h"
#include "pki/make.h"
#include "pki/scalar.h"

enum { KEYS = 64, P256 = 32 };

/* AlgorithmIdentifier of P-256. */
static const uint8_t ALGORITHM[] = { 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
	0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };

/* A PKCS #8 with a number of these bytes, which all have the same value but the first. */
static void
make_key(struct buffer *ret, size_t len, uint8_t first, uint8_t rest)
{
	CLEANUP(buffer_free) struct buffer inner = { 0 };
	uint8_t number[80];

	memset(number, rest, sizeof(number));
	number[0] = first;
	assert_int_equal(pki_der_put_number(&inner, PKI_DER_INTEGER, 1), 0);
	assert_int_equal(pki_der_put(&inner, PKI_DER_OCTETS, number, len), 0);
	assert_int_equal(pki_der_wrap(&inner, PKI_DER_SEQUENCE), 0);
	assert_int_equal(pki_der_put_number(ret, PKI_DER_INTEGER, 0), 0);
	assert_int_equal(buffer_append(ret, ALGORITHM, sizeof(ALGORITHM)), 0);
	assert_int_equal(
		pki_der_put(ret, PKI_DER_OCTETS, buffer_data(&inner), buffer_len(&inner)),
		0);
	assert_int_equal(pki_der_wrap(ret, PKI_DER_SEQUENCE), 0);
}

static void
expect_equal(const struct buffer *a, const struct buffer *b)
{
	assert_int_equal(buffer_len(a), buffer_len(b));
	assert_memory_equal(buffer_data(a), buffer_data(b), buffer_len(a));
}

static void
test_numbers_are_fitted(void **state)
{
	static const struct {
		const char *what;
		size_t len;
		uint8_t first, rest;
		int answer;
	} cases[] = {
		{ "as it is to be", 32, 0x7a, 0x7a, 0 },
		{ "with a sign", 33, 0x00, 0x7a, 1 },
		{ "with many", 40, 0x00, 0x00, 1 },
		{ "one short", 31, 0x7a, 0x7a, 1 },
		{ "one byte", 1, 0x7a, 0x7a, 1 },
		{ "too large", 33, 0x01, 0x7a, -EBADMSG },
		{ "none", 0, 0x00, 0x00, -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(buffer_free) struct buffer der = { 0 }, fitted = { 0 };
		CLEANUP(buffer_free) struct buffer again = { 0 };
		int r;

		make_key(&der, cases[i].len, cases[i].first, cases[i].rest);
		r = pki_scalar_fit(buffer_data(&der), buffer_len(&der), P256, &fitted);
		if (r != cases[i].answer)
			fail_msg("%s: %d", cases[i].what, r);
		if (r != 1)
			continue;
		assert_int_equal(pki_scalar_fit(buffer_data(&fitted), buffer_len(&fitted),
					 P256, &again),
			0);
	}
}

/* Byte for byte, the leading zeros in their place. */
static void
test_fitted_to_the_byte(void **state)
{
	CLEANUP(buffer_free) struct buffer sign = { 0 }, brief = { 0 };
	CLEANUP(buffer_free) struct buffer a = { 0 }, b = { 0 }, right = { 0 };
	CLEANUP(buffer_free) struct buffer right_brief = { 0 };

	(void)state;
	make_key(&sign, 33, 0x00, 0xaa);
	make_key(&right, 32, 0xaa, 0xaa);
	make_key(&brief, 31, 0xaa, 0xaa);
	make_key(&right_brief, 32, 0x00, 0xaa);
	assert_int_equal(
		pki_scalar_fit(buffer_data(&sign), buffer_len(&sign), P256, &a), 1);
	expect_equal(&a, &right);
	assert_int_equal(
		pki_scalar_fit(buffer_data(&brief), buffer_len(&brief), P256, &b), 1);
	expect_equal(&b, &right_brief);
}

/* Cut anywhere, it is no key. */
static void
test_damaged(void **state)
{
	CLEANUP(buffer_free) struct buffer der = { 0 };

	(void)state;
	make_key(&der, 33, 0x00, 0x7a);
	for (size_t len = 0; len < buffer_len(&der); len++) {
		CLEANUP(buffer_free) struct buffer fitted = { 0 };

		assert_int_equal(
			pki_scalar_fit(buffer_data(&der), len, P256, &fitted), -EBADMSG);
	}
}

static void
expect_fitted(const struct pki_key *key)
{
	CLEANUP(buffer_wipe) struct buffer der = { 0 }, fitted = { 0 };

	assert_int_equal(pki_key_write_der(key, &der), 0);
	assert_int_equal(
		pki_scalar_fit(buffer_data(&der), buffer_len(&der), P256, &fitted), 0);
}

/* The same key with a sign before its number. */
static void
worsen(const struct buffer *der, struct buffer *ret)
{
	CLEANUP(buffer_wipe) struct buffer inner = { 0 };
	struct pki_der in = pki_der_of(buffer_data(der), buffer_len(der));
	struct pki_der version, algorithm, octets, one, number;
	uint8_t signed_number[P256 + 1] = { 0 };

	assert_int_equal(pki_der_take(&in, PKI_DER_SEQUENCE, &in), 0);
	assert_int_equal(pki_der_take_any(&in, &version), 0);
	assert_int_equal(pki_der_take_any(&in, &algorithm), 0);
	assert_int_equal(pki_der_take(&in, PKI_DER_OCTETS, &octets), 0);
	assert_int_equal(pki_der_take(&octets, PKI_DER_SEQUENCE, &octets), 0);
	assert_int_equal(pki_der_take_any(&octets, &one), 0);
	assert_int_equal(pki_der_take(&octets, PKI_DER_OCTETS, &number), 0);
	assert_int_equal(number.len, P256);
	memcpy(signed_number + 1, number.at, P256);
	assert_int_equal(buffer_append(&inner, one.at, one.len), 0);
	assert_int_equal(
		pki_der_put(&inner, PKI_DER_OCTETS, signed_number, sizeof(signed_number)),
		0);
	assert_int_equal(buffer_append(&inner, octets.at, octets.len), 0);
	assert_int_equal(pki_der_wrap(&inner, PKI_DER_SEQUENCE), 0);
	assert_int_equal(buffer_append(ret, version.at, version.len), 0);
	assert_int_equal(buffer_append(ret, algorithm.at, algorithm.len), 0);
	assert_int_equal(
		pki_der_put(ret, PKI_DER_OCTETS, buffer_data(&inner), buffer_len(&inner)),
		0);
	assert_int_equal(pki_der_wrap(ret, PKI_DER_SEQUENCE), 0);
}

/* Keys that are made, that were written, and that somebody else has written. */
static void
test_keys(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KEYS; i++) {
		CLEANUP(pki_key_free) struct pki_key *key = NULL, *again = NULL;
		CLEANUP(pki_key_free) struct pki_key *theirs = NULL;
		CLEANUP(buffer_wipe) struct buffer pem = { 0 }, der = { 0 };
		CLEANUP(buffer_wipe) struct buffer worse = { 0 };

		assert_int_equal(pki_key_make(PKI_KEY_P256, &key), 0);
		expect_fitted(key);
		assert_int_equal(pki_key_write(key, &pem), 0);
		assert_int_equal(
			pki_key_read(buffer_data(&pem), buffer_len(&pem), &again), 0);
		expect_fitted(again);
		assert_int_equal(pki_key_write_der(key, &der), 0);
		worsen(&der, &worse);
		assert_int_equal(pki_key_read_der(buffer_data(&worse), buffer_len(&worse),
					 &theirs),
			0);
		expect_fitted(theirs);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_are_fitted),
		cmocka_unit_test(test_fitted_to_the_byte),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
