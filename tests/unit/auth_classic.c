// SPDX-License-Identifier: ISC
/*
 * The classic AUTH: username, password, enrolment under each policy, and eight processes
 * that enrol at once.
 */
#include "auth_fixture.h"

#include <sys/wait.h>

#include "auth/enrol.h"
#include "auth/exchange.h"

#define ASK_USERNAME "dXNlcm5hbWU="
#define ASK_PASSWORD "cGFzc3dvcmQ="

static const uint8_t PIN[PKI_PIN_SIZE] = { 1, 2, 3 };
static const uint8_t OTHER_PIN[PKI_PIN_SIZE] = { 1, 2, 4 };

static char *names[] = { (char *)"newuser@447.edu", (char *)"brad", (char *)"sue",
	(char *)"eve@other.example" };

static const struct auth_peer peer = {
	.certificate = true, .pin = PIN, .names = names, .n_names = 4
};

static const struct auth_peer other_device = {
	.certificate = true, .pin = OTHER_PIN, .names = names, .n_names = 4
};

static const struct auth_peer no_certificate = { .certificate = false };

struct outcome {
	enum auth_verdict verdict;
	char text[64];
	char user[AUTH_NAME_SIZE];
	char reason[256];
};

static enum auth_verdict
say(struct auth_exchange *x, const char *plain, const char **ret_text)
{
	enum auth_verdict verdict;
	char *coded;

	assert_int_equal(pki_base64_encode(plain, strlen(plain), &coded), 0);
	verdict = auth_exchange_step(x, coded, ret_text);
	free(coded);
	return verdict;
}

/* AUTH, username, and password where one is asked for and given. */
static struct outcome
run(const struct config *config, const struct auth_peer *p, const char *user,
	const char *password)
{
	struct outcome o = { 0 };
	struct auth_exchange *x = NULL;
	const char *text;

	assert_int_equal(auth_exchange_start(config, p, NULL, &x), 0);
	assert_string_equal(auth_exchange_mechanism(x), "classic");
	assert_int_equal(auth_exchange_step(x, NULL, &text), AUTH_CHALLENGE);
	assert_string_equal(text, ASK_USERNAME);
	o.verdict = say(x, user, &text);
	if (o.verdict == AUTH_CHALLENGE) {
		assert_string_equal(text, ASK_PASSWORD);
		if (password)
			o.verdict = say(x, password, &text);
	}
	snprintf(o.text, sizeof(o.text), "%s", text);
	snprintf(o.user, sizeof(o.user), "%s",
		auth_exchange_user(x) ? auth_exchange_user(x) : "");
	snprintf(o.reason, sizeof(o.reason), "%s", auth_exchange_reason(x));
	auth_exchange_free(x);
	return o;
}

static void
start_anew(struct fixture *f, const char *const *more, size_t n)
{
	unlink(f->users);
	fixture_set(f, more, n);
	add_user(f->users, "brad@447.edu", NULL, NULL);
	add_user(f->users, "tim@447.edu", NULL, NULL);
	add_user(f->users, "sue@447.edu", AUTH_FIELD_LOCKED, "x");
}

static void
test_login(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *user, *password;
		enum auth_verdict verdict;
		const char *reason;
	} cases[] = {
		{ "brad", PASSWORD, AUTH_DONE, "password right" },
		{ "brad@447.edu", PASSWORD, AUTH_DONE, "password right" },
		{ "Brad@447.EDU", PASSWORD, AUTH_DONE, "password right" },
		{ "brad", "wrong", AUTH_WRONG, "wrong password" },
		{ "brad", "", AUTH_WRONG, "wrong password" },
		{ "sue", PASSWORD, AUTH_WRONG, "user is locked" },
		{ "sue", "", AUTH_WRONG, "wrong password" },
		{ "tim", PASSWORD, AUTH_WRONG, "the certificate does not name the user" },
		{ "nobody", PASSWORD, AUTH_WRONG, "unknown user" },
		{ "../brad", PASSWORD, AUTH_WRONG, "no name of a user here" },
		{ "brad\n", PASSWORD, AUTH_WRONG, "no name of a user here" },
		{ "", PASSWORD, AUTH_WRONG, "no name of a user here" },
		{ "brad@foreign.example", PASSWORD, AUTH_WRONG,
			"no name of a user here" },
	};

	start_anew(f, NULL, 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct outcome o = run(
			f->config, &peer, cases[i].user, cases[i].password);

		if (o.verdict != cases[i].verdict ||
			strcmp(o.reason, cases[i].reason) != 0)
			fail_msg("%s: %d, %s", cases[i].user, o.verdict, o.reason);
		if (o.verdict == AUTH_DONE)
			assert_string_equal(o.user, "brad@447.edu");
	}
}

