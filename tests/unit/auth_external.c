// SPDX-License-Identifier: ISC
/*
 * EXTERNAL: whom a proved certificate logs in, with and without being asked for; whom it
 * does not, and that the peer is not told why.
 */
#include "auth_fixture.h"

#include <dlfcn.h>
#include <sys/wait.h>

#include "auth/exchange.h"
#include "pki/digest.h"

static char *names[] = { (char *)"ghost", (char *)"x@foreign.example", (char *)"Brad",
	(char *)"sue@447.edu", (char *)"Carol@Other.Example", (char *)"not a name" };

static const struct auth_peer peer = {
	.certificate = true, .names = names, .n_names = COUNT(names)
};

static void
put_line(const char *users, const char *line)
{
	struct auth_update *u = NULL;

	assert_int_equal(auth_update_begin(users, AUTH_WAIT_SERVICE, &u), 0);
	assert_int_equal(auth_update_put(u, line, strlen(line)), 0);
	assert_int_equal(auth_update_commit(u), 0);
	auth_update_free(u);
}

static int
up(void **state)
{
	struct fixture *f;

	if (fixture_up(state) < 0)
		return -1;
	f = *state;
	add_user(f->users, "brad@447.edu", NULL, NULL);
	add_user(f->users, "sue@447.edu", AUTH_FIELD_LOCKED, "x");
	add_user(f->users, "eve@447.edu", NULL, NULL);
	put_line(f->users, "u carol@other.example");
	return 0;
}

/* One exchange: what is said with AUTH, or NULL; the answer to the challenge. Plain text;
 * both may be NULL. */
static enum auth_verdict
run(const struct config *config, const struct auth_peer *who, const char *initial,
	const char *answer, char ret_user[AUTH_NAME_SIZE], char ret_reason[256])
{
	struct auth_exchange *x = NULL;
	char *coded = NULL;
	const char *text = NULL;
	enum auth_verdict verdict;

	assert_int_equal(auth_exchange_start(config, who, "EXTERNAL", &x), 0);
	if (initial && *initial)
		assert_int_equal(pki_base64_encode(initial, strlen(initial), &coded), 0);
	verdict = auth_exchange_step(x, coded || !initial ? coded : "=", &text);
	free(coded);
	coded = NULL;
	if (!initial) {
		assert_int_equal(verdict, AUTH_CHALLENGE);
		assert_string_equal(text, "");
		assert_int_equal(pki_base64_encode(answer, strlen(answer), &coded), 0);
		verdict = auth_exchange_step(x, coded, &text);
		free(coded);
	}
	assert_int_not_equal(verdict, AUTH_CHALLENGE);
	assert_string_equal(text, "");
	snprintf(ret_user, AUTH_NAME_SIZE, "%s",
		auth_exchange_user(x) ? auth_exchange_user(x) : "");
	snprintf(ret_reason, 256, "%s", auth_exchange_reason(x));
	/* It is over. */
	assert_int_equal(auth_exchange_step(x, "", &text), AUTH_BROKEN);
	auth_exchange_free(x);
	return verdict;
}

static const struct {
	const char *identity;
	enum auth_verdict verdict;
	const char *user; /* for the log, where it is not logged in */
	const char *reason;
} cases[] = {
	{ "", AUTH_DONE, "brad@447.edu", "certificate proved" },
	{ "brad", AUTH_DONE, "brad@447.edu", "certificate proved" },
	{ "brad@447.edu", AUTH_DONE, "brad@447.edu", "certificate proved" },
	{ "BRAD@447.EDU", AUTH_DONE, "brad@447.edu", "certificate proved" },
	{ "carol@other.example", AUTH_DONE, "carol@other.example", "certificate proved" },
	{ "sue", AUTH_WRONG, "sue@447.edu", "user is locked" },
	{ "ghost", AUTH_WRONG, "ghost@447.edu", "unknown user" },
	{ "eve", AUTH_WRONG, "eve@447.edu", "the certificate does not name the user" },
	{ "carol", AUTH_WRONG, "carol@447.edu",
		"the certificate does not name the user" },
	{ "nobody", AUTH_WRONG, "nobody@447.edu",
		"the certificate does not name the user" },
	{ "x@foreign.example", AUTH_WRONG, "", "no name of a user here" },
	{ "../brad", AUTH_WRONG, "", "no name of a user here" },
	{ "not a name", AUTH_WRONG, "", "no name of a user here" },
	{ "br\xc3\xa4"
	  "d",
		AUTH_WRONG, "", "no name of a user here" },
	{ " ", AUTH_WRONG, "", "no name of a user here" },
};

