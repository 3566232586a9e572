// SPDX-License-Identifier: ISC
/*
 * The judgement that both processes give: on chains, on pinned certificates, and the
 * profile that a priority string asks for.
 */
#include "handshakes.h"
#include "pki/handle.h"
#include "tls/judge.h"

static struct handshakes world;
static struct config *with_list;
static struct tls_credentials *strict; /* which have a list that revokes one client */
static char list_file[96];

static void
make_list(const struct handshakes_pair *revoked)
{
	gnutls_x509_crl_t crl;
	gnutls_datum_t text;
	time_t now = time(NULL);

	TLS_PEER_CHECK(gnutls_x509_crl_init(&crl));
	TLS_PEER_CHECK(gnutls_x509_crl_set_version(crl, 2));
	TLS_PEER_CHECK(gnutls_x509_crl_set_this_update(crl, now - 60));
	TLS_PEER_CHECK(gnutls_x509_crl_set_next_update(crl, now + 3600));
	TLS_PEER_CHECK(gnutls_x509_crl_set_crt(crl, revoked->crt, now - 60));
	TLS_PEER_CHECK(gnutls_x509_crl_sign2(
		crl, world.ca.crt, world.ca.key, GNUTLS_DIG_SHA256, 0));
	TLS_PEER_CHECK(gnutls_x509_crl_export2(crl, GNUTLS_X509_FMT_PEM, &text));
	tls_peer_write(list_file, &text);
	gnutls_free(text.data);
	gnutls_x509_crl_deinit(crl);
}

static int
up(void **state)
{
	char setting[128];
	const char *more[] = { setting };

	(void)state;
	handshakes_make(&world);
	snprintf(list_file, sizeof list_file, "%s/crl.pem", world.dir);
	snprintf(setting, sizeof setting, "tls_crl=%s", list_file);
	make_list(&world.clients[0]);
	with_list = handshakes_config(&world, more, 1);
	strict = handshakes_load(with_list);
	return 0;
}

static int
down(void **state)
{
	(void)state;
	tls_credentials_free(strict);
	config_free(with_list);
	unlink(list_file);
	handshakes_remove(&world);
	return 0;
}

static void
test_flags(void **state)
{
	static const struct {
		const char *priority;
		gnutls_certificate_verification_profiles_t profile;
	} cases[] = {
		{ "", GNUTLS_PROFILE_MEDIUM },
		{ "NORMAL", GNUTLS_PROFILE_MEDIUM },
		{ "NORMAL:%PROFILE_LOW", GNUTLS_PROFILE_MEDIUM },
		{ "NORMAL:%PROFILE_MEDIUM:%COMPAT", GNUTLS_PROFILE_MEDIUM },
		{ "NORMAL:%PROFILE_HIGH", GNUTLS_PROFILE_HIGH },
		{ "%profile_high:%PROFILE_LOW", GNUTLS_PROFILE_HIGH },
		{ "NORMAL:%PROFILE_FUTURE:-VERS-TLS1.2", GNUTLS_PROFILE_FUTURE },
		{ "NORMAL:%PROFILE_ULTRA", GNUTLS_PROFILE_ULTRA },
		{ "NORMAL:%PROFILE_SUITEB192", GNUTLS_PROFILE_SUITEB192 },
		{ "SECURE192", GNUTLS_PROFILE_HIGH },
		{ "SECURE256:+SECURE128", GNUTLS_PROFILE_HIGH },
		{ "NORMAL:+SUITEB128", GNUTLS_PROFILE_SUITEB128 },
		{ "PFS:%PROFILE_NONE_OF_THESE_IS_THAT_LONG_A_WORD",
			GNUTLS_PROFILE_MEDIUM },
		{ ":::", GNUTLS_PROFILE_MEDIUM },
	};

	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(cases); i++)
		if (tls_judge_flags(cases[i].priority) !=
			GNUTLS_PROFILE_TO_VFLAGS(cases[i].profile))
			fail_msg("%s: %x", cases[i].priority,
				tls_judge_flags(cases[i].priority));
}

static enum pki_verdict
judge(const struct tls_credentials *c, const struct handshakes_pair *who, size_t n,
	const struct tls_span *behind)
{
	struct tls_span chain[TLS_PEER_CHAIN_MAX + 1] = { 0 };
	uint32_t status;

	for (size_t i = 1; i < n; i++)
		chain[i] = *behind;
	return tls_judge_chain(c, who->crt, chain, n, &status);
}

