// SPDX-License-Identifier: ISC
/*
 * Certificates made anew, name constraints, path lengths, and who has signed what.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "pki/constraints.h"
#include "pki_fixture.h"

static const char *const permits[] = { "447.edu", "example.org" };

static const struct pki_order ROOT = { .role = PKI_ROLE_CA,
	.common_name = "Root",
	.path_length = 1,
	.permits = permits,
	.n_permits = 2 };
static const struct pki_order CLIENT = {
	.role = PKI_ROLE_CLIENT, .common_name = "brad@447.edu", .mail = "brad@447.edu"
};

static struct holder root;

static int
begin(void **state)
{
	(void)state;
	holder_make(&ROOT, PKI_KEY_P256, NULL, &root);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	holder_clear(&root);
	return 0;
}

static int
renew(const struct holder *earlier, const struct pki_renewal *renewal,
	const struct holder *issuer, struct pki_chain *ret)
{
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	int r = pki_certificate_renew(holder_der(earlier), holder_len(earlier), renewal,
		issuer ? holder_der(issuer) : NULL, issuer ? holder_len(issuer) : 0,
		issuer ? issuer->key : NULL, &pem);

	return r < 0 ? r : pki_chain_read(buffer_data(&pem), buffer_len(&pem), ret);
}

static void
identify(const struct pki_chain *chain, struct pki_identity *ret)
{
	assert_int_equal(pki_identity_read(buffer_data(&chain->der[0]),
				 buffer_len(&chain->der[0]), ret),
		0);
}

/* Each kind of key under each kind of CA: algorithms with and without parameters. */
static void
test_every_kind(void **state)
{
	static const enum pki_key_type types[] = { PKI_KEY_P256, PKI_KEY_ED25519,
		PKI_KEY_RSA3072 };

	(void)state;
	for (size_t i = 0; i < COUNT(types) * COUNT(types); i++) {
		CLEANUP(holder_clear) struct holder client = { 0 };
		CLEANUP(holder_clear) struct holder other = { 0 };
		CLEANUP(pki_chain_clear) struct pki_chain same = { 0 };
		CLEANUP(pki_chain_clear) struct pki_chain rekeyed = { 0 };
		CLEANUP(pki_identity_clear) struct pki_identity a = { 0 };
		CLEANUP(pki_identity_clear) struct pki_identity b = { 0 };
		struct pki_renewal renewal = {
			.path_length = -1, .not_before = from + 1, .not_after = until - 1
		};

		holder_make(&CLIENT, types[i % COUNT(types)], &root, &client);
		holder_make(&ROOT, types[i / COUNT(types)], NULL, &other);
		assert_int_equal(renew(&client, &renewal, &other, &same), 0);
		identify(&client.chain, &a);
		identify(&same, &b);
		assert_memory_equal(a.pin, b.pin, sizeof(a.pin));
		assert_int_equal(b.not_before, from + 1);
		assert_int_equal(b.not_after, until - 1);
		assert_string_equal(a.names[0], b.names[0]);
		assert_true(a.serial_len != b.serial_len ||
			    memcmp(a.serial, b.serial, a.serial_len) != 0);
		assert_true(pki_certificate_is_from(buffer_data(&same.der[0]),
			buffer_len(&same.der[0]), holder_der(&other),
			holder_len(&other)));
		assert_false(pki_certificate_is_from(buffer_data(&same.der[0]),
			buffer_len(&same.der[0]), holder_der(&root), holder_len(&root)));
		renewal.key = other.key;
		assert_int_equal(renew(&client, &renewal, &root, &rekeyed), 0);
		assert_true(pki_certificate_is_from(buffer_data(&rekeyed.der[0]),
			buffer_len(&rekeyed.der[0]), holder_der(&root),
			holder_len(&root)));
	}
}

