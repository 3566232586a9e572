// SPDX-License-Identifier: ISC
/*
 * Proof from a transcript: what a client has truly signed in this connection is proved in
 * both versions for every type of key, and nothing else is, whichever byte is altered,
 * whoever's transcript it is.
 */
#include "handshakes.h"
#include "pki/handle.h"
#include "tls/proof.h"
#include "tls/random.h"

static struct handshakes world;

static const char *const OFFERS[] = { HANDSHAKES_TLS12, HANDSHAKES_TLS13,
	HANDSHAKES_RETRY };

/* A handshake, and what the server knows of it by itself. */
struct witness {
	struct tls_credentials *credentials;
	uint8_t random[TLS_RANDOM_SIZE];
	struct tls_transcriber t;
	struct buffer made;
};

static int
up(void **state)
{
	(void)state;
	handshakes_make(&world);
	return 0;
}

static int
down(void **state)
{
	(void)state;
	handshakes_remove(&world);
	return 0;
}

static void
read_signature(struct witness *w, bool elliptic)
{
	struct tls_transcript t;
	struct tls_signed s;

	assert_int_equal(
		tls_transcript_read(buffer_data(&w->t.text), buffer_len(&w->t.text), &t),
		0);
	s = t.server;
	if (!t.tls13)
		assert_int_equal(
			tls_transcript_key_exchange(&t.key_exchange, elliptic, &s), 0);
	assert_int_equal(buffer_append(&w->made, s.signature.data, s.signature.len), 0);
}

static void
begin(struct witness *w)
{
	*w = (struct witness){ .credentials = world.credentials };
	assert_int_equal(tls_random_draw(w->random), 0);
	w->t.credentials = w->credentials;
	w->t.random = w->random;
}

static void
witness(struct witness *w, const struct handshakes_pair *client, const char *offer)
{
	begin(w);
	handshakes_note(&world, client, offer, &w->t);
	read_signature(w, true);
}

static void
end(struct witness *w)
{
	buffer_free(&w->t.text);
	buffer_free(&w->made);
}

/* The whole judgement on a transcript, by a certificate or, where that is NULL, the one
 * that stands in it. */
static int
judge(const struct witness *w, const void *text, size_t len, gnutls_x509_crt_t by,
	const char **ret_reason)
{
	struct tls_terms terms = { w->credentials, w->random,
		{ (const void *)buffer_data(&w->made), buffer_len(&w->made) } };
	CLEANUP(pki_crt_free) gnutls_x509_crt_t leaf = NULL;
	struct tls_transcript t;
	int r;

	*ret_reason = "unreadable";
	r = tls_transcript_read(text, len, &t);
	if (r == 0)
		r = tls_proof_bind(&terms, &t, ret_reason);
	if (r == 0 && !by)
		r = pki_crt_read(t.chain[0].data, t.chain[0].len, &leaf);
	return r < 0 ? r : tls_proof_verify(&t, by ? by : leaf, ret_reason);
}

static void
expect_reason(const struct witness *w, const void *text, size_t len, const char *expected)
{
	const char *reason;
	int r = judge(w, text, len, NULL, &reason);

	if (r == 0 || strcmp(reason, expected) != 0)
		fail_msg("%d, %s; expected %s", r, reason, expected);
}

static void
test_every_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < HANDSHAKES_KINDS * HANDSHAKES_COUNT(OFFERS); i++) {
		size_t kind = i % HANDSHAKES_KINDS;
		const char *offer = OFFERS[i / HANDSHAKES_KINDS];
		const char *reason;
		struct witness w;
		int r;

		/* GnuTLS has it in TLS 1.3 alone. */
		if (handshakes_kinds[kind].algorithm == GNUTLS_PK_EDDSA_ED448 &&
			offer == OFFERS[0])
			continue;
		witness(&w, &world.clients[kind], offer);
		r = judge(
			&w, buffer_data(&w.t.text), buffer_len(&w.t.text), NULL, &reason);
		if (r < 0)
			fail_msg("%s, %s: %d, %s", handshakes_kinds[kind].name, offer, r,
				reason);
		/* By the certificate that somebody has laid down beforehand. */
		assert_int_equal(judge(&w, buffer_data(&w.t.text), buffer_len(&w.t.text),
					 world.clients[kind].crt, &reason),
			0);
		assert_int_equal(judge(&w, buffer_data(&w.t.text), buffer_len(&w.t.text),
					 world.stranger.crt, &reason),
			-EKEYREJECTED);
		end(&w);
	}
}

