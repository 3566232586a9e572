// SPDX-License-Identifier: ISC
/*
 * Rows of the session table: who is like whom, how many there are, whose name goes with
 * which row, and that only the living are listed.
 */
#include "shared_fixture.h"

#include <arpa/inet.h>
#include <limits.h>

#include "host/sessions.h"

static struct host_session
session_of(const char *address, uint8_t device, uint64_t user)
{
	struct host_session s = { .since = 1000, .user = user };

	s.device[31] = device;
	if (strchr(address, ':')) {
		assert_int_equal(inet_pton(AF_INET6, address, s.address), 1);
	} else if (*address) {
		s.address[10] = s.address[11] = 0xff;
		assert_int_equal(inet_pton(AF_INET, address, s.address + 12), 1);
	}
	return s;
}

static void
test_same(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} ADDRESSES[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true },
		{ "2001:db8:1:2::1", "2001:db8:1:3::1", false },
		{ "::1", "::1", true },
		{ "::1", "127.0.0.1", false },
		{ "::ffff:0:1", "2001:db8::1", false },
		{ "fe80::1", "fe80::2", true },
		{ "", "", false },
		{ "", "192.0.2.1", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ADDRESSES) / sizeof(ADDRESSES[0]); i++) {
		struct host_session a = session_of(ADDRESSES[i].a, 0, 0);
		struct host_session b = session_of(ADDRESSES[i].b, 0, 0);
		struct host_account x, y;
		bool known = host_session_account(&a, CONFIG_LIMIT_ADDRESS, &x);

		assert_int_equal(host_session_same(&a, &b, CONFIG_LIMIT_ADDRESS),
			ADDRESSES[i].same);
		assert_int_equal(host_session_same(&b, &a, CONFIG_LIMIT_ADDRESS),
			ADDRESSES[i].same);
		/* The ledger has one account for them, or two. */
		assert_int_equal(known, *ADDRESSES[i].a != '\0');
		host_session_account(&b, CONFIG_LIMIT_ADDRESS, &y);
		if (known)
			assert_int_equal(memcmp(x.key, y.key, sizeof(x.key)) == 0,
				ADDRESSES[i].same);
	}
}

static void
test_same_device_and_user(void **state)
{
	struct host_session none = session_of("", 0, 0), one = session_of("", 1, 7);
	struct host_session other = session_of("", 1, 8), third = session_of("", 2, 7);
	struct host_account account;

	(void)state;
	assert_false(host_session_same(&none, &none, CONFIG_LIMIT_DEVICE));
	assert_false(host_session_same(&none, &none, CONFIG_LIMIT_USER));
	assert_true(host_session_same(&one, &other, CONFIG_LIMIT_DEVICE));
	assert_false(host_session_same(&one, &third, CONFIG_LIMIT_DEVICE));
	assert_false(host_session_same(&one, &other, CONFIG_LIMIT_USER));
	assert_true(host_session_same(&one, &third, CONFIG_LIMIT_USER));
	assert_false(host_session_account(&none, CONFIG_LIMIT_DEVICE, &account));
	assert_false(host_session_account(&none, CONFIG_LIMIT_USER, &account));
	assert_true(host_session_account(&one, CONFIG_LIMIT_DEVICE, &account));
	assert_int_equal(account.kind, HOST_LEDGER_DEVICE);
}

static void
test_state_names(void **state)
{
	(void)state;
	assert_string_equal(host_session_state_name(HOST_SESSION_HANDSHAKE), "handshake");
	assert_string_equal(
		host_session_state_name(HOST_SESSION_DIALOGUE + SMTP_STATE_READY),
		"ready");
	assert_string_equal(host_session_state_name(HOST_SESSION_STATES), "unknown");
	assert_string_equal(host_session_state_name(255), "unknown");
}

static unsigned
count(struct host_slots *s, const struct host_session *mine, enum config_limited whose,
	unsigned limit)
{
	unsigned n;
	int r;

	/* A table that is made by being looked at is looked at once more. */
	do
		r = host_sessions_count(s, mine, whose, limit, 1000000, 5000000, &n);
	while (r == -EAGAIN);
	assert_int_equal(r, 0);
	return n;
}

static struct host_slots *
enter(const struct host_session *row)
{
	struct host_slots *s;

	assert_int_equal(host_slots_open(folder, "sessions", &REPORT, &s), 0);
	assert_int_equal(host_slots_lock(s, 10000), 0);
	count(s, row, CONFIG_LIMIT_ADDRESS, UINT_MAX);
	assert_int_equal(host_slots_claim(s, row), 0);
	host_slots_unlock(s);
	return s;
}

static int
enter_and_stay(void *pipe)
{
	struct host_session row = session_of("192.0.2.1", 1, 7);
	char byte = 'x';

	enter(&row);
	if (write(*(int *)pipe, &byte, 1) != 1)
		return 1;
	pause();
	return 2;
}

