// SPDX-License-Identifier: ISC
/*
 * Keys of the user store at the door: devices, and strangers who come with a token; and
 * tls processes that lie about them. The key alone makes a device, of whatever type it is
 * and whoever has signed a certificate for it, and no claim does.
 */
#include "liar.h"

#include <ftw.h>

#include "auth/device.h"
#include "auth/stamp.h"
#include "auth/token.h"

/* Writes the store anew, of a user and these lines; %s in them is the pin of the pair. */
static void
write_store(const struct handshakes_pair *pair, const char *const *lines, size_t n)
{
	struct auth_update *u = NULL;
	struct pki_identity id;
	char path[128], pin[PKI_PIN_HEX], line[512];

	assert_int_equal(pki_crt_identity(pair->crt, &id), 0);
	text_hex(id.pin, PKI_PIN_SIZE, pin);
	pki_identity_clear(&id);
	snprintf(path, sizeof path, "%s/users", world.dir);
	unlink(path);
	assert_int_equal(auth_update_begin(path, AUTH_WAIT_SERVICE, &u), 0);
	assert_int_equal(auth_update_put(u, "u brad@447.edu", 14), 0);
	for (size_t i = 0; i < n; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(line, sizeof line, lines[i], pin);
#pragma GCC diagnostic pop
		assert_int_equal(auth_update_put(u, line, strlen(line)), 0);
	}
	assert_int_equal(auth_update_commit(u), 0);
	auth_update_free(u);
}

static void
make_device(const struct handshakes_pair *pair, const char *fields)
{
	char line[256];
	const char *lines[] = { line };

	snprintf(line, sizeof line, "d %%s brad@447.edu%s", fields);
	write_store(pair, lines, 1);
}

static void
open_tokens(void)
{
	static const char *const lines[] = { "w tokens until=2999-01-01T00:00:00Z" };

	write_store(&world.stranger, lines, 1);
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static int
down_with_store(void **state)
{
	static const char *const names[] = { "users", "users.lock", "seen" };
	char path[128];

	for (size_t i = 0; i < HANDSHAKES_COUNT(names); i++) {
		snprintf(path, sizeof path, "%s/%s", world.dir, names[i]);
		nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	}
	return down(state);
}

static void
test_devices(void **state)
{
	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(OFFERS); i++) {
		struct trial pinned = {
			.offer = OFFERS[i], .client = &world.stranger, .config = with_pins
		};
		struct trial stranger = { .offer = OFFERS[i], .client = &world.stranger };

		make_device(&world.stranger, "");
		expect(&stranger, "self-signed", "admitted", "TLS");
		stranger = (struct trial){ .offer = OFFERS[i],
			.client = &world.stranger };
		expect(&stranger, "once more", "admitted", "TLS");
		expect(&pinned, "beside a pin", "admitted", "TLS");
		for (size_t j = 0; j < HANDSHAKES_KINDS; j++) {
			struct trial issued = { .offer = OFFERS[i],
				.client = &world.clients[j] };

			make_device(&world.clients[j], " label=x");
			expect(&issued, handshakes_kinds[j].name, "admitted", "TLS");
		}
	}
}

static void
test_devices_that_are_refused(void **state)
{
	static const struct {
		const char *fields, *reason;
	} cases[] = {
		{ " revoked=2001-01-01T00:00:00Z", "device-revoked" },
		{ " expires=2001-01-01T00:00:00Z", "device-expired" },
	};

	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(OFFERS); i++)
		for (size_t j = 0; j < HANDSHAKES_COUNT(cases); j++) {
			struct trial self = { .offer = OFFERS[i],
				.client = &world.stranger };
			struct trial pinned = { .offer = OFFERS[i],
				.client = &world.stranger,
				.config = with_pins };
			struct trial issued = { .offer = OFFERS[i],
				.client = &world.clients[0] };

			make_device(&world.stranger, cases[j].fields);
			expect(&self, "self-signed", "refused", cases[j].reason);
			expect(&pinned, "pinned", "refused", cases[j].reason);
			make_device(&world.clients[0], cases[j].fields);
			expect(&issued, "issued", "refused", cases[j].reason);
		}
}

static bool
claim_the_stranger(struct trial *t, struct tls_message *m)
{
	(void)t;
	if (m->kind != TLS_CLAIM)
		return true;
	pki_identity_clear(&m->claim.identity);
	assert_int_equal(pki_crt_identity(world.stranger.crt, &m->claim.identity), 0);
	m->claim.verdict = PKI_UNKNOWN_CA;
	m->claim.leaf = PKI_TRUSTED;
	m->claim.self_signed = true;
	return true;
}

static bool
swap_and_claim(struct trial *t, struct tls_message *m)
{
	struct tls_transcript parts;
	gnutls_datum_t der;

	claim_the_stranger(t, m);
	if (m->kind != TLS_PROVED)
		return true;
	/* The stranger's certificate, of the same length or not, over the client's. */
	assert_int_equal(tls_transcript_read(m->proved.transcript.data,
				 m->proved.transcript.len, &parts),
		0);
	TLS_PEER_CHECK(
		gnutls_x509_crt_export2(world.stranger.crt, GNUTLS_X509_FMT_DER, &der));
	if (der.size <= parts.chain[0].len)
		memcpy((uint8_t *)parts.chain[0].data, der.data, der.size);
	gnutls_free(der.data);
	return true;
}

