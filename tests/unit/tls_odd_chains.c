// SPDX-License-Identifier: ISC
/*
 * Odd certificates and chains, which are inputs of fuzz targets as well: the verdict on
 * each, and the names that it would let in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>

#include "auth/name.h"
#include "base/cleanup.h"
#include "base/reader.h"
#include "pki/file.h"
#include "pki/handle.h"
#include "tls/credentials_private.h"
#include "tls/judge.h"

#define CORPUS "tests/fuzz/corpus/"

enum { FILE_MAX = 128 * 1024 };

static struct tls_credentials credentials;

static int
setup(void **state)
{
	CLEANUP(buffer_free) struct buffer ca = { 0 };
	gnutls_datum_t der;

	(void)state;
	assert_int_equal(
		pki_file_read(AT_FDCWD, CORPUS "pki_identity/ca", FILE_MAX, &ca), 0);
	der = (gnutls_datum_t){ (void *)buffer_data(&ca), (unsigned)buffer_len(&ca) };
	assert_int_equal(
		gnutls_certificate_allocate_credentials(&credentials.certificates), 0);
	assert_int_equal(gnutls_certificate_set_x509_trust_mem(
				 credentials.certificates, &der, GNUTLS_X509_FMT_DER),
		1);
	credentials.verify_flags = tls_judge_flags("NORMAL");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	gnutls_certificate_free_credentials(credentials.certificates);
	return 0;
}

struct odd_case {
	const char *file;
	enum pki_verdict verdict;
	const char *user;  /* whom it lets in, or NULL: nobody */
	size_t more_users; /* how many others */
};

static const struct odd_case cases[] = {
	{ "good", PKI_TRUSTED, "brad@447.edu", 0 },
	{ "good-with-root", PKI_TRUSTED, "brad@447.edu", 0 },
	{ "good-below", PKI_TRUSTED, "brad@447.edu", 0 },
	{ "good-below-with-root", PKI_TRUSTED, "brad@447.edu", 0 },
	{ "cn-plain", PKI_TRUSTED, "brad@447.edu", 0 },
	{ "eight", PKI_TRUSTED, "brad@447.edu", 0 },
	{ "too-long", PKI_BAD, "brad@447.edu", 0 },
	{ "constraint-violated", PKI_BAD, NULL, 0 },
	{ "constraint-violated-by-second", PKI_BAD, "brad@447.edu", 0 },
	{ "gap", PKI_UNKNOWN_CA, "brad@447.edu", 0 },
	{ "self-signed", PKI_UNKNOWN_CA, "brad@447.edu", 0 },
	{ "forged", PKI_BAD, "a@447.edu", 0 },
	{ "rubbish-behind", PKI_BAD, "brad@447.edu", 0 },
	{ "expired", PKI_EXPIRED, "brad@447.edu", 0 },
	{ "server", PKI_WRONG_PURPOSE, "brad@447.edu", 0 },
	{ "critical-unknown", PKI_BAD, "brad@447.edu", 0 },
	/* Nothing is wrong with these, but they are nobody's. */
	{ "nul-in-cn", PKI_TRUSTED, NULL, 0 },
	{ "bmp", PKI_TRUSTED, NULL, 0 },
	{ "utf16-surrogates", PKI_TRUSTED, NULL, 0 },
	{ "universal", PKI_TRUSTED, NULL, 0 },
	{ "teletex", PKI_TRUSTED, NULL, 0 },
	{ "no-name", PKI_TRUSTED, NULL, 0 },
	{ "cn-newline", PKI_TRUSTED, NULL, 0 },
	{ "cn-wildcard", PKI_TRUSTED, NULL, 0 },
	{ "cn-path", PKI_TRUSTED, NULL, 0 },
	{ "cn-3000", PKI_TRUSTED, NULL, 0 },
	{ "wildcard", PKI_TRUSTED, NULL, 0 },
	{ "star", PKI_TRUSTED, NULL, 0 },
	{ "dot", PKI_TRUSTED, NULL, 0 },
	{ "san-nul", PKI_TRUSTED, NULL, 0 },
	/* As many of a thousand as are read. */
	{ "san-1000", PKI_TRUSTED, "user0@447.edu", PKI_NAMES_MAX - 1 },
};

/* The first user whom the certificate names, and how many there are. */
static size_t
find_users(struct gnutls_x509_crt_int *leaf, char ret[AUTH_NAME_SIZE])
{
	char *domains[] = { (char *)"447.edu", NULL };
	struct config config = { .domains = domains, .n_domains = 1 };
	CLEANUP(pki_identity_clear) struct pki_identity id = { 0 };
	char name[AUTH_NAME_SIZE];
	size_t n = 0;

	*ret = '\0';
	assert_int_equal(pki_crt_identity(leaf, &id), 0);
	for (size_t i = 0; i < id.n_names; i++)
		if (auth_name_read(&config, id.names[i], strlen(id.names[i]), name) ==
				0 &&
			n++ == 0)
			memcpy(ret, name, sizeof(name));
	return n;
}

static void
check_case(const struct odd_case *c)
{
	CLEANUP(pki_crt_free) struct gnutls_x509_crt_int *leaf = NULL;
	CLEANUP(buffer_free) struct buffer file = { 0 };
	struct tls_span chain[TLS_PEER_CHAIN_MAX + 1] = { { NULL, 0 } };
	char path[128], user[AUTH_NAME_SIZE];
	struct reader r;
	enum pki_verdict verdict;
	uint32_t status;
	size_t n = 0, users;

	snprintf(path, sizeof(path), CORPUS "tls_judge/%s", c->file);
	assert_int_equal(pki_file_read(AT_FDCWD, path, FILE_MAX, &file), 0);
	r = (struct reader){ .at = (void *)buffer_data(&file),
		.left = buffer_len(&file) };
	while (r.left > 0) {
		struct reader one = reader_inner(&r, 3);

		assert_false(r.bad);
		chain[n++] = (struct tls_span){ one.at, one.left };
	}
	assert_int_equal(pki_crt_read(chain[0].data, chain[0].len, &leaf), 0);
	verdict = tls_judge_chain(&credentials, leaf, chain, n, &status);
	if (verdict != c->verdict)
		fail_msg("%s: %s, status %x", c->file, pki_verdict_name(verdict), status);
	users = find_users(leaf, user);
	if (strcmp(user, c->user ? c->user : "") != 0 ||
		users != (c->user ? 1 + c->more_users : 0))
		fail_msg("%s: %zu users, the first %s", c->file, users, user);
}

static void
test_odd_chains(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_case(&cases[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_odd_chains),
	};

	return cmocka_run_group_tests_name("tls_odd_chains", tests, setup, teardown);
}
