// SPDX-License-Identifier: ISC
/*
 * Sessions that are resumed, against tls processes that lie (liar.h): of whom the smtp
 * process has no entry, or not that one, or not any more, does not get in as anybody.
 */
#include "liar.h"

#include "base/cleanup.h"
#include "host/tickets.h"

static struct config *with_tickets, *without;
static char run[96], table_file[128];

static int
up_with_tickets(void **state)
{
	char settings[3][128];
	const char *more[] = { settings[0], settings[1], settings[2] };

	up(state);
	snprintf(run, sizeof run, "%s/run", world.dir);
	snprintf(table_file, sizeof table_file, "%s/%s", run, HOST_TICKETS_NAME);
	if (mkdir(run, 0700) < 0)
		abort();
	snprintf(settings[0], sizeof settings[0], "run=%s", run);
	snprintf(settings[1], sizeof settings[1], "tickets=on");
	with_tickets = handshakes_config(&world, more, 2);
	without = handshakes_config(&world, more, 1);
	return 0;
}

static int
down_with_tickets(void **state)
{
	config_free(with_tickets);
	config_free(without);
	unlink(table_file);
	rmdir(run);
	return down(state);
}

static int
begin_anew(void **state)
{
	(void)state;
	unlink(table_file);
	return 0;
}

/* The entries of the table, found by their places in its file. */
static size_t
read_table(struct host_ticket *ret, size_t max)
{
	enum { FIRST = 4096, RECORDS = 4096, RECORD = 32 };
	int fd CLEANUP_FD = open(table_file, O_RDONLY);
	uint8_t record[RECORD];
	size_t n = 0;

	for (off_t i = 0; fd >= 0 && i < RECORDS && n < max; i++) {
		assert_int_equal(
			pread(fd, record, RECORD, FIRST + i * RECORD), sizeof record);
		if (record[0] == 0)
			continue;
		assert_int_equal(pread(fd, &ret[n++], sizeof *ret,
					 FIRST + RECORDS * RECORD + i * 4096 + 8),
			sizeof *ret);
	}
	return n;
}

static struct host_ticket
only_entry(void)
{
	struct host_ticket entries[2];

	assert_int_equal(read_table(entries, 2), 1);
	return entries[0];
}

static void
drop(const struct host_ticket *entry)
{
	struct host_tickets t;

	assert_int_equal(host_tickets_open(run, NULL, &t), 0);
	assert_int_equal(host_tickets_drop(&t, entry->id, host_clock_now()), 0);
	host_tickets_close(&t);
}

/* A whole handshake that the client has a ticket of. The end of the connection may come
 * so close behind the ticket that GnuTLS gives no session any more: then once again. */
static void
expect_ticket(const struct trial *wanted, const char *what)
{
	enum { TRIES = 20 };

	for (int i = 0; i < TRIES; i++) {
		struct trial t = *wanted;
		struct host_ticket entry;

		begin_anew(NULL);
		expect(&t, what, "admitted", "TLS");
		entry = only_entry();
		if (t.session->data && memmem(t.session->data, t.session->size, entry.id,
					       sizeof entry.id))
			return;
		gnutls_free(t.session->data);
		*t.session = (gnutls_datum_t){ NULL, 0 };
	}
	fail_msg("%s: no ticket has come", what);
}

/* A whole handshake, whose session is kept, then one that would like to go on with it. */
static void
expect_again(size_t offer, bool (*lie)(struct trial *, struct tls_message *),
	const char *event, const char *reason)
{
	gnutls_datum_t session = { NULL, 0 };
	struct trial first = { .offer = OFFERS[offer],
		.client = &world.clients[0],
		.config = with_tickets,
		.session = &session };
	struct trial second = first;

	expect_ticket(&first, "the first");
	second.lie = lie;
	expect(&second, "the second", event, reason);
	gnutls_free(session.data);
}

static void
test_honest_resumed(void **state)
{
	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(OFFERS); i++) {
		gnutls_datum_t session = { NULL, 0 };
		struct trial t = { .offer = OFFERS[i],
			.client = &world.clients[0],
			.config = with_tickets,
			.session = &session };

		expect_ticket(&t, "whole");
		for (int again = 0; again < 3; again++) {
			struct trial next = { .offer = OFFERS[i],
				.client = &world.clients[0],
				.config = with_tickets,
				.session = &session };

			expect(&next, "again", "admitted", "resumed");
			only_entry();
		}
		gnutls_free(session.data);
	}
}

