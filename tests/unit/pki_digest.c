// SPDX-License-Identifier: ISC
/*
 * Hashes, PBKDF2 and base64 against published vectors, and the strictness of base64.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "pki/digest.h"

static void
assert_hex(const uint8_t digest[PKI_SHA256_SIZE], const char *expected)
{
	char hex[2 * PKI_SHA256_SIZE + 1];

	text_hex(digest, PKI_SHA256_SIZE, hex);
	assert_string_equal(hex, expected);
}

/* FIPS 180-4 examples. */
static void
test_sha256(void **state)
{
	uint8_t digest[PKI_SHA256_SIZE];

	(void)state;
	assert_int_equal(pki_sha256("abc", 3, digest), 0);
	assert_hex(digest,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(pki_sha256(NULL, 0, digest), 0);
	assert_hex(digest,
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* RFC 4231 section 4.3, and the keyless HMAC of nothing. */
static void
test_hmac(void **state)
{
	const char *data = "what do ya want for nothing?";
	uint8_t digest[PKI_SHA256_SIZE];

	(void)state;
	assert_int_equal(pki_hmac_sha256("Jefe", 4, data, strlen(data), digest), 0);
	assert_hex(digest,
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	assert_int_equal(pki_hmac_sha256(NULL, 0, NULL, 0, digest), 0);
	assert_hex(digest,
		"b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

/* The vectors of RFC 7914 section 11, cut to one block. */
static void
test_pbkdf2(void **state)
{
	uint8_t key[PKI_SHA256_SIZE];

	(void)state;
	assert_int_equal(pki_pbkdf2_sha256("passwd", 6, "salt", 4, 1, key), 0);
	assert_hex(
		key, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
	assert_int_equal(pki_pbkdf2_sha256("Password", 8, "NaCl", 4, 80000, key), 0);
	assert_hex(
		key, "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56");
	assert_int_equal(pki_pbkdf2_sha256("", 0, "NaCl", 4, 0, key), -EINVAL);
	assert_int_equal(pki_pbkdf2_sha256(NULL, 0, "salt", 4, 1, key), 0);
}

static void
test_random(void **state)
{
	uint8_t a[32] = { 0 };
	uint8_t b[32] = { 0 };

	(void)state;
	assert_int_equal(pki_random(a, sizeof(a)), 0);
	assert_int_equal(pki_random(b, sizeof(b)), 0);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_int_equal(pki_random(NULL, 0), 0);
}

struct base64_case {
	const char *plain;
	size_t len;
	const char *coded;
};

/* RFC 4648 section 10. */
static const struct base64_case base64_cases[] = {
	{ "", 0, "" },
	{ "f", 1, "Zg==" },
	{ "fo", 2, "Zm8=" },
	{ "foo", 3, "Zm9v" },
	{ "foob", 4, "Zm9vYg==" },
	{ "fooba", 5, "Zm9vYmE=" },
	{ "foobar", 6, "Zm9vYmFy" },
	{ "username", 8, "dXNlcm5hbWU=" },
	{ "\0\377\0", 3, "AP8A" },
	{ "\0user\0pass", 10, "AHVzZXIAcGFzcw==" },
};

static void
test_base64(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(base64_cases) / sizeof(base64_cases[0]); i++) {
		const struct base64_case *c = &base64_cases[i];
		char *coded;
		uint8_t *plain;
		size_t len;

		assert_int_equal(pki_base64_encode(c->plain, c->len, &coded), 0);
		assert_string_equal(coded, c->coded);
		assert_int_equal(
			pki_base64_decode(coded, strlen(coded), &plain, &len), 0);
		assert_int_equal(len, c->len);
		assert_memory_equal(plain, c->plain, len);
		assert_int_equal(plain[len], 0);
		free(coded);
		free(plain);
	}
}

static void
test_base64_long(void **state)
{
	uint8_t data[5000];
	uint8_t *plain;
	char *coded;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	assert_int_equal(pki_base64_encode(data, sizeof(data), &coded), 0);
	assert_int_equal(strlen(coded), (sizeof(data) + 2) / 3 * 4);
	assert_null(strpbrk(coded, "\r\n "));
	assert_int_equal(pki_base64_decode(coded, strlen(coded), &plain, &len), 0);
	assert_int_equal(len, sizeof(data));
	assert_memory_equal(plain, data, len);
	free(coded);
	free(plain);
}

static void
test_base64_refused(void **state)
{
	static const char *const bad[] = { "Z", "Zg", "Zg=", "Zg===", "====", "=",
		"==", "=Zg=", "Z===", "Zg==Zg==", "Zm9v\n", "Zm9v Zg==", " Zm9v",
		"Zm9vZg=\n", "Zm-_", "Zm9v*m9v", "Zh==", "Zm9=", "Zg=A", "Zm\r\n" };
	uint8_t *plain = NULL;
	size_t len = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (pki_base64_decode(bad[i], strlen(bad[i]), &plain, &len) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
		assert_null(plain);
		assert_int_equal(len, 77);
	}
	assert_int_equal(pki_base64_decode("Zg=\0", 4, &plain, &len), -EINVAL);
	assert_int_equal(pki_base64_decode("\0AAA", 4, &plain, &len), -EINVAL);
}

/* A process that has drawn, and its forks, which draw what nobody else does. */
static void
test_random_of_forks(void **state)
{
	enum { FORKS = 8 };
	uint8_t drawn[FORKS + 1][16];
	int ends[2], status;

	(void)state;
	assert_int_equal(pki_random(drawn[0], sizeof(drawn[0])), 0);
	assert_int_equal(pipe(ends), 0);
	for (int i = 0; i < FORKS; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			bool done = pki_random(drawn[0], sizeof(drawn[0])) == 0 &&
				    write(ends[1], drawn[0], sizeof(drawn[0])) ==
					    (ssize_t)sizeof(drawn[0]);

			_exit(done ? 0 : 1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		assert_int_equal(
			read(ends[0], drawn[i + 1], sizeof(drawn[0])), sizeof(drawn[0]));
	}
	for (int i = 0; i <= FORKS; i++)
		for (int j = 0; j < i; j++)
			assert_memory_not_equal(drawn[i], drawn[j], sizeof(drawn[0]));
	close(ends[0]);
	close(ends[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256),
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_pbkdf2),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_random_of_forks),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_base64_long),
		cmocka_unit_test(test_base64_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
