// SPDX-License-Identifier: ISC
/*
 * Keys and certificates made, read back, and what may not sign; chains of PEM text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "pki/describe.h"
#include "pki/identity.h"
#include "pki/make.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const int64_t from = 1700000000;
static const int64_t until = 1800000000;

static const char *const hosts[] = { "mail.example.org", "192.0.2.25", "2001:db8::25" };

static const struct pki_order orders[] = {
	[PKI_ROLE_CA] = { .role = PKI_ROLE_CA, .common_name = "CA" },
	[PKI_ROLE_SERVER] = { .role = PKI_ROLE_SERVER,
		.common_name = "mail.example.org",
		.hosts = hosts,
		.n_hosts = COUNT(hosts) },
	[PKI_ROLE_CLIENT] = { .role = PKI_ROLE_CLIENT,
		.common_name = "brad@447.edu",
		.mail = "brad@447.edu" },
};

/* Makes a certificate for a key and reads it back: the caller clears the chain. */
static int
make(enum pki_role role, int64_t end, const struct pki_key *key,
	const struct pki_chain *issuer, const struct pki_key *issuer_key,
	struct pki_chain *ret)
{
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	struct pki_order order = orders[role];
	int r;

	order.not_before = from;
	order.not_after = end;
	r = pki_certificate_make(&order, key,
		issuer ? buffer_data(&issuer->der[0]) : NULL,
		issuer ? buffer_len(&issuer->der[0]) : 0, issuer_key, &pem);
	if (r == 0)
		r = pki_chain_read(buffer_data(&pem), buffer_len(&pem), ret);
	return r;
}

static void
identify(const struct pki_chain *chain, struct pki_identity *ret)
{
	assert_int_equal(pki_identity_read(buffer_data(&chain->der[0]),
				 buffer_len(&chain->der[0]), ret),
		0);
}

static void
describe(const struct pki_chain *chain, struct pki_description *ret)
{
	assert_int_equal(pki_describe(buffer_data(&chain->der[0]),
				 buffer_len(&chain->der[0]), ret),
		0);
}

static void
test_keys(void **state)
{
	static const enum pki_key_type types[] = { PKI_KEY_P256, PKI_KEY_ED25519,
		PKI_KEY_RSA3072 };

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		CLEANUP(pki_key_free) struct pki_key *key = NULL;
		CLEANUP(pki_key_free) struct pki_key *again = NULL;
		CLEANUP(buffer_wipe) struct buffer pem = { 0 };
		CLEANUP(pki_chain_clear) struct pki_chain chain = { 0 };
		CLEANUP(pki_identity_clear) struct pki_identity id = { 0 };
		uint8_t a[PKI_PIN_SIZE], b[PKI_PIN_SIZE];

		assert_int_equal(pki_key_make(types[i], &key), 0);
		assert_int_equal(pki_key_write(key, &pem), 0);
		assert_non_null(strstr(buffer_string(&pem), "BEGIN PRIVATE KEY"));
		assert_int_equal(
			pki_key_read(buffer_data(&pem), buffer_len(&pem), &again), 0);
		assert_int_equal(pki_key_pin(key, a), 0);
		assert_int_equal(pki_key_pin(again, b), 0);
		assert_memory_equal(a, b, sizeof(a));
		assert_int_equal(
			make(PKI_ROLE_CLIENT, until, again, NULL, NULL, &chain), 0);
		identify(&chain, &id);
		assert_memory_equal(id.pin, a, sizeof(a));
		assert_int_equal(pki_client_judge(buffer_data(&chain.der[0]),
					 buffer_len(&chain.der[0]), from),
			PKI_TRUSTED);
	}
}

