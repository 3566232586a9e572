// SPDX-License-Identifier: ISC
/*
 * Tokens and windows of enrolment: their text, what the store keeps of them, who is let
 * in by one, and how often, be there ever so many at the same moment.
 */
#include "auth_fixture.h"

#include <sys/wait.h>

#include "auth/device.h"
#include "auth/enrol.h"
#include "auth/redeem.h"
#include "auth/stamp.h"
#include "auth/token.h"
#include "auth/window.h"
#include "base/text.h"

enum { PROCESSES = 64 };

static const uint8_t PIN[PKI_PIN_SIZE] = { 1 };
static const uint8_t OTHER_PIN[PKI_PIN_SIZE] = { 2 };

static void
test_text(void **state)
{
	char a[AUTH_TOKEN_SIZE], b[AUTH_TOKEN_SIZE], typed[64];
	unsigned misread = 0;

	(void)state;
	assert_int_equal(auth_token_generate(a), 0);
	assert_int_equal(auth_token_generate(b), 0);
	assert_string_not_equal(a, b);
	assert_int_equal(strlen(a), AUTH_TOKEN_SIZE - 1);
	for (size_t i = 0; i < strlen(a); i++)
		assert_true(i % 5 == 4 ? a[i] == '-' : strchr("lo01-", a[i]) == NULL);
	assert_int_equal(auth_token_read(a, strlen(a), b), 0);
	assert_string_equal(a, b);
	/* In any case and with blanks. */
	snprintf(typed, sizeof(typed), " %.14s %s ", a, a + 14);
	for (char *c = typed; *c; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	assert_int_equal(auth_token_read(typed, strlen(typed), b), 0);
	assert_string_equal(a, b);
	assert_int_equal(auth_token_read(a, strlen(a) - 1, b), -EINVAL);
	snprintf(typed, sizeof(typed), "%sa", a);
	assert_int_equal(auth_token_read(typed, strlen(typed), b), -EINVAL);
	assert_int_equal(auth_token_read("", 0, b), -EINVAL);
	assert_int_equal(auth_token_read(a, sizeof(a), b), -EINVAL); /* with its NUL */
	/* One of 1024 slips passes. */
	for (size_t i = 0; i < strlen(a); i++) {
		snprintf(typed, sizeof(typed), "%s", a);
		if (typed[i] == '-')
			continue;
		typed[i] = typed[i] == 'a' ? 'b' : 'a';
		misread += auth_token_read(typed, strlen(typed), b) == 0;
	}
	assert_in_range(misread, 0, 3);
}

static void
issue(struct fixture *f, const char *user, const char *label, int64_t for_seconds,
	char ret[AUTH_TOKEN_SIZE])
{
	struct auth_token token = { .expires = auth_now() + for_seconds };
	struct auth_update *u = NULL;

	snprintf(token.user, sizeof(token.user), "%s", user);
	snprintf(token.label, sizeof(token.label), "%s", label);
	assert_int_equal(auth_token_generate(ret), 0);
	assert_int_equal(auth_update_begin(f->users, AUTH_WAIT_SERVICE, &u), 0);
	assert_int_equal(auth_token_put(u, ret, &token), 0);
	assert_int_equal(auth_token_tidy(u, auth_now()), 0);
	assert_int_equal(auth_update_commit(u), 0);
	auth_update_free(u);
}

static void
start_anew(struct fixture *f, const char *setting)
{
	unlink(f->users);
	fixture_set(f, &setting, setting != NULL);
	add_user(f->users, "brad@447.edu", NULL, NULL);
	add_user(f->users, "sue@447.edu", AUTH_FIELD_LOCKED, "x");
}

/* The text of a token stands nowhere, nor does an unkeyed hash of it. */
static void
test_store_keeps_a_hash(void **state)
{
	struct fixture *f = *state;
	char token[AUTH_TOKEN_SIZE], hex[PKI_PIN_HEX], *text;
	uint8_t hash[PKI_SHA256_SIZE];

	start_anew(f, NULL);
	issue(f, "brad@447.edu", "", 60, token);
	text = read_file(f->users, NULL);
	assert_non_null(strstr(text, "\nt "));
	assert_null(strstr(text, token));
	assert_int_equal(pki_sha256(token, strlen(token), hash), 0);
	text_hex(hash, sizeof(hash), hex);
	assert_null(strstr(text, hex));
	free(text);
}

static int
redeem_admits(struct fixture *f)
{
	struct auth_store *s = NULL;
	int r;

	assert_int_equal(auth_store_open(f->users, &s), 0);
	r = auth_redeem_admits(s, f->config);
	auth_store_free(s);
	return r;
}

static int
redeem(struct fixture *f, const uint8_t *pin, const char *token, const char *name,
	const char *label, const char *because)
{
	struct auth_redemption request = { token, name, label };
	char user[AUTH_NAME_SIZE] = "";
	const char *reason = NULL;
	int r = auth_redeem(f->config, pin, &request, user, &reason);

	if (!strstr(reason, because))
		fail_msg("%s; expected: %s", reason, because);
	assert_int_equal(*user != '\0', r > 0);
	return r;
}

static void
assert_device(struct fixture *f, const uint8_t *pin, const char *user, const char *label)
{
	struct buffer line = { 0 };
	struct auth_device d;
	char word[PKI_PIN_HEX];

	text_hex(pin, PKI_PIN_SIZE, word);
	assert_int_equal(find_line(f->users, 'd', word, &line), 1);
	assert_int_equal(
		auth_device_of_line(buffer_data(&line), buffer_len(&line), &d), 0);
	assert_string_equal(d.user, user);
	assert_string_equal(d.label, label);
	buffer_free(&line);
}

static void
test_redeem(void **state)
{
	struct fixture *f = *state;
	char token[AUTH_TOKEN_SIZE], second[AUTH_TOKEN_SIZE], *before, *after;

	start_anew(f, NULL);
	assert_int_equal(redeem_admits(f), 0);
	issue(f, "brad@447.edu", "", 60, token);
	issue(f, "brad@447.edu", "on the roof", 60, second);
	assert_int_equal(redeem_admits(f), 1);
	before = read_file(f->users, NULL);
	assert_int_equal(redeem(f, PIN, "guess", NULL, NULL, "no token"), 0);
	assert_int_equal(redeem(f, PIN, token, "tim", NULL, "another user"), 0);
	assert_int_equal(redeem(f, PIN, token, "../brad", NULL, "another user"), 0);
	assert_int_equal(redeem(f, PIN, token, NULL, "%00", "no label"), 0);
	after = read_file(f->users, NULL);
	assert_string_equal(before, after);
	free(before);
	free(after);
	assert_int_equal(redeem(f, PIN, token, "Brad", "in%20the%20hall", "right"), 1);
	assert_device(f, PIN, "brad@447.edu", "in the hall");
	assert_int_equal(redeem(f, PIN, token, NULL, NULL, "used"), 0);
	assert_int_equal(redeem(f, OTHER_PIN, token, NULL, NULL, "used"), 0);
	assert_int_equal(redeem(f, PIN, second, NULL, NULL, "device already"), 0);
	assert_int_equal(redeem_admits(f), 1);
	assert_int_equal(redeem(f, OTHER_PIN, second, NULL, "mine", "right"), 1);
	assert_device(f, OTHER_PIN, "brad@447.edu", "on the roof");
	assert_int_equal(redeem_admits(f), 0);
}

static void
test_redeem_for_others(void **state)
{
	struct fixture *f = *state;
	char token[AUTH_TOKEN_SIZE], late[AUTH_TOKEN_SIZE];
	struct buffer line = { 0 };

	start_anew(f, NULL);
	issue(f, "sue@447.edu", "", 60, token);
	assert_int_equal(redeem(f, PIN, token, NULL, NULL, "locked"), 0);
	/* A user who is not there is made, without a password. */
	issue(f, "newuser@447.edu", "", 60, token);
	assert_int_equal(redeem(f, PIN, token, NULL, NULL, "right"), 1);
	assert_int_equal(find_user(f->users, "newuser@447.edu", &line, NULL), 1);
	assert_null(strstr(buffer_string(&line), "stored="));
	start_anew(f, NULL);
	issue(f, "brad@447.edu", "", 0, late);
	assert_int_equal(redeem_admits(f), 0);
	assert_int_equal(redeem(f, PIN, late, NULL, NULL, "past"), 0);
	/* What is past goes with the next change. */
	issue(f, "brad@447.edu", "", 60, token);
	assert_int_equal(redeem_admits(f), 1);
	start_anew(f, "enrol=off");
	issue(f, "brad@447.edu", "", 60, token);
	assert_int_equal(redeem_admits(f), 0);
	assert_int_equal(redeem(f, PIN, token, NULL, NULL, "off"), 0);
	buffer_free(&line);
}

struct counts {
	size_t devices, users, tokens, windows;
};

static int
count_line(void *context, size_t number, const char *line, size_t len, bool whole)
{
	struct counts *c = context;

	(void)number, (void)len;
	assert_true(whole);
	c->devices += line[0] == 'd';
	c->tokens += line[0] == 't';
	c->users += line[0] == 'u';
	c->windows += line[0] == 'w';
	return 0;
}

static struct counts
count(struct fixture *f)
{
	struct counts c = { 0 };
	struct auth_store *s = NULL;

	assert_int_equal(auth_store_open(f->users, &s), 0);
	assert_int_equal(auth_store_each(s, count_line, &c), 0);
	auth_store_free(s);
	return c;
}

/* Runs work in as many processes at the same moment; how many of them answered 1, and
 * none of them anything but 0 or 1. */
static size_t
at_once(struct fixture *f, int (*work)(struct fixture *f, int number, void *context),
	void *context)
{
	pid_t pids[PROCESSES];
	size_t ones = 0;
	int go[2], status;
	char c;

	assert_int_equal(pipe(go), 0);
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			close(go[1]);
			/* Ends for all when the last one is there. */
			if (read(go[0], &c, 1) != 0)
				_exit(3);
			_exit(work(f, i, context));
		}
	}
	close(go[1]);
	close(go[0]);
	for (int i = 0; i < PROCESSES; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
			fail_msg("process %d: status %x", i, (unsigned)status);
		ones += (size_t)WEXITSTATUS(status);
	}
	return ones;
}