/* Each byte in turn is another one. */
static void
test_no_byte_can_be_altered(void **state)
{
	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(OFFERS); i++) {
		struct witness w;
		const char *reason;
		char *text;

		witness(&w, &world.clients[0], OFFERS[i]);
		text = buffer_data(&w.t.text);
		for (size_t at = 0; at < buffer_len(&w.t.text); at++) {
			text[at] ^= (char)(1 << at % 8);
			if (judge(&w, text, buffer_len(&w.t.text), NULL, &reason) == 0)
				fail_msg("%s: byte %zu may be altered", OFFERS[i], at);
			text[at] ^= (char)(1 << at % 8);
		}
		assert_int_equal(
			judge(&w, text, buffer_len(&w.t.text), NULL, &reason), 0);
		end(&w);
	}
}

/* A handshake of another connection, or of this one as somebody else has it. */
static void
test_transcripts_of_others(void **state)
{
	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(OFFERS); i++) {
		struct witness mine, other;
		const char *text;
		size_t len;

		witness(&mine, &world.clients[0], OFFERS[i]);
		witness(&other, &world.clients[0], OFFERS[i]);
		text = buffer_data(&other.t.text);
		len = buffer_len(&other.t.text);
		expect_reason(&mine, text, len, "foreign-random");
		/* Another process has said our random. */
		memcpy(mine.random, other.random, sizeof mine.random);
		expect_reason(&mine, text, len, "foreign-signature");
		buffer_consume(&mine.made, buffer_len(&mine.made));
		expect_reason(&mine, text, len, "proof-without-signature");
		mine.credentials = NULL;
		expect_reason(&mine, text, len, "proof-without-signature");
		end(&mine);
		end(&other);
	}
}

/* We have signed, for a client that was shown somebody else's certificate. */
static void
test_certificate_of_another_server(void **state)
{
	char cert[128], key[128], setting[160];
	const char *more[] = { setting };
	struct config *config;
	struct witness w;

	(void)state;
	snprintf(cert, sizeof cert, "%s/other.pem", world.dir);
	snprintf(key, sizeof key, "%s/other.key", world.dir);
	snprintf(setting, sizeof setting, "tls_cert=%s", cert);
	tls_peer_export(world.stranger.crt, world.stranger.key, cert, key);
	config = handshakes_config(&world, more, 1);
	for (size_t i = 0; i < HANDSHAKES_COUNT(OFFERS); i++) {
		witness(&w, &world.clients[0], OFFERS[i]);
		w.credentials = handshakes_load(config);
		expect_reason(&w, buffer_data(&w.t.text), buffer_len(&w.t.text),
			"foreign-certificate");
		tls_credentials_free(w.credentials);
		end(&w);
	}
	config_free(config);
	unlink(cert);
	unlink(key);
}

/* A certificate that somebody else holds, in the place of the client's own. */
static void
test_swapped_leaf(void **state)
{
	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(OFFERS); i++) {
		CLEANUP(buffer_free) struct buffer b = { 0 };
		struct tls_transcript mine, other;
		struct witness w, v;
		size_t before, behind;
		const uint8_t *text;

		witness(&w, &world.clients[0], OFFERS[i]);
		witness(&v, &world.clients[0], OFFERS[i]);
		text = (const uint8_t *)buffer_data(&w.t.text);
		assert_int_equal(
			tls_transcript_read(text, buffer_len(&w.t.text), &mine), 0);
		assert_int_equal(tls_transcript_read(buffer_data(&v.t.text),
					 buffer_len(&v.t.text), &other),
			0);
		/* Our own leaf of the same length first, to see that it can be done. */
		assert_int_equal(mine.chain[0].len, other.chain[0].len);
		before = (size_t)(mine.chain[0].data - text);
		behind = before + mine.chain[0].len;
		buffer_append(&b, text, before);
		buffer_append(&b, other.chain[0].data, other.chain[0].len);
		buffer_append(&b, text + behind, buffer_len(&w.t.text) - behind);
		assert_int_equal(judge(&w, buffer_data(&b), buffer_len(&b), NULL,
					 &(const char *){ NULL }),
			0);
		/* A later serial number of the same holder, so that lengths are kept. */
		buffer_data(&b)[before + 14] ^= 0x40;
		expect_reason(&w, buffer_data(&b), buffer_len(&b), "unproved-key");
		end(&w);
		end(&v);
	}
}