static void
test_broken(void **state)
{
	struct fixture *f = *state;
	struct auth_exchange *x = NULL;
	const char *text;

	start_anew(f, NULL, 0);
	assert_int_equal(auth_exchange_start(f->config, &peer, NULL, &x), 0);
	assert_int_equal(auth_exchange_step(x, "YnJhZA==", &text), AUTH_BROKEN);
	auth_exchange_free(x);
	for (int i = 0; i < 3; i++) {
		static const char *const bad[] = { "bra", "*", "YnJhZA" };

		assert_int_equal(auth_exchange_start(f->config, &peer, NULL, &x), 0);
		assert_int_equal(auth_exchange_step(x, NULL, &text), AUTH_CHALLENGE);
		assert_int_equal(auth_exchange_step(x, bad[i], &text), AUTH_BROKEN);
		assert_int_equal(auth_exchange_step(x, "YnJhZA==", &text), AUTH_BROKEN);
		auth_exchange_free(x);
		assert_int_equal(auth_exchange_start(f->config, &peer, NULL, &x), 0);
		assert_int_equal(auth_exchange_step(x, NULL, &text), AUTH_CHALLENGE);
		assert_int_equal(say(x, "brad", &text), AUTH_CHALLENGE);
		assert_int_equal(auth_exchange_step(x, bad[i], &text), AUTH_BROKEN);
		auth_exchange_free(x);
		assert_int_equal(auth_exchange_start(f->config, &peer, NULL, &x), 0);
		assert_int_equal(auth_exchange_step(x, NULL, &text), AUTH_CHALLENGE);
		assert_int_equal(auth_exchange_step(x, NULL, &text), AUTH_BROKEN);
		auth_exchange_free(x);
	}
}

/* Names of 10,000 bytes, with NUL, and everything else that is none, leave the store
 * alone even where everybody may enrol. */
static void
test_bad_names_never_enrol(void **state)
{
	static const char *const any[] = { "enrol=any", "bind=any" };
	static const struct {
		const char *text;
		size_t len;
	} bad[] = { { "../x", 4 }, { "a\nu b@447.edu", 13 }, { "a\0b", 3 }, { "", 0 },
		{ "a b", 3 }, { "-f", 2 }, { "a/b", 3 }, { "x@foreign.example", 17 } };
	struct fixture *f = *state;
	char *text, *big = malloc(10001), *before, *after;

	start_anew(f, any, 2);
	before = read_file(f->users, NULL);
	memset(big, 'a', 10000);
	big[10000] = '\0';
	assert_int_equal(run(f->config, &peer, big, PASSWORD).verdict, AUTH_WRONG);
	free(big);
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct auth_exchange *x = NULL;
		const char *ask;

		assert_int_equal(pki_base64_encode(bad[i].text, bad[i].len, &text), 0);
		assert_int_equal(auth_exchange_start(f->config, &peer, NULL, &x), 0);
		auth_exchange_step(x, NULL, &ask);
		assert_int_equal(auth_exchange_step(x, text, &ask), AUTH_CHALLENGE);
		assert_string_equal(ask, ASK_PASSWORD);
		assert_int_equal(say(x, PASSWORD, &ask), AUTH_WRONG);
		assert_null(auth_exchange_user(x));
		auth_exchange_free(x);
		free(text);
	}
	after = read_file(f->users, NULL);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void
