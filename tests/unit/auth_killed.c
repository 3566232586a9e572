// SPDX-License-Identifier: ISC
/*
 * Writers killed at any moment: what belongs together is in the store together or not at
 * all. A token is used up and its device is there, or neither; a window has lost a use
 * for each user that it made; and the store is whole, and all who were in it still are.
 */
#include "auth_fixture.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "auth/device.h"
#include "auth/enrol.h"
#include "auth/redeem.h"
#include "auth/stamp.h"
#include "auth/token.h"
#include "auth/window.h"
#include "base/text.h"

enum { ROUNDS = 200, WRITERS = 4, EACH = 3, JOBS = WRITERS * EACH, PERMANENT = 200 };

struct round {
	struct fixture *f;
	unsigned number;
	char tokens[JOBS][AUTH_TOKEN_SIZE];
};

static void
make_pin(unsigned number, unsigned job, uint8_t ret[PKI_PIN_SIZE])
{
	memset(ret, 0x5a, PKI_PIN_SIZE);
	ret[0] = (uint8_t)(number * 37 + job);
	ret[1] = (uint8_t)(number >> 8);
	ret[2] = (uint8_t)number;
	ret[3] = (uint8_t)job;
}

static void
put_permanent(struct fixture *f)
{
	struct auth_update *u = NULL;
	char line[200];

	assert_int_equal(auth_update_begin(f->users, AUTH_WAIT_COMMAND, &u), 0);
	for (unsigned i = 0; i < PERMANENT; i++) {
		snprintf(line, sizeof(line), "u p%u@447.edu", i);
		assert_int_equal(auth_update_put(u, line, strlen(line)), 0);
		snprintf(line, sizeof(line), "d %064x p%u@447.edu label=p", i, i);
		assert_int_equal(auth_update_put(u, line, strlen(line)), 0);
	}
	assert_int_equal(auth_update_commit(u), 0);
	auth_update_free(u);
}

/* Tokens, and a window for as many users. */
static void
prepare(struct round *r)
{
	struct auth_window w = { .until = auth_now() + 3600, .uses = JOBS };
	struct auth_token token = { .expires = auth_now() + 3600 };
	struct auth_update *u = NULL;

	assert_int_equal(auth_update_begin(r->f->users, AUTH_WAIT_COMMAND, &u), 0);
	for (unsigned i = 0; i < JOBS; i++) {
		snprintf(token.user, sizeof(token.user), "t%u-%u@447.edu", r->number, i);
		assert_int_equal(auth_token_generate(r->tokens[i]), 0);
		assert_int_equal(auth_token_put(u, r->tokens[i], &token), 0);
	}
	assert_int_equal(auth_token_tidy(u, auth_now()), 0);
	snprintf(w.name, sizeof(w.name), "%s", AUTH_WINDOW_ANYBODY);
	assert_int_equal(auth_window_put(u, &w), 0);
	assert_int_equal(auth_update_commit(u), 0);
	auth_update_free(u);
}

static _Noreturn void
work(const struct round *r, unsigned writer, int ready)
{
	char user[AUTH_NAME_SIZE], password[AUTH_PASSWORD_SIZE];
	uint8_t pin[PKI_PIN_SIZE];
	const char *reason;

	if (write(ready, "x", 1) != 1)
		_exit(1);
	for (unsigned i = writer * EACH; i < (writer + 1) * EACH; i++) {
		struct auth_redemption request = { r->tokens[i], NULL, NULL };
		struct auth_peer peer = { .certificate = true, .pin = pin };

		make_pin(r->number, i, pin);
		if (auth_redeem(r->f->config, pin, &request, user, &reason) != 1)
			_exit(1);
		make_pin(r->number, JOBS + i, pin);
		snprintf(user, sizeof(user), "w%u-%u@447.edu", r->number, i);
		if (auth_enrol(r->f->config, &peer, user, password) != 0)
			_exit(1);
	}
	_exit(0);
}

/* Lets them write, and kills them all after so many nanoseconds. */
static void
run_and_kill(const struct round *r, long after)
{
	struct timespec pause = { 0, after };
	pid_t pids[WRITERS];
	int ready[2], status;
	char c;

	assert_int_equal(pipe(ready), 0);
	for (unsigned i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			work(r, i, ready[1]);
	}
	for (unsigned i = 0; i < WRITERS; i++)
		assert_int_equal(read(ready[0], &c, 1), 1);
	nanosleep(&pause, NULL);
	for (unsigned i = 0; i < WRITERS; i++)
		kill(pids[i], SIGKILL);
	for (unsigned i = 0; i < WRITERS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		if (!WIFSIGNALED(status) && WEXITSTATUS(status) != 0)
			fail_msg("writer %u was refused", i);
	}
	close(ready[0]);
	close(ready[1]);
}