static int
redeem_one(struct fixture *f, int number, void *context)
{
	uint8_t pin[PKI_PIN_SIZE] = { (uint8_t)(number + 1) };
	struct auth_redemption request = { context, NULL, NULL };
	char user[AUTH_NAME_SIZE];
	const char *reason;
	int r = auth_redeem(f->config, pin, &request, user, &reason);

	return r < 0 ? 2 : r;
}

static void
test_many_redeem_one_token(void **state)
{
	struct fixture *f = *state;
	char token[AUTH_TOKEN_SIZE];

	for (int i = 0; i < 5; i++) {
		start_anew(f, NULL);
		issue(f, "brad@447.edu", "", 600, token);
		assert_int_equal(at_once(f, redeem_one, token), 1);
		assert_int_equal(count(f).devices, 1);
		assert_int_equal(count(f).tokens, 0);
		assert_int_equal(count(f).windows, 0);
	}
}

static int
redeem_own(struct fixture *f, int number, void *context)
{
	return redeem_one(f, number, ((char(*)[AUTH_TOKEN_SIZE])context)[number]);
}

static void
test_each_redeems_its_own(void **state)
{
	struct fixture *f = *state;
	char tokens[PROCESSES][AUTH_TOKEN_SIZE];

	start_anew(f, NULL);
	for (int i = 0; i < PROCESSES; i++)
		issue(f, "brad@447.edu", "", 600, tokens[i]);
	assert_int_equal(count(f).tokens, PROCESSES);
	assert_int_equal(at_once(f, redeem_own, tokens), PROCESSES);
	assert_int_equal(count(f).devices, PROCESSES);
	assert_int_equal(count(f).tokens, 0);
	assert_int_equal(redeem_admits(f), 0);
}