/* What stands where in a CertificateVerify behind the others: its scheme. */
static void
test_schemes(void **state)
{
	static const struct {
		size_t kind;
		const char *offer;
		uint16_t scheme;
	} cases[] = {
		{ 0, HANDSHAKES_TLS13, 0x0203 }, /* SHA-1 */
		{ 0, HANDSHAKES_TLS13, 0x0503 }, /* of another curve */
		{ 0, HANDSHAKES_TLS13, 0x0807 },
		{ 0, HANDSHAKES_TLS13, 0x0804 },
		{ 0, HANDSHAKES_TLS13, 0x0000 },
		{ 0, HANDSHAKES_TLS12, 0x0203 },
		{ 0, HANDSHAKES_TLS12, 0x0303 }, /* SHA-224 */
		{ 0, HANDSHAKES_TLS12, 0x0401 },
		{ 5, HANDSHAKES_TLS13, 0x0401 }, /* PKCS #1 */
		{ 5, HANDSHAKES_TLS13, 0x0601 },
		{ 5, HANDSHAKES_TLS13, 0x0809 }, /* for keys of PSS alone */
		{ 5, HANDSHAKES_TLS12, 0x0201 },
		{ 5, HANDSHAKES_TLS12, 0x0403 },
		{ 6, HANDSHAKES_TLS13, 0x0804 }, /* for keys of RSA alone */
		{ 6, HANDSHAKES_TLS12, 0x0401 },
	};

	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(cases); i++) {
		struct tls_transcript t;
		struct witness w;
		uint8_t *at;
		const char *reason;
		int r;

		witness(&w, &world.clients[cases[i].kind], cases[i].offer);
		assert_int_equal(tls_transcript_read(buffer_data(&w.t.text),
					 buffer_len(&w.t.text), &t),
			0);
		/* In front of the signature and its length. */
		at = (uint8_t *)t.client.signature.data - 4;
		at[0] = (uint8_t)(cases[i].scheme >> 8);
		at[1] = (uint8_t)cases[i].scheme;
		r = judge(
			&w, buffer_data(&w.t.text), buffer_len(&w.t.text), NULL, &reason);
		/* A curve is looked at where the signature is. */
		if (r != -EKEYREJECTED || (strcmp(reason, "signature-scheme") != 0 &&
						  cases[i].scheme != 0x0503))
			fail_msg("case %zu: %d, %s", i, r, reason);
		end(&w);
	}
}

/* A random without the mark of a downgrade is not the one that we say in TLS 1.2, unless
 * that is all we have. */
static void
test_downgrade(void **state)
{
	static const char *const only12[] = { "tls_priority=NORMAL:-VERS-ALL:"
					      "+VERS-TLS1.2:%PROFILE_MEDIUM" };
	struct config *config = handshakes_config(&world, only12, 1);
	struct tls_credentials *credentials = handshakes_load(config);
	struct witness w;
	const char *reason;
	int answers[2];

	(void)state;
	assert_true(tls_random_has_tls13(world.credentials));
	assert_false(tls_random_has_tls13(credentials));
	begin(&w);
	w.credentials = credentials;
	w.t.credentials = credentials;
	handshakes_run(
		&world, &world.clients[0], "NORMAL", config->tls_priority, &w.t, answers);
	assert_int_equal(answers[0], 0);
	read_signature(&w, true);
	assert_int_equal(
		judge(&w, buffer_data(&w.t.text), buffer_len(&w.t.text), NULL, &reason),
		0);
	w.credentials = world.credentials;
	expect_reason(
		&w, buffer_data(&w.t.text), buffer_len(&w.t.text), "foreign-random");
	end(&w);
	tls_credentials_free(credentials);
	config_free(config);
}

/* Parameters that are no curve's, where the priorities allow them. */
static void
test_numbers_for_key_exchange(void **state)
{
	static const char *const dhe[] = { "tls_priority=NORMAL:-KX-ALL:+DHE-RSA" };
	struct handshakes_pair server = world.server, rsa;
	struct config *config = handshakes_config(&world, dhe, 1);
	struct witness w;
	const char *reason;
	int answers[2];

	(void)state;
	handshakes_pair_make(&rsa, tls_peer_key_of(GNUTLS_PK_RSA, 2048), "CN=rsa",
		GNUTLS_KP_TLS_WWW_SERVER, &world.ca);
	tls_peer_export(rsa.crt, rsa.key, world.cert_file, world.key_file);
	begin(&w);
	w.credentials = handshakes_load(config);
	w.t.credentials = w.credentials;
	world.server = rsa;
	handshakes_run(&world, &world.clients[0],
		"NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+DHE-RSA", config->tls_priority,
		&w.t, answers);
	world.server = server;
	assert_int_equal(answers[0], 0);
	read_signature(&w, false);
	assert_int_equal(
		judge(&w, buffer_data(&w.t.text), buffer_len(&w.t.text), NULL, &reason),
		0);
	tls_credentials_free(w.credentials);
	config_free(config);
	tls_peer_export(server.crt, server.key, world.cert_file, world.key_file);
	handshakes_pair_free(&rsa);
	end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_key),
		cmocka_unit_test(test_no_byte_can_be_altered),
		cmocka_unit_test(test_transcripts_of_others),
		cmocka_unit_test(test_certificate_of_another_server),
		cmocka_unit_test(test_swapped_leaf),
		cmocka_unit_test(test_schemes),
		cmocka_unit_test(test_downgrade),
		cmocka_unit_test(test_numbers_for_key_exchange),
	};

	return cmocka_run_group_tests_name("tls_proof", tests, up, down);
}