struct found {
	size_t permanent, permanent_devices;
};

static int
look_at(void *context, size_t number, const char *line, size_t len, bool whole)
{
	struct found *found = context;

	if (!whole)
		fail_msg("line %zu is damaged: %.*s", number, (int)len, line);
	found->permanent += len > 3 && line[0] == 'u' && line[2] == 'p';
	found->permanent_devices += line[0] == 'd' &&
				    auth_line_lists(line, len, AUTH_FIELD_LABEL, "p");
	return 0;
}

static int
has(struct auth_store *s, char type, const char *word)
{
	struct buffer line = { 0 };
	int r = auth_store_find(s, type, word, &line);

	assert_true(r >= 0);
	buffer_free(&line);
	return r;
}

static int
has_device(struct auth_store *s, unsigned number, unsigned job)
{
	uint8_t pin[PKI_PIN_SIZE];
	char word[PKI_PIN_HEX];

	make_pin(number, job, pin);
	text_hex(pin, sizeof(pin), word);
	return has(s, 'd', word);
}

static size_t
uses_left(struct auth_store *s)
{
	struct buffer line = { 0 };
	struct auth_window w = { 0 };
	int r = auth_store_find(s, 'w', AUTH_WINDOW_ANYBODY, &line);

	assert_true(r >= 0);
	if (r > 0)
		assert_int_equal(
			auth_window_of_line(buffer_data(&line), buffer_len(&line), &w),
			0);
	buffer_free(&line);
	return w.uses;
}

/* How many of the jobs were done. */
static size_t
judge(const struct round *r)
{
	struct auth_store *s = NULL;
	struct found found = { 0 };
	struct auth_token token;
	char name[AUTH_NAME_SIZE];
	size_t redeemed = 0, enrolled = 0;

	assert_int_equal(auth_store_open(r->f->users, &s), 0);
	assert_int_equal(auth_store_each(s, look_at, &found), 0);
	assert_int_equal(found.permanent, PERMANENT);
	assert_int_equal(found.permanent_devices, PERMANENT);
	for (unsigned i = 0; i < JOBS; i++) {
		int there = auth_token_find(s, r->tokens[i], auth_now(), &token);

		snprintf(name, sizeof(name), "t%u-%u@447.edu", r->number, i);
		assert_int_equal(has(s, 'u', name), !there);
		assert_int_equal(has_device(s, r->number, i), !there);
		redeemed += !there;
		snprintf(name, sizeof(name), "w%u-%u@447.edu", r->number, i);
		assert_int_equal(has(s, 'u', name), has_device(s, r->number, JOBS + i));
		enrolled += (size_t)has(s, 'u', name);
	}
	assert_int_equal(uses_left(s) + enrolled, JOBS);
	assert_int_equal(auth_token_any(s, auth_now()), redeemed < JOBS);
	auth_store_free(s);
	return redeemed + enrolled;
}

/* The next writer takes over at once, and clears away. */
static void
clear(const struct round *r)
{
	struct auth_update *u = NULL;
	struct auth_token token;

	assert_int_equal(auth_update_begin(r->f->users, 0, &u), 0);
	for (unsigned i = 0; i < JOBS; i++)
		assert_true(auth_token_take(u, r->tokens[i], auth_now(), &token) >= 0);
	assert_int_equal(auth_token_tidy(u, auth_now()), 0);
	assert_int_equal(auth_update_commit(u), 0);
	auth_update_free(u);
	/* The store and its lock, and nothing beside them. */
	assert_int_equal(count_entries(r->f->dir), 2);
}

static void
test_killed_writers(void **state)
{
	static const char *const settings[] = { "enrol=window" };
	struct round r = { .f = *state };
	unsigned seed = 1, amid = 0;

	fixture_set(r.f, settings, 1);
	put_permanent(r.f);
	for (r.number = 0; r.number < ROUNDS; r.number++) {
		size_t done;

		prepare(&r);
		seed = seed * 1103515245 + 12345;
		run_and_kill(&r, (long)(seed >> 8) % 30000000);
		done = judge(&r);
		amid += done > 0 && done < 2 * (size_t)JOBS;
		clear(&r);
	}
	print_message("%u of %u times in the midst of the work\n", amid, ROUNDS);
	assert_true(amid > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed_writers),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