static void
open_window(struct fixture *f, const char *name, int64_t for_seconds, uint64_t uses)
{
	struct auth_window w = { .until = auth_now() + for_seconds, .uses = uses };
	struct auth_update *u = NULL;

	snprintf(w.name, sizeof(w.name), "%s", name);
	assert_int_equal(auth_update_begin(f->users, AUTH_WAIT_SERVICE, &u), 0);
	assert_int_equal(auth_window_put(u, &w), 0);
	assert_int_equal(auth_update_commit(u), 0);
	auth_update_free(u);
}

static bool
admits(struct fixture *f, const struct auth_peer *peer, const char *name)
{
	const char *reason;

	return auth_enrol_admits(f->config, peer, name, &reason);
}

static int
enrol(struct fixture *f, const struct auth_peer *peer, const char *name)
{
	char password[AUTH_PASSWORD_SIZE];

	return auth_enrol(f->config, peer, name, password);
}

static const struct auth_peer peer = { .certificate = true, .pin = PIN };
static const struct auth_peer other_peer = { .certificate = true, .pin = OTHER_PIN };

static void
test_window(void **state)
{
	struct fixture *f = *state;

	start_anew(f, "enrol=window");
	assert_false(admits(f, &peer, "ann@447.edu"));
	assert_int_equal(enrol(f, &peer, "ann@447.edu"), -ECANCELED);
	open_window(f, AUTH_WINDOW_ANYBODY, 0, 0);
	assert_false(admits(f, &peer, "ann@447.edu"));
	assert_int_equal(enrol(f, &peer, "ann@447.edu"), -ECANCELED);
	open_window(f, "ann@447.edu", 60, 1);
	assert_true(admits(f, &peer, "ann@447.edu"));
	assert_false(admits(f, &peer, "bob@447.edu"));
	assert_int_equal(enrol(f, &peer, "ann@447.edu"), 0);
	/* What the key of a certificate that names nobody is good for. */
	assert_device(f, PIN, "ann@447.edu", "");
	assert_false(admits(f, &peer, "ann@447.edu"));
	assert_int_equal(enrol(f, &other_peer, "ann@447.edu"), -EEXIST);
	open_window(f, AUTH_WINDOW_ANYBODY, 60, 2);
	assert_int_equal(enrol(f, &other_peer, "ann@447.edu"), -EEXIST);
	assert_int_equal(enrol(f, &peer, "bob@447.edu"), -EEXIST); /* ann's key */
	assert_int_equal(enrol(f, &other_peer, "bob@447.edu"), 0);
	assert_int_equal(enrol(f, &other_peer, "bob@447.edu"), 0); /* again */
	assert_int_equal(enrol(f, &other_peer, "bob@447.edu"), -ECANCELED);
	assert_int_equal(count(f).windows, 0);
}