test_enrol(void **state)
{
	struct fixture *f = *state;
	struct outcome o, again;

	start_anew(f, NULL, 0);
	o = run(f->config, &peer, "newuser@447.edu", NULL);
	assert_int_equal(o.verdict, AUTH_ENROLLED);
	assert_int_equal(strlen(o.text), 29);
	assert_string_equal(o.user, "newuser@447.edu");
	/* Both spellings are one user, who is known now. */
	assert_int_equal(run(f->config, &peer, "newuser", "wrong").verdict, AUTH_WRONG);
	assert_int_equal(
		run(f->config, &other_device, "newuser", "").verdict, AUTH_WRONG);
	assert_int_equal(run(f->config, &peer, "newuser", o.text).verdict, AUTH_DONE);
	assert_int_equal(
		run(f->config, &peer, "newuser@447.edu", o.text).verdict, AUTH_DONE);
	/* Who has logged in does not enrol again. */
	assert_int_equal(run(f->config, &peer, "newuser", "").verdict, AUTH_WRONG);
	again = run(f->config, &peer, "eve@other.example", NULL);
	assert_int_equal(again.verdict, AUTH_ENROLLED);
	assert_string_equal(again.user, "eve@other.example");
	assert_string_not_equal(again.text, o.text);
}

static void
lock_user(const char *users, const char *name)
{
	struct auth_update *u = NULL;
	struct buffer line = { 0 };

	assert_int_equal(auth_update_begin(users, AUTH_WAIT_SERVICE, &u), 0);
	assert_int_equal(auth_update_find(u, 'u', name, &line), 1);
	line_set(&line, AUTH_FIELD_LOCKED, "x");
	assert_int_equal(auth_update_put(u, buffer_data(&line), buffer_len(&line)), 0);
	assert_int_equal(auth_update_commit(u), 0);
	auth_update_free(u);
	buffer_free(&line);
}

/* The first password was lost: the same certificate, and no other, gets another one. */
static void
test_enrol_again(void **state)
{
	static const char *const off[] = { "enrol=off" };
	struct fixture *f = *state;
	struct outcome first, second;

	start_anew(f, NULL, 0);
	first = run(f->config, &peer, "newuser", NULL);
	assert_int_equal(first.verdict, AUTH_ENROLLED);
	assert_int_equal(
		run(f->config, &other_device, "newuser", "").verdict, AUTH_WRONG);
	assert_int_equal(
		run(f->config, &no_certificate, "newuser", "").verdict, AUTH_WRONG);
	second = run(f->config, &peer, "newuser", "");
	assert_int_equal(second.verdict, AUTH_ENROLLED);
	assert_string_not_equal(first.text, second.text);
	assert_int_equal(
		run(f->config, &peer, "newuser", first.text).verdict, AUTH_WRONG);
	fixture_set(f, off, 1);
	assert_int_equal(run(f->config, &peer, "newuser", "").verdict, AUTH_WRONG);
	assert_int_equal(
		run(f->config, &peer, "newuser", second.text).verdict, AUTH_DONE);
	fixture_set(f, NULL, 0);
	/* An administrator's user was not enrolled by this certificate. */
	assert_int_equal(run(f->config, &peer, "brad", "").verdict, AUTH_WRONG);
	/* Nor does a locked user get anything. */
	assert_int_equal(
		run(f->config, &peer, "eve@other.example", NULL).verdict, AUTH_ENROLLED);
	lock_user(f->users, "eve@other.example");
	assert_int_equal(
		run(f->config, &peer, "eve@other.example", "").verdict, AUTH_WRONG);
}

/* Enrolment that was decided while somebody else stored the user. */
static void
test_enrol_lost_race(void **state)
{
	struct fixture *f = *state;
	char password[AUTH_PASSWORD_SIZE], second[AUTH_PASSWORD_SIZE];

	start_anew(f, NULL, 0);
	assert_int_equal(auth_enrol(f->config, &peer, "newuser@447.edu", password), 0);
	assert_int_equal(
		auth_enrol(f->config, &other_device, "newuser@447.edu", second), -EEXIST);
	assert_int_equal(
		auth_enrol(f->config, &no_certificate, "newuser@447.edu", second),
		-EEXIST);
	assert_int_equal(run(f->config, &peer, "newuser", password).verdict, AUTH_DONE);
	assert_int_equal(
		auth_enrol(f->config, &peer, "newuser@447.edu", second), -EEXIST);
	assert_int_equal(auth_enrol(f->config, &peer, "sue@447.edu", second), -EEXIST);
	assert_int_equal(run(f->config, &peer, "newuser", password).verdict, AUTH_DONE);
}

/* A login that was under way when the user enrolled again says nothing of the new
 * password. */
