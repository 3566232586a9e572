// SPDX-License-Identifier: ISC
/*
 * The smtp process against tls processes that lie. A real one shakes hands with a real
 * client; what it says to the smtp process goes through a liar in between, who says
 * something else. Whatever the lie, the peer gets no further, and the log says why.
 */
#include "liar.h"

static void
test_honest(void **state)
{
	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(OFFERS); i++) {
		struct trial chain = { .offer = OFFERS[i], .client = &world.clients[0] };
		struct trial rsa = { .offer = OFFERS[i], .client = &world.clients[5] };
		struct trial pinned = {
			.offer = OFFERS[i], .client = &world.stranger, .config = with_pins
		};
		struct trial beside = { .offer = OFFERS[i],
			.client = &world.clients[0],
			.config = with_pins };
		struct trial stranger = { .offer = OFFERS[i], .client = &world.stranger };

		expect(&chain, "chain", "admitted", "TLS");
		expect(&rsa, "chain", "admitted", "TLS");
		expect(&pinned, "pinned", "admitted", "TLS");
		expect(&beside, "chain beside pins", "admitted", "TLS");
		expect(&stranger, "stranger", "refused", "unknown CA");
	}
}

static bool
claim_another_device(struct trial *t, struct tls_message *m)
{
	struct pki_identity other;

	(void)t;
	if (m->kind != TLS_CLAIM)
		return true;
	assert_int_equal(pki_crt_identity(world.clients[1].crt, &other), 0);
	memcpy(m->claim.identity.pin, other.pin, sizeof other.pin);
	pki_identity_clear(&other);
	return true;
}

static bool
claim_another_name(struct trial *t, struct tls_message *m)
{
	(void)t;
	if (m->kind == TLS_CLAIM)
		memcpy(m->claim.identity.names[0], "erin", 4);
	return true;
}

static bool
claim_one_name_less(struct trial *t, struct tls_message *m)
{
	(void)t;
	if (m->kind == TLS_CLAIM)
		free(m->claim.identity.names[--m->claim.identity.n_names]);
	return true;
}

static void
test_another_identity(void **state)
{
	(void)state;
	expect_lie(claim_another_device, "another device", "tls-process-fault",
		"another-identity");
	expect_lie(claim_another_name, "another name", "tls-process-fault",
		"another-identity");
	expect_lie(
		claim_one_name_less, "no name", "tls-process-fault", "another-identity");
}

static bool
claim_trusted(struct trial *t, struct tls_message *m)
{
	(void)t;
	if (m->kind == TLS_CLAIM)
		m->claim.verdict = PKI_TRUSTED;
	return true;
}

/* The key of a pinned certificate, claimed for whoever it is. */
static bool
claim_pinned(struct trial *t, struct tls_message *m)
{
	(void)t;
	if (m->kind != TLS_CLAIM)
		return true;
	pki_identity_clear(&m->claim.identity);
	assert_int_equal(pki_crt_identity(world.stranger.crt, &m->claim.identity), 0);
	m->claim.verdict = PKI_UNKNOWN_CA;
	return true;
}

static void
test_claims_that_are_believed_at_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(OFFERS); i++) {
		struct trial stranger = { .offer = OFFERS[i],
			.client = &world.stranger,
			.lie = claim_trusted };
		struct trial thief = { .offer = OFFERS[i],
			.client = &world.clients[0],
			.config = with_pins,
			.lie = claim_pinned };

		expect(&stranger, "trusted stranger", "refused", "unknown CA");
		expect(&thief, "pin of another", "refused", "unproved-key");
	}
}

/* Keeps the transcript of a first, honest connection, and gives it in a second one. */
static bool
replay(struct trial *t, struct tls_message *m)
{
	static struct buffer kept;

	if (m->kind != TLS_PROVED)
		return true;
	if (t->place == 0) {
		buffer_free(&kept);
		assert_int_equal(buffer_append(&kept, m->proved.transcript.data,
					 m->proved.transcript.len),
			0);
		return true;
	}
	assert_int_equal(
		buffer_append(&t->made, buffer_data(&kept), buffer_len(&kept)), 0);
	buffer_free(&kept);
	m->proved.transcript.data = (const void *)buffer_data(&t->made);
	m->proved.transcript.len = buffer_len(&t->made);
	return true;
}