/* The window of the user's own name goes first. */
static void
test_two_windows(void **state)
{
	struct fixture *f = *state;
	struct auth_update *u = NULL;
	struct buffer line = { 0 };
	size_t closed = 9;

	start_anew(f, "enrol=window");
	open_window(f, AUTH_WINDOW_ANYBODY, 60, 3);
	open_window(f, "ann@447.edu", 60, 2);
	open_window(f, "bob@447.edu", 0, 0);
	assert_int_equal(enrol(f, &peer, "ann@447.edu"), 0);
	assert_int_equal(find_line(f->users, 'w', "ann@447.edu", &line), 1);
	assert_non_null(strstr(buffer_string(&line), " uses=1"));
	assert_int_equal(enrol(f, &other_peer, "bob@447.edu"), 0);
	assert_int_equal(find_line(f->users, 'w', "*", &line), 1);
	assert_non_null(strstr(buffer_string(&line), " uses=2"));
	assert_int_equal(auth_update_begin(f->users, AUTH_WAIT_SERVICE, &u), 0);
	assert_int_equal(auth_window_tidy(u, NULL, auth_now(), &closed), 0);
	assert_int_equal(closed, 0);
	assert_int_equal(auth_update_find(u, 'w', "bob@447.edu", &line), 0);
	assert_int_equal(auth_window_tidy(u, "ann@447.edu", auth_now(), &closed), 0);
	assert_int_equal(closed, 1);
	assert_int_equal(auth_update_find(u, 'w', "ann@447.edu", &line), 0);
	assert_int_equal(auth_window_tidy(u, "", auth_now(), &closed), 0);
	assert_int_equal(closed, 1);
	auth_update_free(u);
	buffer_free(&line);
}

