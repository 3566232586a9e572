// SPDX-License-Identifier: ISC
/*
 * Somebody says that a user may not try: whatever the mechanism, no password is looked
 * at, nobody logs in or enrols, and nothing is written down.
 */
#include "auth_fixture.h"

#include "auth/exchange.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "config/file.h"
#include "pki/digest.h"

static struct {
	bool answer;
	unsigned n;
	char user[AUTH_NAME_SIZE];
} asked;

static bool
may_try(void *context, const char *user)
{
	assert_ptr_equal(context, &asked);
	asked.n++;
	snprintf(asked.user, sizeof(asked.user), "%s", user);
	return asked.answer;
}

static char BRAD[] = "brad@447.edu", NEW[] = "new@447.edu";
static char *NAMES[] = { BRAD, NEW };
static const uint8_t PIN[32] = { 1 };

static const struct auth_peer PEER = { .certificate = true,
	.pin = PIN,
	.names = NAMES,
	.n_names = 2,
	.may_try = may_try,
	.context = &asked };

struct attempt {
	const char *mechanism; /* NULL: classic */
	const char *lines[3];  /* before base64; the first one comes with AUTH */
	size_t lens[3];
	const char *user;
	enum auth_verdict allowed;
};

#define TEXT(text) (sizeof(text) - 1)

static const struct attempt ATTEMPTS[] = {
	{ "PLAIN", { "\0brad\0" PASSWORD }, { TEXT("\0brad\0" PASSWORD) }, BRAD,
		AUTH_DONE },
	{ "PLAIN", { "\0brad\0wrong" }, { TEXT("\0brad\0wrong") }, BRAD, AUTH_WRONG },
	{ "PLAIN", { "\0nobody\0wrong" }, { TEXT("\0nobody\0wrong") }, "nobody@447.edu",
		AUTH_WRONG },
	{ "PLAIN", { "\0../etc\0wrong" }, { TEXT("\0../etc\0wrong") }, "", AUTH_WRONG },
	{ "LOGIN", { "brad", PASSWORD }, { 4, TEXT(PASSWORD) }, BRAD, AUTH_DONE },
	{ "EXTERNAL", { "brad" }, { 4 }, BRAD, AUTH_DONE },
	{ "EXTERNAL", { "" }, { 0 }, BRAD, AUTH_DONE },
	{ "SCRAM-SHA-256", { "n,,n=brad,r=abcdefghijkl" },
		{ TEXT("n,,n=brad,r=abcdefghijkl") }, BRAD, AUTH_CHALLENGE },
	{ NULL, { NULL, "brad", PASSWORD }, { 0, 4, TEXT(PASSWORD) }, BRAD, AUTH_DONE },
	{ NULL, { NULL, "new" }, { 0, 3 }, NEW, AUTH_ENROLLED },
};

/* The last verdict. */
static enum auth_verdict
run(const struct config *config, const struct attempt *a)
{
	enum auth_verdict verdict = AUTH_CHALLENGE;
	struct auth_exchange *x;

	memset(asked.user, 0, sizeof(asked.user));
	asked.n = 0;
	assert_int_equal(auth_exchange_start(config, &PEER, a->mechanism, &x), 0);
	for (size_t i = 0; i < 3 && verdict == AUTH_CHALLENGE; i++) {
		CLEANUP_FREE char *line = NULL;
		const char *text;

		if (!a->lines[i] && i > 0)
			break;
		if (a->lines[i])
			assert_int_equal(
				pki_base64_encode(a->lines[i], a->lens[i], &line), 0);
		verdict = auth_exchange_step(x, line && !*line ? "=" : line, &text);
	}
	if (verdict == AUTH_LIMITED) {
		assert_string_equal(
			auth_exchange_user(x) ? auth_exchange_user(x) : "", a->user);
		assert_int_equal(auth_exchange_error(x), 0);
	}
	assert_int_equal(asked.n, 1);
	assert_string_equal(asked.user, a->user);
	auth_exchange_free(x);
	return verdict;
}

static int
up(void **state)
{
	static const char *const more[] = {
		"mechanisms=PLAIN LOGIN SCRAM-SHA-256 EXTERNAL"
	};
	struct fixture *f;

	if (fixture_up(state) < 0)
		return -1;
	f = *state;
	fixture_set(f, more, 1);
	add_user(f->users, BRAD, NULL, NULL);
	return 0;
}

static void
test_may_not(void **state)
{
	struct buffer before CLEANUP(buffer_free) = { 0 };
	struct buffer after CLEANUP(buffer_free) = { 0 };
	struct fixture *f = *state;

	asked.answer = false;
	assert_int_equal(config_file_read(f->users, &before), 0);
	for (size_t i = 0; i < COUNT(ATTEMPTS); i++)
		assert_int_equal(run(f->config, &ATTEMPTS[i]), AUTH_LIMITED);
	assert_int_equal(config_file_read(f->users, &after), 0);
	assert_int_equal(buffer_len(&before), buffer_len(&after));
	assert_memory_equal(
		buffer_data(&before), buffer_data(&after), buffer_len(&before));
}

/* The same with leave, to see that each would have come to something. */
static void
test_may(void **state)
{
	struct fixture *f = *state;

	asked.answer = true;
	for (size_t i = 0; i < COUNT(ATTEMPTS); i++)
		assert_int_equal(run(f->config, &ATTEMPTS[i]), ATTEMPTS[i].allowed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_may_not, up, fixture_down),
		cmocka_unit_test_setup_teardown(test_may, up, fixture_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