static void
test_what_is_no_key(void **state)
{
	CLEANUP(pki_key_free) struct pki_key *key = NULL;
	static const char *const texts[] = { "", "x", "-----BEGIN PRIVATE KEY-----\n",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_int_equal(
			pki_key_read(texts[i], strlen(texts[i]), &key), -EBADMSG);
	assert_null(key);
	assert_int_equal(pki_key_make((enum pki_key_type)99, &key), -EINVAL);
}

struct issued {
	struct pki_key *ca_key;
	struct pki_key *key;
	struct pki_chain ca;
};

static int
make_ca(void **state)
{
	static struct issued all;

	if (pki_key_make(PKI_KEY_P256, &all.ca_key) < 0 ||
		pki_key_make(PKI_KEY_P256, &all.key) < 0)
		return -1;
	*state = &all;
	return make(PKI_ROLE_CA, until, all.ca_key, NULL, NULL, &all.ca);
}

static int
free_ca(void **state)
{
	struct issued *all = *state;

	pki_key_free(&all->ca_key);
	pki_key_free(&all->key);
	pki_chain_clear(&all->ca);
	return 0;
}

static void
test_roles(void **state)
{
	static const struct {
		bool is_ca, for_server, for_client;
		const char *others;
		size_t n_names;
	} expected[] = {
		[PKI_ROLE_CA] = { true, true, true, "", 1 },
		[PKI_ROLE_SERVER] = { false, true, false,
			"DNS:mail.example.org, IP:192.0.2.25, IP:2001:db8::25", 0 },
		[PKI_ROLE_CLIENT] = { false, false, true, "email:brad@447.edu", 1 },
	};
	const struct issued *all = *state;

	for (size_t i = 0; i < COUNT(expected); i++) {
		CLEANUP(pki_chain_clear) struct pki_chain chain = { 0 };
		CLEANUP(pki_description_clear) struct pki_description what = { 0 };
		CLEANUP(pki_identity_clear) struct pki_identity id = { 0 };
		bool is_ca = i == PKI_ROLE_CA;

		assert_int_equal(
			make((enum pki_role)i, until, all->key, is_ca ? NULL : &all->ca,
				is_ca ? NULL : all->ca_key, &chain),
			0);
		describe(&chain, &what);
		identify(&chain, &id);
		assert_int_equal(what.is_ca, expected[i].is_ca);
		assert_int_equal(what.for_server, expected[i].for_server);
		assert_int_equal(what.for_client, expected[i].for_client);
		assert_string_equal(what.others, expected[i].others);
		assert_string_equal(what.issuer, "CN=CA");
		assert_int_equal(what.self_issued, is_ca);
		assert_int_equal(id.not_before, from);
		assert_int_equal(id.not_after, until);
		assert_int_equal(id.has_san, !is_ca);
		assert_int_equal(id.n_names, expected[i].n_names);
	}
}

static void
test_no_certificate_outlives_its_ca(void **state)
{
	CLEANUP(pki_chain_clear) struct pki_chain chain = { 0 };
	CLEANUP(pki_identity_clear) struct pki_identity id = { 0 };
	const struct issued *all = *state;

	assert_int_equal(make(PKI_ROLE_CLIENT, until + 1000000, all->key, &all->ca,
				 all->ca_key, &chain),
		0);
	identify(&chain, &id);
	assert_int_equal(id.not_after, until);
}

/* Neither a stranger's key nor a client's certificate signs anything. */
static void
test_who_may_not_sign(void **state)
{
	CLEANUP(pki_chain_clear) struct pki_chain client = { 0 };
	CLEANUP(pki_chain_clear) struct pki_chain chain = { 0 };
	const struct issued *all = *state;

	assert_int_equal(
		make(PKI_ROLE_CLIENT, until, all->key, &all->ca, all->key, &chain),
		-EKEYREJECTED);
	assert_int_equal(
		make(PKI_ROLE_CLIENT, until, all->key, &all->ca, all->ca_key, &client),
		0);
	assert_int_equal(
		make(PKI_ROLE_CLIENT, until, all->ca_key, &client, all->key, &chain),
		-EBADMSG);
	assert_int_equal(chain.n, 0);
}

static void
test_serials(void **state)
{
	const struct issued *all = *state;
	uint8_t last[PKI_SERIAL_MAX] = { 0 };

	for (int i = 0; i < 50; i++) {
		CLEANUP(pki_chain_clear) struct pki_chain chain = { 0 };
		CLEANUP(pki_identity_clear) struct pki_identity id = { 0 };

		assert_int_equal(
			make(PKI_ROLE_CLIENT, until, all->key, NULL, NULL, &chain), 0);
		identify(&chain, &id);
		assert_int_equal(id.serial_len, 16);
		assert_in_range(id.serial[0], 1, 0x7f);
		assert_memory_not_equal(id.serial, last, 16);
		memcpy(last, id.serial, 16);
	}
}

static void
test_chains(void **state)
{
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	CLEANUP(pki_chain_clear) struct pki_chain chain = { 0 };
	const struct issued *all = *state;
	struct pki_order order = orders[PKI_ROLE_CLIENT];

	order.not_before = from;
	order.not_after = until;
	for (int i = 0; i < PKI_CHAIN_MAX; i++) {
		assert_int_equal(buffer_puts(&pem, "between\n"), 0);
		assert_int_equal(
			pki_certificate_make(&order, all->key, NULL, 0, NULL, &pem), 0);
	}
	assert_int_equal(pki_chain_read(buffer_data(&pem), buffer_len(&pem), &chain), 0);
	assert_int_equal(chain.n, PKI_CHAIN_MAX);
	pki_chain_clear(&chain);
	/* The last one cut off is no shorter chain but a fault. */
	assert_int_equal(pki_chain_read(buffer_data(&pem), buffer_len(&pem) - 40, &chain),
		-EBADMSG);
	assert_int_equal(pki_certificate_make(&order, all->key, NULL, 0, NULL, &pem), 0);
	assert_int_equal(
		pki_chain_read(buffer_data(&pem), buffer_len(&pem), &chain), -E2BIG);
	assert_int_equal(pki_chain_read("", 0, &chain), -EBADMSG);
	assert_int_equal(pki_chain_read("none", 4, &chain), -EBADMSG);
	assert_int_equal(chain.n, 0);
}

static void
test_bad_orders(void **state)
{
	static const char *const bad_host[] = { "b\xc3\xbc.example\xff" };
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	const struct issued *all = *state;
	struct pki_order order = orders[PKI_ROLE_SERVER];

	order.hosts = bad_host;
	order.n_hosts = 1;
	assert_int_equal(
		pki_certificate_make(&order, all->key, NULL, 0, NULL, &pem), -EINVAL);
	order = orders[PKI_ROLE_CLIENT];
	assert_int_equal(
		pki_certificate_make(&order, all->key, "x", 1, all->key, &pem), -EBADMSG);
	assert_int_equal(buffer_len(&pem), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_what_is_no_key),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_no_certificate_outlives_its_ca),
		cmocka_unit_test(test_who_may_not_sign),
		cmocka_unit_test(test_serials),
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_bad_orders),
	};

	return cmocka_run_group_tests(tests, make_ca, free_ca);
}