static void
test_replay(void **state)
{
	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(OFFERS); i++) {
		struct trial t = {
			.offer = OFFERS[i], .client = &world.clients[0], .lie = replay
		};

		expect(&t, "first", "admitted", "TLS");
		t = (struct trial){ .offer = OFFERS[i],
			.client = &world.clients[0],
			.lie = replay,
			.place = 1 };
		expect(&t, "replay", "tls-process-fault", "foreign-random");
	}
}

static bool
alter(struct trial *t, struct tls_message *m)
{
	size_t len = m->proved.transcript.len;

	if (m->kind == TLS_PROVED)
		((uint8_t *)m->proved.transcript.data)[len * t->place / 32] ^= 0x10;
	return true;
}

static void
test_altered_transcript(void **state)
{
	(void)state;
	for (size_t i = 0; i < 32; i++) {
		struct trial t = { .offer = OFFERS[i % HANDSHAKES_COUNT(OFFERS)],
			.client = &world.clients[0],
			.lie = alter,
			.place = i };
		struct host_connection connection;
		char line[2048];

		start(&t, &connection);
		assert_int_equal(smtpd_admission_prepare(&t.s), 0);
		assert_int_equal(smtpd_admission_run(&t.s), -EACCES);
		assert_false(t.s.proved);
		read_log(line, sizeof line);
		if (!is_record(line, "refused", "") &&
			!is_record(line, "tls-process-fault", ""))
			fail_msg("%s", line);
		stop(&t);
	}
}

static void
put_length(uint8_t *at, size_t n)
{
	at[0] = (uint8_t)(n >> 16);
	at[1] = (uint8_t)(n >> 8);
	at[2] = (uint8_t)n;
}

/* The whole of the client's Certificate message, with another leaf in it. */
static void
swap_leaf(struct trial *t, struct tls_span *transcript, const gnutls_datum_t *leaf)
{
	struct tls_transcript parts;
	size_t head, tail, entry;
	uint8_t *at;

	assert_int_equal(
		tls_transcript_read(transcript->data, transcript->len, &parts), 0);
	/* Header, context, length of the list, length of the certificate. */
	head = (size_t)(parts.chain[0].data - transcript->data);
	tail = head + parts.chain[0].len;
	entry = 3 + leaf->size + (parts.tls13 ? 2 : 0);
	buffer_append(&t->made, transcript->data, head);
	at = (uint8_t *)buffer_tail(&t->made);
	put_length(at - 3, leaf->size);
	put_length(at - 6, entry);
	put_length(at - 9 - parts.tls13, 3 + entry + parts.tls13);
	buffer_append(&t->made, leaf->data, leaf->size);
	buffer_append(&t->made, transcript->data + tail, transcript->len - tail);
	transcript->data = (const void *)buffer_data(&t->made);
	transcript->len = buffer_len(&t->made);
	assert_int_equal(
		tls_transcript_read(transcript->data, transcript->len, &parts), 0);
	assert_int_equal(parts.chain[0].len, leaf->size);
}

static bool
show_another_leaf(struct trial *t, struct tls_message *m)
{
	gnutls_datum_t der;

	if (m->kind == TLS_CLAIM) {
		pki_identity_clear(&m->claim.identity);
		assert_int_equal(
			pki_crt_identity(world.clients[1].crt, &m->claim.identity), 0);
	}
	if (m->kind != TLS_PROVED)
		return true;
	TLS_PEER_CHECK(
		gnutls_x509_crt_export2(world.clients[1].crt, GNUTLS_X509_FMT_DER, &der));
	swap_leaf(t, &m->proved.transcript, &der);
	gnutls_free(der.data);
	return true;
}

/* Somebody else's certificate of the same CA, of another type of key or of the same. */
static bool
show_a_leaf_of_the_same_type(struct trial *t, struct tls_message *m)
{
	gnutls_datum_t der;

	if (m->kind == TLS_CLAIM) {
		pki_identity_clear(&m->claim.identity);
		assert_int_equal(
			pki_crt_identity(world.server.crt, &m->claim.identity), 0);
	}
	if (m->kind != TLS_PROVED)
		return true;
	TLS_PEER_CHECK(
		gnutls_x509_crt_export2(world.server.crt, GNUTLS_X509_FMT_DER, &der));
	swap_leaf(t, &m->proved.transcript, &der);
	gnutls_free(der.data);
	return true;
}