static void
test_chains(void **state)
{
	struct tls_span rubbish = { (const void *)"rubbish", 7 }, ca;
	gnutls_datum_t der;

	(void)state;
	TLS_PEER_CHECK(gnutls_x509_crt_export2(world.ca.crt, GNUTLS_X509_FMT_DER, &der));
	ca = (struct tls_span){ der.data, der.size };
	for (size_t i = 0; i < HANDSHAKES_KINDS; i++)
		assert_int_equal(judge(world.credentials, &world.clients[i], 1, NULL),
			PKI_TRUSTED);
	assert_int_equal(
		judge(world.credentials, &world.stranger, 1, NULL), PKI_UNKNOWN_CA);
	assert_int_equal(
		judge(world.credentials, &world.server, 1, NULL), PKI_WRONG_PURPOSE);
	assert_int_equal(
		judge(world.credentials, &world.clients[0], 2, &ca), PKI_TRUSTED);
	assert_int_equal(
		judge(world.credentials, &world.clients[0], TLS_PEER_CHAIN_MAX, &ca),
		PKI_TRUSTED);
	assert_int_equal(
		judge(world.credentials, &world.clients[0], TLS_PEER_CHAIN_MAX + 1, &ca),
		PKI_BAD);
	assert_int_equal(judge(world.credentials, &world.clients[0], 0, NULL), PKI_BAD);
	assert_int_equal(
		judge(world.credentials, &world.clients[0], 3, &rubbish), PKI_BAD);
	gnutls_free(der.data);
}

static void
test_revoked(void **state)
{
	(void)state;
	assert_int_equal(judge(strict, &world.clients[0], 1, NULL), PKI_REVOKED);
	assert_int_equal(judge(strict, &world.clients[1], 1, NULL), PKI_TRUSTED);
}

/* A pinned key needs no issuer, but one that was revoked stays so. */
static void
test_pinned(void **state)
{
	(void)state;
	assert_int_equal(
		tls_judge_pinned(world.credentials, world.stranger.crt), PKI_TRUSTED);
	assert_int_equal(
		tls_judge_pinned(world.credentials, world.clients[0].crt), PKI_TRUSTED);
	assert_int_equal(tls_judge_pinned(strict, world.stranger.crt), PKI_TRUSTED);
	assert_int_equal(tls_judge_pinned(strict, world.clients[1].crt), PKI_TRUSTED);
	assert_int_equal(tls_judge_pinned(strict, world.clients[0].crt), PKI_REVOKED);
}

static enum pki_verdict
judge_again(
	const struct tls_credentials *c, gnutls_x509_crt_t leaf, gnutls_x509_crt_t behind)
{
	struct tls_span chain[2] = { 0 };
	gnutls_datum_t der = { NULL, 0 };
	enum pki_verdict verdict;

	if (behind)
		TLS_PEER_CHECK(
			gnutls_x509_crt_export2(behind, GNUTLS_X509_FMT_DER, &der));
	chain[1] = (struct tls_span){ der.data, der.size };
	verdict = tls_judge_again(c, leaf, chain, behind ? 2 : 1);
	gnutls_free(der.data);
	return verdict;
}

static void
test_again(void **state)
{
	struct tls_span rubbish[2] = { { NULL, 0 }, { (const void *)"rubbish", 7 } };

	(void)state;
	for (size_t i = 0; i < HANDSHAKES_KINDS; i++) {
		gnutls_x509_crt_t crt = world.clients[i].crt;

		assert_int_equal(judge_again(world.credentials, crt, NULL), PKI_TRUSTED);
		assert_int_equal(
			judge_again(world.credentials, crt, world.ca.crt), PKI_TRUSTED);
		assert_int_equal(judge_again(strict, crt, NULL),
			i == 0 ? PKI_REVOKED : PKI_TRUSTED);
	}
	assert_int_equal(
		judge_again(world.credentials, world.stranger.crt, NULL), PKI_UNKNOWN_CA);
	assert_int_equal(judge_again(world.credentials, world.server.crt, NULL),
		PKI_WRONG_PURPOSE);
	assert_int_equal(
		tls_judge_again(world.credentials, world.clients[0].crt, rubbish, 2),
		PKI_BAD);
	assert_int_equal(
		tls_judge_again(world.credentials, world.clients[0].crt, rubbish, 0),
		PKI_BAD);
}