static void
test_login_of_the_old_password(void **state)
{
	struct fixture *f = *state;
	struct auth_account account;
	struct outcome o;

	start_anew(f, NULL, 0);
	assert_int_equal(run(f->config, &peer, "newuser", NULL).verdict, AUTH_ENROLLED);
	assert_int_equal(auth_account_load(f->config, "newuser", 7, &account), 0);
	o = run(f->config, &peer, "newuser", "");
	assert_int_equal(o.verdict, AUTH_ENROLLED);
	assert_int_equal(auth_account_note_login(f->config, &account, true), 0);
	auth_account_clear(&account);
	assert_int_equal(auth_account_load(f->config, "newuser", 7, &account), 0);
	assert_false(account.logged_in);
	assert_int_equal(auth_account_note_login(f->config, &account, true), 0);
	auth_account_clear(&account);
	assert_int_equal(auth_account_load(f->config, "newuser", 7, &account), 0);
	assert_true(account.logged_in);
	auth_account_clear(&account);
}

struct policy_case {
	const char *settings[2];
	const struct auth_peer *peer;
	const char *user;
	enum auth_verdict verdict;
	const char *reason; /* part of it */
};

static const struct policy_case policy_cases[] = {
	{ { "enrol=off" }, &peer, "newuser", AUTH_CHALLENGE, "enrolment is off" },
	{ { "enrol=window" }, &peer, "newuser", AUTH_CHALLENGE, "no window of" },
	{ { "enrol=certificate" }, &peer, "newuser", AUTH_ENROLLED, "names the user" },
	{ { "enrol=certificate" }, &peer, "mallory", AUTH_CHALLENGE, "does not name" },
	{ { "enrol=certificate" }, &peer, "eve", AUTH_CHALLENGE, "does not name" },
	{ { "enrol=certificate", "bind=any" }, &peer, "mallory", AUTH_CHALLENGE,
		"does not name" },
	{ { "enrol=any" }, &peer, "mallory", AUTH_ENROLLED, "enrol = any" },
	{ { "enrol=any", "bind=any" }, &no_certificate, "mallory", AUTH_ENROLLED,
		"enrol = any" },
	{ { "enrol=certificate", "bind=any" }, &no_certificate, "newuser", AUTH_CHALLENGE,
		"does not name" },
};

static void
test_policies(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(policy_cases); i++) {
		const struct policy_case *c = &policy_cases[i];
		struct outcome o;

		start_anew(f, c->settings, c->settings[1] ? 2 : 1);
		o = run(f->config, c->peer, c->user, NULL);
		if (o.verdict != c->verdict || !strstr(o.reason, c->reason))
			fail_msg("%s, %s: %d, %s", c->settings[0], c->user, o.verdict,
				o.reason);
		if (c->verdict == AUTH_CHALLENGE)
			assert_int_equal(run(f->config, c->peer, c->user, "x").verdict,
				AUTH_WRONG);
	}
	fixture_set(f, NULL, 0);
}

/* A first line that is damaged: who is there logs in, nobody enrols. */
static void
test_damaged_header(void **state)
{
	struct fixture *f = *state;
	struct outcome o;
	char *text;

	start_anew(f, NULL, 0);
	text = read_file(f->users, NULL);
	text[3] = '?';
	write_file(f->users, text, strlen(text));
	free(text);
	o = run(f->config, &peer, "brad", PASSWORD);
	assert_int_equal(o.verdict, AUTH_DONE);
	assert_non_null(strstr(o.reason, "users"));
	o = run(f->config, &peer, "newuser", NULL);
	assert_int_equal(o.verdict, AUTH_TEMPORARY);
	assert_non_null(strstr(o.reason, "users:1: damaged line"));
	unlink(f->users);
}

enum { PROCESSES = 8, USERS = 1000 };

/* Enrols the users whose number leaves this rest, and writes "NUMBER PASSWORD" lines. */
static _Noreturn void
enrol_share(struct fixture *f, int rest, FILE *out)
{
	for (int i = rest; i < USERS; i += PROCESSES) {
		char user[32];
		char *mine[] = { user };
		struct auth_peer p = peer;
		struct outcome o;

		snprintf(user, sizeof(user), "user%d", i);
		p.names = mine;
		p.n_names = 1;
		o = run(f->config, &p, user, NULL);
		if (o.verdict != AUTH_ENROLLED)
			_exit(1);
		fprintf(out, "%d %s\n", i, o.text);
	}
	_exit(fclose(out) == 0 ? 0 : 1);
}