static void
test_identities(void **state)
{
	static const char *const any[] = { "bind=any" };
	struct fixture *f = *state;
	char user[AUTH_NAME_SIZE], reason[256];

	/* `bind = any` is for passwords. */
	for (size_t i = 0; i < 4 * COUNT(cases); i++) {
		size_t n = i % COUNT(cases);
		bool initial = i / COUNT(cases) % 2;
		enum auth_verdict verdict;

		if (i == 2 * COUNT(cases))
			fixture_set(f, any, 1);
		verdict = run(f->config, &peer, initial ? cases[n].identity : NULL,
			cases[n].identity, user, reason);
		if (verdict != cases[n].verdict || strcmp(user, cases[n].user) != 0 ||
			strcmp(reason, cases[n].reason) != 0)
			fail_msg("\"%s\": %d, \"%s\", %s", cases[n].identity, verdict,
				user, reason);
	}
	fixture_set(f, NULL, 0);
}

/* Of several names the first user's counts, and no other if that one is locked. */
static void
test_first_name(void **state)
{
	static const struct {
		size_t first, n;
		enum auth_verdict verdict;
		const char *user, *reason;
	} orders[] = {
		{ 0, 6, AUTH_DONE, "brad@447.edu", "certificate proved" },
		{ 2, 4, AUTH_DONE, "brad@447.edu", "certificate proved" },
		{ 3, 3, AUTH_WRONG, "sue@447.edu", "user is locked" },
		{ 4, 2, AUTH_DONE, "carol@other.example", "certificate proved" },
		{ 0, 2, AUTH_WRONG, "", "the certificate names no user here" },
		{ 5, 1, AUTH_WRONG, "", "the certificate names no user here" },
		{ 0, 0, AUTH_WRONG, "", "the certificate names no user here" },
	};
	struct fixture *f = *state;
	char user[AUTH_NAME_SIZE], reason[256];

	for (size_t i = 0; i < COUNT(orders); i++) {
		struct auth_peer who = { .certificate = true,
			.names = names + orders[i].first,
			.n_names = orders[i].n };

		assert_int_equal(
			run(f->config, &who, "", NULL, user, reason), orders[i].verdict);
		assert_string_equal(user, orders[i].user);
		assert_string_equal(reason, orders[i].reason);
	}
}

static void
test_broken(void **state)
{
	static const char *const lines[] = { "!", "YnJhZA", "AA==", "YnJhZABzdWU=", "*",
		"4mJyYWQ=", "7aCA", "==" };
	struct fixture *f = *state;

	for (size_t i = 0; i < 2 * COUNT(lines); i++) {
		struct auth_exchange *x = NULL;
		const char *text;

		assert_int_equal(
			auth_exchange_start(f->config, &peer, "EXTERNAL", &x), 0);
		if (i % 2)
			assert_int_equal(
				auth_exchange_step(x, NULL, &text), AUTH_CHALLENGE);
		if (auth_exchange_step(x, lines[i / 2], &text) != AUTH_BROKEN)
			fail_msg("%s: %s", lines[i / 2], auth_exchange_reason(x));
		assert_null(auth_exchange_user(x));
		auth_exchange_free(x);
	}
}

/* An empty answer behind a challenge is an empty identity; "=" is for AUTH alone, and a
 * second question never comes. */