static pid_t
enter_elsewhere(void)
{
	int ends[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = spawn(enter_and_stay, &ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	close(ends[1]);
	return pid;
}

/* The dead count only as long as nobody has to know exactly. */
static void
test_count(void **state)
{
	struct host_session mine = session_of("192.0.2.1", 2, 7);
	struct host_slots *s = enter(&mine);
	pid_t pids[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		pids[i] = enter_elsewhere();
	assert_int_equal(count(s, &mine, CONFIG_LIMIT_ADDRESS, UINT_MAX), 3);
	assert_int_equal(count(s, &mine, CONFIG_LIMIT_ADDRESS, 1), 3);
	assert_int_equal(count(s, &mine, CONFIG_LIMIT_DEVICE, 1), 0);
	assert_int_equal(count(s, &mine, CONFIG_LIMIT_USER, 1), 3);
	kill_and_reap(pids[1]);
	assert_int_equal(count(s, &mine, CONFIG_LIMIT_ADDRESS, 3), 2);
	kill_and_reap(pids[0]);
	kill_and_reap(pids[2]);
	assert_int_equal(count(s, &mine, CONFIG_LIMIT_USER, 1), 0);
	host_slots_free(s);
}

static void
test_user_names(void **state)
{
	struct host_session mine = session_of("", 1, 7);
	struct host_slots *s = enter(&mine);
	char name[HOST_SESSION_USER_MAX + 1], longest[600];

	(void)state;
	host_sessions_read_user(s, 0, &mine, name);
	assert_string_equal(name, "");
	assert_int_equal(host_sessions_write_user(s, &mine, "brad@447.edu"), 0);
	host_sessions_read_user(s, 0, &mine, name);
	assert_string_equal(name, "brad@447.edu");
	/* One that goes with another row is not shown. */
	mine.user = 8;
	host_sessions_read_user(s, 0, &mine, name);
	assert_string_equal(name, "");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(host_sessions_write_user(s, &mine, longest), 0);
	host_sessions_read_user(s, 0, &mine, name);
	assert_int_equal(strlen(name), HOST_SESSION_USER_MAX);
	host_sessions_read_user(s, 5000, &mine, name);
	assert_string_equal(name, "");
	host_slots_free(s);
}

static int
count_one(void *context, unsigned slot, const struct host_session *session)
{
	unsigned *n = context;

	(void)slot;
	assert_int_equal(session->user, 7);
	(*n)++;
	return 0;
}

static int
stop(void *context, unsigned slot, const struct host_session *session)
{
	(void)context, (void)slot, (void)session;
	return 42;
}

/* Never a row of one that was killed, from the moment it was. */
static void
test_only_the_living_are_listed(void **state)
{
	struct host_slots *s;
	pid_t pids[3];
	unsigned n;

	(void)state;
	for (int i = 0; i < 3; i++)
		pids[i] = enter_elsewhere();
	for (unsigned i = 0; i <= 3; i++) {
		assert_int_equal(host_slots_look(folder, "sessions", &REPORT, &s), 0);
		n = 0;
		assert_int_equal(host_sessions_each(s, count_one, &n), 0);
		assert_int_equal(n, 3 - i);
		if (i < 3)
			assert_int_equal(host_sessions_each(s, stop, NULL), 42);
		host_slots_free(s);
		if (i < 3)
			kill_and_reap(pids[i]);
	}
}

/* Of 64 who come at the same moment exactly as many enter as there is room for. */
enum { PROCESSES = 64, ROOM = 10 };

static int
try_to_enter(void *pipe)
{
	struct host_session row = session_of("192.0.2.1", 1, 7);
	struct host_slots *s;
	unsigned n;
	char byte;

	if (read(((int *)pipe)[0], &byte, 1) != 0 ||
		host_slots_open(folder, "sessions", &REPORT, &s) < 0)
		return 1;
	for (int r = -EAGAIN; r == -EAGAIN;)
		if (host_slots_lock(s, 60000) < 0 ||
			((r = host_sessions_count(s, &row, CONFIG_LIMIT_DEVICE, ROOM,
				  1000000, 5000000, &n)) < 0 &&
				r != -EAGAIN))
			return 2;
	if (n < ROOM && host_slots_claim(s, &row) < 0)
		return 3;
	host_slots_unlock(s);
	byte = n < ROOM ? 'i' : 'o';
	if (write(((int *)pipe)[3], &byte, 1) != 1)
		return 4;
	pause();
	return 5;
}

static void
test_race(void **state)
{
	unsigned entered = 0;
	pid_t pids[PROCESSES];
	int ends[4];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(pipe(ends + 2), 0);
	/* They begin when nobody is left who could write. */
	fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
			close(ends[1]);
			_exit(try_to_enter(ends));
		}
	}
	close(ends[1]);
	for (int i = 0; i < PROCESSES; i++) {
		char byte;

		assert_int_equal(read(ends[2], &byte, 1), 1);
		entered += byte == 'i';
	}
	assert_int_equal(entered, ROOM);
	for (int i = 0; i < PROCESSES; i++)
		kill_and_reap(pids[i]);
	close(ends[0]);
	close(ends[2]);
	close(ends[3]);
	assert_int_equal(told.n, 0);
}

int
main(void)
{
#define WITH_FOLDER(test)                                                                \
	cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_same_device_and_user),
		cmocka_unit_test(test_state_names),
		WITH_FOLDER(test_count),
		WITH_FOLDER(test_user_names),
		WITH_FOLDER(test_only_the_living_are_listed),
		WITH_FOLDER(test_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