static int
count_users(void *context, size_t number, const char *line, size_t len, bool whole)
{
	size_t *users = context;

	(void)number;
	(void)len;
	assert_true(whole);
	assert_int_equal(line[0], 'u');
	++*users;
	return 0;
}

static void
wait_for(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
test_many_enrol(void **state)
{
	struct fixture *f = *state;
	struct auth_store *s = NULL;
	pid_t pids[PROCESSES];
	FILE *in[PROCESSES];
	size_t users = 0, logins = 0;

	unlink(f->users);
	fixture_set(f, NULL, 0);
	for (int i = 0; i < PROCESSES; i++) {
		int ends[2];

		assert_int_equal(pipe(ends), 0);
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			enrol_share(f, i, fdopen(ends[1], "w"));
		close(ends[1]);
		in[i] = fdopen(ends[0], "r");
	}
	for (int i = 0; i < PROCESSES; i++) {
		int number;
		char password[64];

		while (fscanf(in[i], "%d %63s", &number, password) == 2) {
			char user[32];
			char *mine[] = { user };
			struct auth_peer p = peer;

			snprintf(user, sizeof(user), "user%d", number);
			p.names = mine;
			p.n_names = 1;
			assert_int_equal(
				run(f->config, &p, user, password).verdict, AUTH_DONE);
			logins++;
		}
		fclose(in[i]);
		wait_for(pids[i]);
	}
	assert_int_equal(logins, USERS);
	assert_int_equal(auth_store_open(f->users, &s), 0);
	assert_int_equal(auth_store_each(s, count_users, &users), 0);
	assert_int_equal(users, USERS);
	auth_store_free(s);
	assert_int_equal(count_entries(f->dir), 2);
}

/* Eight enrol one name at the same moment: one user, and of the passwords that were given
 * out exactly one works. */
static void
enrol_one(struct fixture *f, bool same_device)
{
	struct auth_store *s = NULL;
	char passwords[PROCESSES][64] = { "" };
	int go[2], answers[PROCESSES][2];
	pid_t pids[PROCESSES];
	size_t users = 0, right = 0, given = 0;

	unlink(f->users);
	assert_int_equal(pipe(go), 0);
	for (int i = 0; i < PROCESSES; i++) {
		assert_int_equal(pipe(answers[i]), 0);
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			uint8_t pin[PKI_PIN_SIZE] = { (uint8_t)(same_device ? 1 : i) };
			struct auth_peer p = peer;
			struct outcome o;
			char c;

			p.pin = pin;
			close(go[1]);
			/* Ends for all when the last one is there. */
			if (read(go[0], &c, 1) != 0)
				_exit(1);
			o = run(f->config, &p, "newuser", NULL);
			if (o.verdict == AUTH_CHALLENGE)
				_exit(0);
			if (o.verdict != AUTH_ENROLLED)
				_exit(1);
			_exit(write(answers[i][1], o.text, strlen(o.text)) > 0 ? 0 : 1);
		}
		close(answers[i][1]);
	}
	close(go[1]);
	close(go[0]);
	for (int i = 0; i < PROCESSES; i++) {
		wait_for(pids[i]);
		assert_true(
			read(answers[i][0], passwords[i], sizeof(passwords[i]) - 1) >= 0);
		close(answers[i][0]);
	}
	for (int i = 0; i < PROCESSES; i++) {
		if (!*passwords[i])
			continue;
		given++;
		right += run(f->config, &peer, "newuser", passwords[i]).verdict ==
			 AUTH_DONE;
	}
	assert_true(given >= 1);
	assert_int_equal(right, 1);
	if (!same_device)
		assert_int_equal(given, 1);
	assert_int_equal(auth_store_open(f->users, &s), 0);
	assert_int_equal(auth_store_each(s, count_users, &users), 0);
	assert_int_equal(users, 1);
	auth_store_free(s);
}

static void
test_one_name(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 10; i++) {
		enrol_one(f, true);
		enrol_one(f, false);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_bad_names_never_enrol),
		cmocka_unit_test(test_enrol),
		cmocka_unit_test(test_enrol_again),
		cmocka_unit_test(test_enrol_lost_race),
		cmocka_unit_test(test_login_of_the_old_password),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_damaged_header),
		cmocka_unit_test(test_many_enrol),
		cmocka_unit_test(test_one_name),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