/* A device of one user is not made that of another. */
static void
test_devices_do_not_enrol_others(void **state)
{
	static char *brads_name[] = { (char *)"brad@447.edu" };
	struct auth_peer device = { .certificate = true,
		.device = true,
		.pin = PIN,
		.names = brads_name,
		.n_names = 1 };
	static const struct {
		const char *settings[2];
		bool admits;
	} cases[] = { { { "enrol=any", "bind=user" }, false },
		{ { "enrol=window", "bind=user" }, false },
		{ { "enrol=any", "bind=any" }, true },
		{ { "enrol=window", "bind=any" }, true } };
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		unlink(f->users);
		fixture_set(f, cases[i].settings, 2);
		open_window(f, AUTH_WINDOW_ANYBODY, 60, 0);
		assert_int_equal(admits(f, &device, "ann@447.edu"), cases[i].admits);
	}
	assert_int_equal(enrol(f, &device, "ann@447.edu"), 0);
	assert_int_equal(count(f).devices, 0);
}

static int
enrol_another(struct fixture *f, int number, void *context)
{
	uint8_t pin[PKI_PIN_SIZE] = { (uint8_t)(number + 1) };
	struct auth_peer p = { .certificate = true, .pin = pin };
	char name[AUTH_NAME_SIZE];
	int r;

	snprintf(name, sizeof(name), context ? "newuser@447.edu" : "user%d@447.edu",
		number);
	r = enrol(f, &p, name);
	if (r == 0)
		return 1;
	return r == -ECANCELED || r == -EEXIST ? 0 : 2;
}

static void
test_many_use_one_window(void **state)
{
	static const uint64_t uses[] = { 1, 5 };
	struct fixture *f = *state;

	for (size_t i = 0; i < 3 * COUNT(uses); i++) {
		uint64_t n = uses[i % COUNT(uses)];

		start_anew(f, "enrol=window");
		open_window(f, AUTH_WINDOW_ANYBODY, 600, n);
		assert_int_equal(at_once(f, enrol_another, NULL), n);
		assert_int_equal(count(f).users, 2 + n);
		assert_int_equal(count(f).devices, n);
		assert_int_equal(count(f).windows, 0);
	}
	start_anew(f, "enrol=window");
	open_window(f, "newuser@447.edu", 600, 0);
	assert_int_equal(at_once(f, enrol_another, f), 1);
	assert_int_equal(count(f).users, 3);
	assert_int_equal(count(f).windows, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_store_keeps_a_hash),
		cmocka_unit_test(test_redeem),
		cmocka_unit_test(test_redeem_for_others),
		cmocka_unit_test(test_many_redeem_one_token),
		cmocka_unit_test(test_each_redeems_its_own),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_two_windows),
		cmocka_unit_test(test_devices_do_not_enrol_others),
		cmocka_unit_test(test_many_use_one_window),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