/* The same certificate with other dates, in seconds from now. */
static gnutls_x509_crt_t
dated(const struct handshakes_pair *of, const char *purpose,
	const struct handshakes_pair *issuer, int from, int until)
{
	gnutls_x509_crt_t crt = tls_peer_certificate(of->key,
		issuer == of ? "CN=A test's CA" : "CN=dated", purpose, issuer->crt,
		issuer->key);

	TLS_PEER_CHECK(gnutls_x509_crt_set_activation_time(crt, time(NULL) + from));
	TLS_PEER_CHECK(gnutls_x509_crt_set_expiration_time(crt, time(NULL) + until));
	TLS_PEER_CHECK(gnutls_x509_crt_sign2(
		crt, issuer->crt, issuer->key, GNUTLS_DIG_SHA256, 0));
	return handshakes_read_again(crt);
}

static const struct {
	int from, until;
	bool good;
} times[] = {
	{ -100, 100, true },
	{ -200, -100, false },
	{ 100, 200, false },
};

static void
test_again_by_time(void **state)
{
	gnutls_x509_crt_t leaf = world.clients[1].crt;

	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(times); i++) {
		gnutls_x509_crt_t crt = dated(&world.clients[1], GNUTLS_KP_TLS_WWW_CLIENT,
			&world.ca, times[i].from, times[i].until);
		gnutls_x509_crt_t ca = dated(
			&world.stranger, NULL, &world.ca, times[i].from, times[i].until);

		assert_int_equal(judge_again(world.credentials, crt, NULL) == PKI_TRUSTED,
			times[i].good);
		/* What stands behind a good one. */
		assert_int_equal(judge_again(world.credentials, leaf, ca) == PKI_TRUSTED,
			times[i].good);
		gnutls_x509_crt_deinit(crt);
		gnutls_x509_crt_deinit(ca);
	}
}

/* Credentials with that file of roots, and so much more asked of keys. */
static struct tls_credentials *
credentials_with(const char *ca_file, const char *priority, const char *list)
{
	char settings[4][160];
	const char *more[] = { settings[0], settings[1], settings[2], settings[3] };
	struct tls_credentials *c;
	struct config *config;

	snprintf(settings[0], sizeof settings[0], "tls_ca=%s", ca_file);
	snprintf(settings[1], sizeof settings[1], "tls_priority=%s", priority);
	snprintf(settings[2], sizeof settings[2], "tickets=on");
	snprintf(settings[3], sizeof settings[3], "tls_crl=%s", list);
	config = handshakes_config(&world, more, 4);
	c = handshakes_load(config);
	config_free(config);
	return c;
}

static void
test_again_by_the_roots_time(void **state)
{
	char file[128];

	(void)state;
	snprintf(file, sizeof file, "%s/dated.pem", world.dir);
	for (size_t i = 0; i < HANDSHAKES_COUNT(times); i++) {
		gnutls_x509_crt_t ca = dated(
			&world.ca, NULL, &world.ca, times[i].from, times[i].until);
		struct tls_credentials *c;

		tls_peer_export(ca, NULL, file, NULL);
		c = credentials_with(file, "NORMAL", "none");
		assert_int_equal(
			judge_again(c, world.clients[1].crt, NULL) == PKI_TRUSTED,
			times[i].good);
		tls_credentials_free(c);
		gnutls_x509_crt_deinit(ca);
	}
	unlink(file);
}

/* Whatever could make a chain good or bad by another thing than time. */
static void
test_terms(void **state)
{
	char other[128];
	struct tls_credentials *c[5];
	uint8_t terms[5][PKI_SHA256_SIZE], again[PKI_SHA256_SIZE];

	(void)state;
	snprintf(other, sizeof other, "%s/other.pem", world.dir);
	tls_peer_export(world.stranger.crt, NULL, other, NULL);
	c[0] = credentials_with(world.ca_file, "NORMAL", "none");
	c[1] = credentials_with(other, "NORMAL", "none");
	c[2] = credentials_with(world.ca_file, "NORMAL:%PROFILE_HIGH", "none");
	c[3] = credentials_with(world.ca_file, "NORMAL", list_file);
	c[4] = credentials_with(world.ca_file, "NORMAL:-VERS-TLS1.2", "none");
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(tls_judge_terms(c[i], terms[i]), 0);
		assert_int_equal(tls_judge_terms(c[i], again), 0);
		assert_memory_equal(terms[i], again, sizeof again);
		for (size_t j = 0; j < i && i < 4; j++)
			assert_memory_not_equal(terms[i], terms[j], sizeof again);
	}
	assert_memory_equal(terms[0], terms[4], sizeof again);
	for (size_t i = 0; i < 5; i++)
		tls_credentials_free(c[i]);
	unlink(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_revoked),
		cmocka_unit_test(test_pinned),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_again_by_time),
		cmocka_unit_test(test_again_by_the_roots_time),
		cmocka_unit_test(test_terms),
	};

	return cmocka_run_group_tests_name("tls_judge", tests, up, down);
}