static void
test_swapped_leaf(void **state)
{
	struct trial tls12 = { .offer = HANDSHAKES_TLS12,
		.client = &world.clients[0],
		.lie = show_another_leaf };

	(void)state;
	expect_lie(show_a_leaf_of_the_same_type, "same type", "refused", "unproved-key");
	/* In TLS 1.3 a scheme belongs to a curve. */
	expect(&tls12, "another type", "refused", "unproved-key");
	expect_lie(show_another_leaf, "another type", "refused", "unproved-key");
}

static bool
sign_twice(struct trial *t, struct tls_message *m)
{
	if (m->kind == TLS_SIGN)
		assert_int_equal(tls_control_send(t->outer[0], m), 0);
	return true;
}

static bool
sign_behind_the_claim(struct trial *t, struct tls_message *m)
{
	struct tls_message again = { .kind = TLS_SIGN, .sign = { true, 4, "digest", 6 } };

	if (m->kind != TLS_CLAIM)
		return true;
	assert_int_equal(tls_control_send(t->outer[0], m), 0);
	assert_int_equal(tls_control_send(t->outer[0], &again), 0);
	return false;
}

static bool
claim_twice(struct trial *t, struct tls_message *m)
{
	if (m->kind == TLS_CLAIM)
		assert_int_equal(tls_control_send(t->outer[0], m), 0);
	return true;
}

static void
test_one_signature_one_claim(void **state)
{
	(void)state;
	expect_lie(
		sign_twice, "second signature", "tls-process-fault", "second-signature");
	expect_lie(sign_behind_the_claim, "signature behind claim", "tls-process-fault",
		"signature-after-claim");
	expect_lie(claim_twice, "second claim", "tls-process-fault", "second-claim");
}

static bool
leave_claim_out(struct trial *t, struct tls_message *m)
{
	struct tls_message yes = { .kind = TLS_VERDICT };

	if (m->kind != TLS_CLAIM)
		return true;
	assert_int_equal(tls_control_send(t->inner[0], &yes), 0);
	return false;
}

/* A claim that is refused, and a handshake that goes on all the same. */
static bool
claim_revoked(struct trial *t, struct tls_message *m)
{
	if (m->kind == TLS_CLAIM)
		m->claim.verdict = PKI_REVOKED;
	return go_on_revoked(t, m);
}

static bool
say_another_version(struct trial *t, struct tls_message *m)
{
	(void)t;
	if (m->kind == TLS_PROVED)
		m->proved.version[5] ^= '2' ^ '3';
	return true;
}

static bool
leave_the_end_out(struct trial *t, struct tls_message *m)
{
	(void)t;
	if (m->kind == TLS_PROVED)
		m->proved.transcript.len -= 8;
	return true;
}

static bool
say_nothing(struct trial *t, struct tls_message *m)
{
	(void)t;
	if (m->kind == TLS_PROVED)
		m->proved.transcript.len = 0;
	return true;
}

static void
test_proofs_out_of_place(void **state)
{
	(void)state;
	expect_lie(
		leave_claim_out, "no claim", "tls-process-fault", "proof-without-claim");
	expect_lie(claim_revoked, "refused claim", "tls-process-fault",
		"proof-without-claim");
	expect_lie(
		say_another_version, "version", "tls-process-fault", "another-version");
	expect_lie(leave_the_end_out, "end", "refused", "unreadable-transcript");
	expect_lie(say_nothing, "nothing", "refused", "unreadable-transcript");
}

static void
test_foreign_random(void **state)
{
	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(OFFERS); i++) {
		struct trial t = { .offer = OFFERS[i],
			.client = &world.clients[0],
			.foreign_random = true };

		expect(&t, "its own random", "tls-process-fault", "foreign-random");
	}
}

/* What follows has no handshake at all: the liar says what it knows of another one. */

