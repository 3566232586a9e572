// SPDX-License-Identifier: ISC
/*
 * What users may do: whom they may send as, who receives, which certificates may enter.
 */
#include "auth_fixture.h"

#include "auth/policy.h"

/* A certificate that is no device of the store. */
static const struct auth_peer no_device = { .certificate = true };

static int
up(void **state)
{
	struct fixture *f;

	if (fixture_up(state) < 0)
		return -1;
	f = *state;
	add_user(f->users, "brad@447.edu", AUTH_FIELD_ALIAS,
		"root@printer.example,info@447.edu");
	add_user(f->users, "sue@447.edu", AUTH_FIELD_LOCKED, "x");
	add_user(f->users, "tim@447.edu", AUTH_FIELD_LOCKED, "x");
	return 0;
}

struct send_case {
	const char *address;
	int own, domain, any;
};

static const struct send_case send_cases[] = {
	{ "brad@447.edu", 1, 1, 1 },
	{ "Brad@447.edu", 1, 1, 1 },
	{ "info@447.edu", 1, 1, 1 },
	{ "Root@printer.example", 1, 0, 1 },
	{ "sue@447.edu", 0, 1, 1 },
	{ "x@other.example", 0, 1, 1 },
	{ "x@OTHER.example", 0, 1, 1 },
	{ "o'brien@447.edu", 0, 1, 1 },
	{ "x@printer.example", 0, 0, 1 },
	{ "x@sub.447.edu", 0, 0, 1 },
	{ "x@evil447.edu", 0, 0, 1 },
	{ "447.edu", 0, 0, 1 },
	{ "@447.edu", 0, 0, 1 },
	{ "x@", 0, 0, 1 },
	{ "x@447.edu@evil.example", 0, 0, 1 },
	{ "", 1, 1, 1 },
};

static void
test_senders(void **state)
{
	static const char *const settings[] = { "senders=own", "senders=domain",
		"senders=any" };
	struct fixture *f = *state;
	enum auth_standing standing;

	for (size_t s = 0; s < COUNT(settings); s++) {
		fixture_set(f, &settings[s], 1);
		for (size_t i = 0; i < COUNT(send_cases); i++) {
			const struct send_case *c = &send_cases[i];
			int r = auth_may_send_as(f->config, &no_device, "brad@447.edu",
				c->address, &standing);

			if (r != (s == 0 ? c->own : s == 1 ? c->domain : c->any))
				fail_msg("%s: %s: %d", settings[s], c->address, r);
		}
	}
	fixture_set(f, settings, 1);
	for (size_t i = 0; i < COUNT(settings); i++) {
		static const char *const barred[] = { "gone@447.edu", "sue@447.edu" };

		fixture_set(f, &settings[i], 1);
		for (size_t j = 0; j < 2 * COUNT(barred); j++) {
			assert_int_equal(
				auth_may_send_as(f->config, &no_device, barred[j / 2],
					j % 2 ? "" : barred[j / 2], &standing),
				0);
			assert_int_equal(standing,
				j / 2 ? AUTH_STANDING_LOCKED : AUTH_STANDING_ORPHAN);
		}
	}
}

struct receive_case {
	const char *address;
	int users, any;
};

static const struct receive_case receive_cases[] = {
	{ "brad@447.edu", 1, 1 },
	{ "BRAD@447.edu", 1, 1 },
	{ "sue@447.edu", 1, 1 },
	{ "postmaster@447.edu", 1, 1 },
	{ "PostMaster@other.example", 1, 1 },
	{ "postmaster@foreign.example", 0, 0 },
	{ "brad@other.example", 0, 1 },
	{ "info@447.edu", 0, 1 },
	{ "nobody@447.edu", 0, 1 },
	{ "o'brien@447.edu", 0, 1 },
	{ "../x@447.edu", 0, 1 },
	{ "brad@foreign.example", 0, 0 },
	{ "root@printer.example", 0, 0 },
	{ "brad", 0, 0 },
	{ "", 0, 0 },
};

static void
test_recipients(void **state)
{
	static const char *const settings[] = { "recipients=users", "recipients=any" };
	struct fixture *f = *state;

	for (size_t s = 0; s < COUNT(settings); s++) {
		fixture_set(f, &settings[s], 1);
		for (size_t i = 0; i < COUNT(receive_cases); i++) {
			const struct receive_case *c = &receive_cases[i];
			int r = auth_may_receive(f->config, c->address);

			if (r != (s == 0 ? c->users : c->any))
				fail_msg("%s: %s: %d", settings[s], c->address, r);
		}
	}
	fixture_set(f, NULL, 0);
}

static int
may_enter(struct fixture *f, char *const *names, size_t n)
{
	struct auth_store *s = NULL;
	int r = auth_store_open(f->users, &s);

	if (r == 0)
		r = auth_may_enter(s, f->config, names, n);
	auth_store_free(s);
	return r;
}

static void
test_entering(void **state)
{
	static const struct {
		const char *names[3];
		int r;
	} cases[] = {
		{ { NULL }, 1 },
		{ { "brad" }, 1 },
		{ { "new" }, 1 },
		{ { "sue" }, 0 },
		{ { "sue@447.edu", "tim" }, 0 },
		{ { "sue", "brad" }, 1 },
		{ { "sue", "new" }, 1 },
		{ { "sue", "x@foreign.example" }, 0 },
		{ { "sue", "A Printer" }, 0 },
		{ { "x@foreign.example" }, 1 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t n = 0;

		while (n < 3 && cases[i].names[n])
			n++;
		if (may_enter(f, (char *const *)cases[i].names, n) != cases[i].r)
			fail_msg("case %zu", i);
	}
}

static void
test_faults(void **state)
{
	struct fixture *f = *state;
	static const char *const own[] = { "senders=own" };
	enum auth_standing standing;
	char *name = (char *)"brad";

	unlink(f->users);
	fixture_set(f, own, 1);
	assert_int_equal(auth_may_receive(f->config, "brad@447.edu"), 0);
	assert_int_equal(may_enter(f, &name, 1), 1);
	assert_int_equal(symlink("elsewhere", f->users), 0);
	assert_int_equal(auth_may_receive(f->config, "brad@447.edu"), -ELOOP);
	assert_int_equal(may_enter(f, &name, 1), -ELOOP);
	assert_int_equal(auth_may_send_as(f->config, &no_device, "brad@447.edu",
				 "info@447.edu", &standing),
		-ELOOP);
	assert_int_equal(auth_may_receive(f->config, "postmaster@447.edu"), 1);
	unlink(f->users);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_senders),
		cmocka_unit_test(test_recipients),
		cmocka_unit_test(test_entering),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, up, fixture_down);
}
