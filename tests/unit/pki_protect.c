// SPDX-License-Identifier: ISC
/*
 * Keys under a passphrase: there and back, wrong passphrases, damaged files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "pki/pem.h"
#include "pki/protect.h"
#include "pki_fixture.h"

static void
test_there_and_back(void **state)
{
	static const enum pki_key_type types[] = { PKI_KEY_P256, PKI_KEY_ED25519,
		PKI_KEY_RSA3072 };

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		CLEANUP(pki_key_free) struct pki_key *key = NULL;
		CLEANUP(pki_key_free) struct pki_key *again = NULL;
		CLEANUP(pki_key_free) struct pki_key *plain = NULL;
		CLEANUP(buffer_wipe) struct buffer pem = { 0 };
		CLEANUP(buffer_wipe) struct buffer second = { 0 };
		uint8_t a[PKI_PIN_SIZE], b[PKI_PIN_SIZE];

		assert_int_equal(pki_key_make(types[i], &key), 0);
		assert_int_equal(pki_key_protect(key, "a passphrase", &pem), 0);
		assert_int_equal(pki_key_protect(key, "a passphrase", &second), 0);
		assert_int_equal(buffer_len(&pem), buffer_len(&second));
		assert_memory_not_equal(
			buffer_data(&pem), buffer_data(&second), buffer_len(&pem));
		assert_true(pki_key_is_protected(buffer_data(&pem), buffer_len(&pem)));
		assert_int_equal(
			pki_key_read(buffer_data(&pem), buffer_len(&pem), &plain),
			-EBADMSG);
		assert_int_equal(pki_key_unprotect(buffer_data(&pem), buffer_len(&pem),
					 "a passphrase", &again),
			0);
		assert_int_equal(pki_key_pin(key, a), 0);
		assert_int_equal(pki_key_pin(again, b), 0);
		assert_memory_equal(a, b, sizeof(a));
	}
}

static void
test_wrong_passphrases(void **state)
{
	static const char *const wrong[] = { "", "a", "a passphrase ", "A passphrase",
		"a passphras" };
	CLEANUP(pki_key_free) struct pki_key *key = NULL;
	CLEANUP(pki_key_free) struct pki_key *again = NULL;
	CLEANUP(buffer_wipe) struct buffer pem = { 0 };

	(void)state;
	assert_int_equal(pki_key_make(PKI_KEY_P256, &key), 0);
	assert_int_equal(pki_key_protect(key, "a passphrase", &pem), 0);
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(pki_key_unprotect(buffer_data(&pem), buffer_len(&pem),
					 wrong[i], &again),
			-EKEYREJECTED);
	assert_null(again);
}

static int
keep(void *context, const void *der, size_t len)
{
	return buffer_append(context, der, len);
}

/* Its head cut off or changed byte by byte is never a key, and never read beyond. The
 * rounds are left alone, which would only take longer. */
static void
test_damage(void **state)
{
	CLEANUP(pki_key_free) struct pki_key *key = NULL;
	CLEANUP(pki_key_free) struct pki_key *again = NULL;
	CLEANUP(buffer_wipe) struct buffer pem = { 0 };
	CLEANUP(buffer_wipe) struct buffer der = { 0 };
	static const size_t places[] = { 0, 1, 4, 8, 15, 20, 30, 69, 75, 85 };

	(void)state;
	assert_int_equal(pki_key_make(PKI_KEY_P256, &key), 0);
	assert_int_equal(pki_key_protect(key, "a passphrase", &pem), 0);
	assert_int_equal(pki_pem_each(buffer_data(&pem), buffer_len(&pem),
				 "ENCRYPTED PRIVATE KEY", keep, &der),
		0);
	for (size_t i = 0; i < COUNT(places); i++) {
		CLEANUP(buffer_wipe) struct buffer bad = { 0 };
		int r;

		buffer_data(&der)[places[i]] ^= 0x21;
		assert_int_equal(pki_pem_write("ENCRYPTED PRIVATE KEY", buffer_data(&der),
					 buffer_len(&der), &bad),
			0);
		buffer_data(&der)[places[i]] ^= 0x21;
		r = pki_key_unprotect(
			buffer_data(&bad), buffer_len(&bad), "a passphrase", &again);
		if (r != -EBADMSG && r != -ENOTSUP && r != -EKEYREJECTED)
			fail_msg("place %zu: %d", places[i], r);
		assert_null(again);
	}
	assert_int_equal(pki_key_unprotect("", 0, "x", &again), -EBADMSG);
	assert_int_equal(pki_key_unprotect("text", 4, "x", &again), -EBADMSG);
	assert_false(pki_key_is_protected("", 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_wrong_passphrases),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