static void
test_a_ca(void **state)
{
	CLEANUP(pki_chain_clear) struct pki_chain same = { 0 };
	CLEANUP(pki_chain_clear) struct pki_chain named = { 0 };
	CLEANUP(pki_description_clear) struct pki_description what = { 0 };
	struct pki_renewal renewal = { .key = root.key,
		.path_length = 3,
		.not_before = from,
		.not_after = until + 1000 };

	(void)state;
	assert_int_equal(renew(&root, &renewal, NULL, &same), 0);
	assert_true(pki_certificate_is_from(buffer_data(&same.der[0]),
		buffer_len(&same.der[0]), holder_der(&root), holder_len(&root)));
	assert_int_equal(
		pki_describe(buffer_data(&same.der[0]), buffer_len(&same.der[0]), &what),
		0);
	assert_int_equal(what.path_length, 3);
	assert_true(what.is_ca);
	assert_string_equal(what.subject, "CN=Root");
	assert_string_equal(what.constraints,
		"permitted DNS:447.edu, email:447.edu, email:.447.edu, "
		"DNS:example.org, email:example.org, email:.example.org");
	assert_string_equal(what.uses, "keyCertSign, cRLSign");
	renewal.common_name = "Another";
	assert_int_equal(renew(&root, &renewal, NULL, &named), 0);
	assert_false(pki_certificate_is_from(buffer_data(&named.der[0]),
		buffer_len(&named.der[0]), holder_der(&root), holder_len(&root)));
	renewal.key = NULL;
	pki_chain_clear(&named);
	assert_int_equal(renew(&root, &renewal, NULL, &named), -EINVAL);
}

static void
test_constraints(void **state)
{
	static const struct {
		enum pki_name_kind kind;
		const char *name;
		int allowed;
	} rows[] = {
		{ PKI_NAME_DNS, "447.edu", 1 },
		{ PKI_NAME_DNS, "mail.447.edu", 1 },
		{ PKI_NAME_DNS, "x447.edu", 0 },
		{ PKI_NAME_DNS, "edu", 0 },
		{ PKI_NAME_DNS, "447.edu.net", 0 },
		{ PKI_NAME_MAIL, "a@447.edu", 1 },
		{ PKI_NAME_MAIL, "a@b.447.edu", 1 },
		{ PKI_NAME_MAIL, "a@example.org", 1 },
		{ PKI_NAME_MAIL, "a@x447.edu", 0 },
		{ PKI_NAME_MAIL, "447.edu@net.org", 0 },
		{ PKI_NAME_MAIL, "a", 0 },
		{ PKI_NAME_ADDRESS, "192.0.2.1", 1 },
		{ PKI_NAME_ADDRESS, "2001:db8::1", 1 },
		{ PKI_NAME_ADDRESS, "no address", 0 },
	};
	static const struct pki_order plain = { .role = PKI_ROLE_CA,
		.common_name = "Plain" };
	CLEANUP(holder_clear) struct holder other = { 0 };

	(void)state;
	holder_make(&plain, PKI_KEY_P256, NULL, &other);
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (pki_constraints_allow(holder_der(&root), holder_len(&root),
			    rows[i].kind, rows[i].name) != rows[i].allowed)
			fail_msg("%s", rows[i].name);
		if (rows[i].kind != PKI_NAME_ADDRESS)
			assert_int_equal(
				pki_constraints_allow(holder_der(&other),
					holder_len(&other), rows[i].kind, rows[i].name),
				1);
	}
	assert_int_equal(pki_constraints_are_about(
				 holder_der(&root), holder_len(&root), PKI_NAME_MAIL),
		1);
	assert_int_equal(pki_constraints_are_about(
				 holder_der(&root), holder_len(&root), PKI_NAME_ADDRESS),
		0);
	assert_int_equal(pki_constraints_are_about(
				 holder_der(&other), holder_len(&other), PKI_NAME_MAIL),
		0);
	assert_int_equal(pki_constraints_allow("x", 1, PKI_NAME_DNS, "a"), -EBADMSG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_a_ca),
		cmocka_unit_test(test_constraints),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