static void
claim_brad(struct trial *t)
{
	struct tls_message m = { .kind = TLS_CLAIM, .claim.verdict = PKI_TRUSTED };

	assert_int_equal(pki_crt_identity(world.clients[0].crt, &m.claim.identity), 0);
	assert_int_equal(tls_control_send(t->outer[0], &m), 0);
	tls_message_clear(&m);
}

/* Even one that has our random in it. */
static void
prove_brad(struct trial *t)
{
	struct tls_message m = { .kind = TLS_PROVED };
	struct tls_transcriber notes = { .credentials = world.credentials,
		.random = t->s.channel.random };

	handshakes_note(&world, &world.clients[0], t->offer, &notes);
	strcpy(m.proved.version,
		strcmp(t->offer, HANDSHAKES_TLS12) ? "TLS1.3" : "TLS1.2");
	m.proved.transcript = (struct tls_span){ (const void *)buffer_data(&notes.text),
		buffer_len(&notes.text) };
	assert_int_equal(tls_control_send(t->outer[0], &m), 0);
	buffer_free(&notes.text);
}

/* A signature over whatever it likes: the key's owner cannot tell. */
static void
ask_for_signature(struct trial *t)
{
	struct tls_message m = { .kind = TLS_SIGN,
		.sign = { true, GNUTLS_SIGN_ECDSA_SHA256,
			"thirty-two bytes of its own mind", 32 } };

	assert_int_equal(tls_control_send(t->outer[0], &m), 0);
}

static void
test_liars_without_handshake(void **state)
{
	static const struct {
		const char *what;
		void (*says[3])(struct trial *t);
		const char *reason;
	} cases[] = {
		{ "proof alone", { prove_brad }, "proof-without-claim" },
		{ "signature and proof", { ask_for_signature, prove_brad },
			"proof-without-claim" },
		{ "claim and proof", { claim_brad, prove_brad },
			"proof-without-signature" },
		{ "claim, proof, signature",
			{ claim_brad, prove_brad, ask_for_signature },
			"proof-without-signature" },
		{ "all of them", { ask_for_signature, claim_brad, prove_brad },
			"foreign-signature" },
	};

	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(cases) * HANDSHAKES_COUNT(OFFERS); i++) {
		size_t n = i % HANDSHAKES_COUNT(cases);
		struct trial t = { .offer = OFFERS[i / HANDSHAKES_COUNT(cases)] };
		struct host_connection connection;
		char line[2048];

		start(&t, &connection);
		for (size_t j = 0; j < 3 && cases[n].says[j]; j++)
			cases[n].says[j](&t);
		assert_int_equal(smtpd_admission_prepare(&t.s), 0);
		assert_int_equal(smtpd_admission_run(&t.s), -EACCES);
		assert_false(t.s.proved);
		assert_false(t.s.peer.certificate);
		read_log(line, sizeof line);
		if (!is_record(line, "tls-process-fault", cases[n].reason))
			fail_msg("%s: %s; expected %s", cases[n].what, line,
				cases[n].reason);
		stop(&t);
	}
}

/* A server that cannot read its files has nothing to prove anything by. */
static void
test_liar_without_credentials(void **state)
{
	struct trial t = { .offer = HANDSHAKES_TLS13 };
	struct host_connection connection;
	char line[2048];

	(void)state;
	start(&t, &connection);
	t.s.credentials = NULL;
	smtpd_fault(&t.s, -ENOENT, "tls_ca: missing");
	claim_brad(&t);
	prove_brad(&t);
	assert_int_equal(smtpd_admission_prepare(&t.s), 0);
	assert_int_equal(smtpd_admission_run(&t.s), -EACCES);
	assert_false(t.s.proved);
	read_log(line, sizeof line);
	assert_true(is_record(line, "tls-process-fault", "proof-without-claim"));
	stop(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_honest),
		cmocka_unit_test(test_another_identity),
		cmocka_unit_test(test_claims_that_are_believed_at_first),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_altered_transcript),
		cmocka_unit_test(test_swapped_leaf),
		cmocka_unit_test(test_one_signature_one_claim),
		cmocka_unit_test(test_proofs_out_of_place),
		cmocka_unit_test(test_foreign_random),
		cmocka_unit_test(test_liars_without_handshake),
		cmocka_unit_test(test_liar_without_credentials),
	};

	return cmocka_run_group_tests_name("smtpd_admission", tests, up, down);
}