/* Who has no ticket is asked for one all the same, and its session is kept. */
static void
test_each_session_has_a_key_of_its_own(void **state)
{
	struct host_ticket entries[8];
	size_t n;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct trial t = { .offer = HANDSHAKES_TLS13,
			.client = &world.clients[i % 2],
			.config = with_tickets };

		expect(&t, "whole", "admitted", "TLS");
	}
	n = read_table(entries, 8);
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(
				entries[i].key, entries[j].key, HOST_TICKET_KEY);
}

/* It has got a key of the table somehow, and does not ask the smtp process. */
static bool
use_a_stolen_key(struct trial *t, struct tls_message *m)
{
	struct host_ticket entry = only_entry();
	struct tls_message key = { .kind = TLS_STEK,
		.bytes = { entry.key, sizeof entry.key } };

	if (m->kind != TLS_TICKET)
		return true;
	assert_int_equal(tls_control_send(t->inner[0], &key), 0);
	return false;
}

/* It asks for none, and says so of a whole handshake. */
static bool
say_resumed(struct trial *t, struct tls_message *m)
{
	(void)t;
	if (m->kind == TLS_PROVED) {
		m->kind = TLS_RESUMED;
		m->proved.transcript.len = 0;
	}
	return true;
}

static bool
say_proved(struct trial *t, struct tls_message *m)
{
	(void)t;
	if (m->kind == TLS_RESUMED)
		m->kind = TLS_PROVED;
	return true;
}

static bool
ask_twice(struct trial *t, struct tls_message *m)
{
	if (m->kind == TLS_TICKET)
		assert_int_equal(tls_control_send(t->outer[0], m), 0);
	return true;
}

static bool
ask_behind(struct trial *t, struct tls_message *m, enum tls_kind kind)
{
	struct tls_message ask = { .kind = TLS_TICKET };

	if (m->kind == TLS_TICKET) {
		ask.kind = TLS_STEK;
		assert_int_equal(tls_control_send(t->inner[0], &ask), 0);
		return false;
	}
	if (m->kind == kind) {
		assert_int_equal(tls_control_send(t->outer[0], m), 0);
		assert_int_equal(tls_control_send(t->outer[0], &ask), 0);
		return false;
	}
	return true;
}

static bool
ask_behind_sign(struct trial *t, struct tls_message *m)
{
	return ask_behind(t, m, TLS_SIGN);
}

static bool
ask_behind_claim(struct trial *t, struct tls_message *m)
{
	return ask_behind(t, m, TLS_CLAIM);
}

/* A signature, for somebody else, in a session that is resumed. */
static bool
sign_before_resuming(struct trial *t, struct tls_message *m)
{
	struct tls_message sign = { .kind = TLS_SIGN,
		.sign = { true, GNUTLS_SIGN_ECDSA_SHA256,
			"thirty-two bytes of its own mind", 32 } };

	if (m->kind == TLS_RESUMED)
		assert_int_equal(tls_control_send(t->outer[0], &sign), 0);
	return true;
}

static void
test_lies(void **state)
{
	static const struct {
		bool (*lie)(struct trial *, struct tls_message *);
		const char *reason;
	} cases[] = {
		{ use_a_stolen_key, "resumed-without-ticket" },
		{ say_proved, "proof-without-claim" },
		{ ask_twice, "second-ticket" },
		{ ask_behind_sign, "late-ticket" },
		{ ask_behind_claim, "late-ticket" },
		{ sign_before_resuming, "resumed-without-ticket" },
	};

	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(OFFERS); i++)
		for (size_t j = 0; j < HANDSHAKES_COUNT(cases); j++)
			expect_again(
				i, cases[j].lie, "tls-process-fault", cases[j].reason);
}

static void
test_whole_handshake_called_resumed(void **state)
{
	struct host_ticket entry;

	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(OFFERS); i++) {
		struct trial t = { .offer = OFFERS[i],
			.client = &world.clients[0],
			.config = with_tickets,
			.lie = say_resumed };

		expect(&t, "whole", "tls-process-fault", "resumed-without-ticket");
		assert_int_equal(read_table(&entry, 1), 0);
	}
}

/* Where the setting is off nobody asks, but one that was taken over. */
static bool
ask_all_the_same(struct trial *t, struct tls_message *m)
{
	struct tls_message ask = { .kind = TLS_TICKET };

	(void)m;
	assert_int_equal(tls_control_send(t->outer[0], &ask), 0);
	return true;
}

static void
test_setting_is_off(void **state)
{
	struct trial t = { .offer = HANDSHAKES_TLS13,
		.client = &world.clients[0],
		.config = without,
		.lie = ask_all_the_same };

	(void)state;
	expect(&t, "off", "tls-process-fault", "ticket-without-tickets");
}

/* A whole handshake ends the entry whose key was given, before there are any tickets. */
static bool
look_behind_the_verdict(struct trial *t, struct tls_message *m)
{
	struct host_ticket entries[2];

	if (m->kind == TLS_PROVED)
		t->place = read_table(entries, 2) + 100;
	return true;
}