static void
test_lies_about_devices(void **state)
{
	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(OFFERS); i++) {
		struct trial thief = { .offer = OFFERS[i],
			.client = &world.clients[0],
			.lie = claim_the_stranger };
		struct trial swapper = { .offer = OFFERS[i],
			.client = &world.clients[0],
			.lie = swap_and_claim };
		struct trial revoked = { .offer = OFFERS[i],
			.client = &world.stranger,
			.lie = go_on_revoked };
		struct host_connection connection;

		make_device(&world.stranger, "");
		expect(&thief, "device of another", "refused", "another-key");
		start(&swapper, &connection);
		assert_int_equal(smtpd_admission_prepare(&swapper.s), 0);
		assert_int_equal(smtpd_admission_run(&swapper.s), -EACCES);
		assert_false(swapper.s.proved);
		stop(&swapper);
		make_device(&world.stranger, " revoked=x");
		expect(&revoked, "revoked", "tls-process-fault", "proof-without-claim");
	}
}

/* The one record, and what has become of the peer: it may enrol and has no name. */
static void
expect_to_enrol(struct trial *t, const char *what)
{
	struct host_connection connection;
	char line[2048];
	int r;

	start(t, &connection);
	assert_int_equal(smtpd_admission_prepare(&t->s), 0);
	r = smtpd_admission_run(&t->s);
	read_log(line, sizeof line);
	if (r != 0 || !is_record(line, "admitted-to-enrol", "TLS"))
		fail_msg("%s, %s: %d, %s", what, t->offer, r, line);
	assert_true(t->s.proved && t->s.enrols_only);
	assert_int_equal(t->s.peer.n_names, 0);
	assert_false(t->s.peer.device);
	stop(t);
}

static bool
claim_trusted_by_nobody(struct trial *t, struct tls_message *m)
{
	(void)t;
	if (m->kind == TLS_CLAIM)
		m->claim.verdict = PKI_UNKNOWN_CA;
	return true;
}

static bool
claim_self_signed(struct trial *t, struct tls_message *m)
{
	claim_trusted_by_nobody(t, m);
	if (m->kind == TLS_CLAIM) {
		m->claim.leaf = PKI_TRUSTED;
		m->claim.self_signed = true;
	}
	return true;
}

static bool
claim_weak(struct trial *t, struct tls_message *m)
{
	(void)t;
	if (m->kind == TLS_CLAIM)
		m->claim.leaf = PKI_WEAK;
	return true;
}

static void
test_strangers(void **state)
{
	static const char *const none[] = { "w tokens until=2001-01-01T00:00:00Z" };
	const char *off[] = { "enrol=off" };
	struct config *enrol_off = handshakes_config(&world, off, 1);

	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(OFFERS); i++) {
		const char *offer = OFFERS[i];
		struct trial open = { .offer = offer, .client = &world.stranger };
		struct trial shut = open, past = open, closed = open, weak = open;
		struct trial pinned = open, issued = open, foreign = open, thief = open;

		open_tokens();
		expect_to_enrol(&open, "stranger");
		closed.config = enrol_off;
		expect(&closed, "enrol = off", "refused", "unknown CA");
		weak.lie = claim_weak;
		expect(&weak, "weak", "refused", "too weak");
		/* Whoever may do more does. */
		pinned.config = with_pins;
		expect(&pinned, "pinned", "admitted", "TLS");
		issued.client = &world.clients[0];
		expect(&issued, "issued", "admitted", "TLS");
		/* A chain of another CA is none of its own. */
		foreign.client = &world.clients[0];
		foreign.lie = claim_trusted_by_nobody;
		expect(&foreign, "of another CA", "refused", "unknown CA");
		foreign = (struct trial){ .offer = offer,
			.client = &world.clients[0],
			.lie = claim_self_signed };
		expect(&foreign, "said to be self-signed", "tls-process-fault",
			"not-self-signed");
		thief.client = &world.clients[0];
		thief.lie = claim_the_stranger;
		expect(&thief, "key of another", "refused", "another-key");
		write_store(&world.stranger, none, 0);
		expect(&shut, "no token", "refused", "unknown CA");
		write_store(&world.stranger, none, 1);
		expect(&past, "past", "refused", "unknown CA");
	}
	config_free(enrol_off);
}

/* What the store cannot say, nobody else says. */
static void
test_damaged_store(void **state)
{
	struct trial self = { .offer = HANDSHAKES_TLS13, .client = &world.stranger };
	struct trial issued = { .offer = HANDSHAKES_TLS13, .client = &world.clients[0] };
	struct trial locked = self, orphan = self;
	char path[128], line[2048];
	struct host_connection connection;
	FILE *f;

	(void)state;
	make_device(&world.stranger, "");
	snprintf(path, sizeof path, "%s/users", world.dir);
	f = fopen(path, "r+");
	assert_non_null(f);
	assert_true(fread(line, 1, sizeof line, f) > 0);
	/* The device's user is no name any more. */
	fseek(f, strstr(line, "brad@447.edu") - line + 4, SEEK_SET);
	assert_int_equal(fputc('%', f), '%');
	fclose(f);
	start(&self, &connection);
	assert_int_equal(smtpd_admission_prepare(&self.s), 0);
	assert_int_equal(smtpd_admission_run(&self.s), -EACCES);
	read_log(line, sizeof line);
	assert_true(is_record(line, "refused", "internal-error"));
	assert_non_null(strstr(line, "users:2: damaged line"));
	stop(&self);
	/* Others are not hurt by it. */
	expect(&issued, "issued", "admitted", "TLS");
	write_store(&world.stranger,
		(const char *const[]){ "d %s brad@447.edu", "u brad@447.edu locked=x" },
		2);
	expect(&locked, "locked", "refused", "user-locked");
	write_store(&world.stranger, (const char *const[]){ "d %s nobody@447.edu" }, 1);
	expect(&orphan, "orphan", "refused", "device-without-user");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_devices_that_are_refused),
		cmocka_unit_test(test_lies_about_devices),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_damaged_store),
	};

	return cmocka_run_group_tests_name("smtpd_entry", tests, up, down_with_store);
}
