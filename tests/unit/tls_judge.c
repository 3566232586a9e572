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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_revoked),
		cmocka_unit_test(test_pinned),
	};

	return cmocka_run_group_tests_name("tls_judge", tests, up, down);
}