/* The client's ticket is not read any more, though it has the right name. */
static void
spoil(gnutls_datum_t *session, const struct host_ticket *entry)
{
	uint8_t *at = memmem(session->data, session->size, entry->id, sizeof entry->id);

	assert_non_null(at);
	at[sizeof entry->id + 40] ^= 1;
}

static void
test_whole_handshake_ends_the_entry(void **state)
{
	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(OFFERS); i++) {
		gnutls_datum_t session = { NULL, 0 };
		struct trial first = { .offer = OFFERS[i],
			.client = &world.clients[0],
			.config = with_tickets,
			.session = &session };
		struct trial second = first, third = first;
		struct host_ticket entry;

		expect_ticket(&first, "the first");
		entry = only_entry();
		spoil(&session, &entry);
		second.lie = look_behind_the_verdict;
		expect(&second, "the second", "admitted", "TLS");
		assert_int_equal(second.place, 100);
		assert_int_equal(read_table(&entry, 1), 0);
		/* It has got a ticket under that key, which is nobody's now. */
		expect(&third, "the third", "admitted", "TLS");
		gnutls_free(session.data);
	}
}

/* The entry ends between the key and the end of the handshake. */
static bool
let_it_end(struct trial *t, struct tls_message *m)
{
	struct host_ticket entry;

	(void)t;
	if (m->kind != TLS_RESUMED)
		return true;
	entry = only_entry();
	drop(&entry);
	return true;
}

static void
test_entry_that_ends_meanwhile(void **state)
{
	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(OFFERS); i++)
		expect_again(i, let_it_end, "refused", "ticket-ended");
}

/* Another client's, whose id was seen on the network: a tls process that was taken over
 * asks for it, and says that its session was resumed. */
static struct host_ticket seen;

static bool
ask_for_another(struct trial *t, struct tls_message *m)
{
	struct tls_message ask = { .kind = TLS_TICKET,
		.bytes = { seen.id, sizeof seen.id } };
	struct tls_message resumed = { .kind = TLS_RESUMED };

	if (m->kind != TLS_TICKET)
		return false;
	strcpy(resumed.proved.version, "TLS1.3");
	assert_int_equal(tls_control_send(t->outer[0], &ask), 0);
	assert_int_equal(tls_control_send(t->outer[0], &resumed), 0);
	return false;
}

static void
test_another_address_gets_no_key(void **state)
{
	static const struct {
		const char *owner, *thief;
		bool gets;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.2", false },
		{ "192.0.2.1", "::ffff:192.0.2.1", true },
		{ "2001:db8:1::1", "2001:db8:1::2", true }, /* one network */
		{ "2001:db8:1::1", "2001:db8:2::1", false },
		{ "192.0.2.1", "local", false },
	};

	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(cases); i++) {
		struct trial owner = { .offer = HANDSHAKES_TLS13,
			.client = &world.clients[0],
			.config = with_tickets,
			.from = cases[i].owner };
		struct trial thief = { .offer = HANDSHAKES_TLS13,
			.client = &world.clients[1],
			.config = with_tickets,
			.from = cases[i].thief,
			.lie = ask_for_another };

		begin_anew(NULL);
		expect(&owner, "owner", "admitted", "TLS");
		seen = only_entry();
		if (cases[i].gets)
			expect(&thief, "same address", "admitted", "resumed");
		else
			expect(&thief, "thief", "tls-process-fault",
				"resumed-without-ticket");
		/* It is there still. */
		only_entry();
	}
}

/* Nobody's address is nobody's: nothing is kept for a peer that has none. */
static void
test_no_address(void **state)
{
	struct trial t = { .offer = HANDSHAKES_TLS13,
		.client = &world.clients[0],
		.config = with_tickets,
		.from = "local" };
	struct host_ticket entry;

	(void)state;
	expect(&t, "local", "admitted", "TLS");
	assert_int_equal(read_table(&entry, 1), 0);
}

int
main(void)
{
#define ANEW(test) cmocka_unit_test_setup(test, begin_anew)
	const struct CMUnitTest tests[] = {
		ANEW(test_honest_resumed),
		ANEW(test_each_session_has_a_key_of_its_own),
		ANEW(test_lies),
		ANEW(test_whole_handshake_called_resumed),
		ANEW(test_setting_is_off),
		ANEW(test_whole_handshake_ends_the_entry),
		ANEW(test_entry_that_ends_meanwhile),
		ANEW(test_another_address_gets_no_key),
		ANEW(test_no_address),
	};

	return cmocka_run_group_tests_name(
		"smtpd_tickets", tests, up_with_tickets, down_with_tickets);
}