static void
test_empty_answers(void **state)
{
	struct fixture *f = *state;
	struct auth_exchange *x = NULL;
	const char *text;

	assert_int_equal(auth_exchange_start(f->config, &peer, "EXTERNAL", &x), 0);
	assert_int_equal(auth_exchange_step(x, NULL, &text), AUTH_CHALLENGE);
	assert_int_equal(auth_exchange_step(x, "", &text), AUTH_DONE);
	auth_exchange_free(x);
	assert_int_equal(auth_exchange_start(f->config, &peer, "EXTERNAL", &x), 0);
	assert_int_equal(auth_exchange_step(x, NULL, &text), AUTH_CHALLENGE);
	assert_int_equal(auth_exchange_step(x, "=", &text), AUTH_BROKEN);
	auth_exchange_free(x);
	assert_int_equal(auth_exchange_start(f->config, &peer, "EXTERNAL", &x), 0);
	assert_int_equal(auth_exchange_step(x, NULL, &text), AUTH_CHALLENGE);
	assert_int_equal(auth_exchange_step(x, NULL, &text), AUTH_BROKEN);
	auth_exchange_free(x);
}

/* As with a password, the first login is written down, and no further one. */
static void
test_first_login(void **state)
{
	struct fixture *f = *state;
	struct buffer line = { 0 };
	char user[AUTH_NAME_SIZE], reason[256];
	struct stat a, b;

	put_line(f->users, "u carol@other.example keep=this");
	assert_int_equal(run(f->config, &peer, "carol@other.example", NULL, user, reason),
		AUTH_DONE);
	assert_int_equal(find_user(f->users, "carol@other.example", &line, NULL), 1);
	assert_true(auth_line_has(
		buffer_data(&line), buffer_len(&line), AUTH_FIELD_FIRST_LOGIN));
	assert_true(auth_line_has(buffer_data(&line), buffer_len(&line), "keep"));
	assert_int_equal(stat(f->users, &a), 0);
	assert_int_equal(run(f->config, &peer, "carol@other.example", NULL, user, reason),
		AUTH_DONE);
	assert_int_equal(stat(f->users, &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	/* The password may change meanwhile: it was not asked for. */
	add_user(f->users, "brad@447.edu", NULL, NULL);
	assert_int_equal(run(f->config, &peer, "", NULL, user, reason), AUTH_DONE);
	assert_int_equal(find_user(f->users, "brad@447.edu", &line, NULL), 1);
	assert_true(auth_line_has(
		buffer_data(&line), buffer_len(&line), AUTH_FIELD_FIRST_LOGIN));
	buffer_free(&line);
}

static void
test_faults(void **state)
{
	struct fixture *f = *state;
	char aside[200], user[AUTH_NAME_SIZE], reason[256];

	snprintf(aside, sizeof(aside), "%s.aside", f->users);
	assert_int_equal(rename(f->users, aside), 0);
	assert_int_equal(symlink(aside, f->users), 0);
	assert_int_equal(run(f->config, &peer, "", NULL, user, reason), AUTH_TEMPORARY);
	assert_non_null(strstr(reason, f->users));
	assert_int_equal(
		run(f->config, &peer, "brad", NULL, user, reason), AUTH_TEMPORARY);
	assert_non_null(strstr(reason, f->users));
	/* Nobody is looked up whom the certificate does not name. */
	assert_int_equal(run(f->config, &peer, "eve", NULL, user, reason), AUTH_WRONG);
	unlink(f->users);
	assert_int_equal(rename(aside, f->users), 0);
}

/* Whether libgsasl is loaded once a mechanism has begun. */
static bool
loads_library(const struct config *config, const char *mechanism)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct auth_exchange *x = NULL;
		const char *text;

		if (auth_exchange_start(config, &peer, mechanism, &x) < 0 ||
			auth_exchange_step(x, NULL, &text) != AUTH_CHALLENGE ||
			auth_exchange_step(x, "", &text) == AUTH_CHALLENGE)
			_exit(2);
		_exit(dlopen("libgsasl.so.18", RTLD_NOLOAD | RTLD_LAZY) ? 1 : 0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	return WEXITSTATUS(status) == 1;
}

/* Loading it costs more than all the rest of a login. */
static void
test_no_library(void **state)
{
	struct fixture *f = *state;

	assert_false(loads_library(f->config, "EXTERNAL"));
	assert_true(loads_library(f->config, "PLAIN"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_library),
		cmocka_unit_test(test_identities),
		cmocka_unit_test(test_first_name),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_empty_answers),
		cmocka_unit_test(test_first_login),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests_name("auth_external", tests, up, fixture_down);
}
