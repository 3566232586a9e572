// SPDX-License-Identifier: ISC
/*
 * Processes that enter, change and leave, killed at any point, 200 in a row: table,
 * ledger and counters are whole afterwards, no lock stays, and no number has gone back.
 */
#include "shared_fixture.h"

#include <limits.h>
#include <time.h>

#include "host/ledger.h"
#include "host/sessions.h"
#include "host/stats.h"

enum { KILLS = 200, AT_A_TIME = 4, POINTS = 3000 };

static int
enter(struct host_slots *table, const struct host_session *row)
{
	unsigned n;
	int r;

	do {
		if (host_slots_lock(table, 60000) < 0)
			return -1;
		r = host_sessions_count(
			table, row, CONFIG_LIMIT_DEVICE, UINT_MAX, 1000, 1000000, &n);
	} while (r == -EAGAIN);
	return r < 0 ? r : host_slots_claim(table, row);
}

static int
charge(struct host_ledger *l, unsigned whose)
{
	struct host_account a;
	int r;

	host_account_name(&a, HOST_LEDGER_USER, &whose, sizeof(whose));
	r = host_ledger_read(l, &a);
	/* Both halves of an account change at once. */
	if (r < 0 || a.value[0] != -a.value[1])
		return -1;
	a.value[0]++;
	a.value[1]--;
	a.until = 1000000;
	return host_ledger_write(l, &a);
}

/* One connection after the other, until somebody ends it; what it finds wrong ends it,
 * too. */
static int
work(void *number)
{
	struct host_session row = { .since = 1000, .user = 7, .pid = (uint32_t)getpid() };
	struct host_stats more = { .n = { [0 ... HOST_STATS - 1] = 1 } };
	struct host_ledger ledger;

	row.device[0] = 1;
	for (unsigned i = *(unsigned *)number;; i++) {
		struct host_slots *table;

		if (host_slots_open(folder, "sessions", &REPORT, &table) < 0 ||
			host_ledger_open(folder, &REPORT, &ledger) < 0)
			return 1;
		if (enter(table, &row) < 0 || charge(&ledger, i % 5) < 0)
			return 2;
		host_slots_unlock(table);
		if (host_sessions_write_user(table, &row, "brad@447.edu") < 0 ||
			host_slots_write(table, &row) < 0 ||
			host_stats_add(table, &more) < 0)
			return 3;
		host_slots_free(table);
		host_ledger_close(&ledger);
		if (told.n > 0)
			return 4;
	}
}

static int
check_session(void *context, unsigned slot, const struct host_session *session)
{
	unsigned *n = context;

	(void)slot;
	assert_int_equal(session->user, 7);
	assert_int_equal(session->device[0], 1);
	(*n)++;
	return 0;
}

/* Everything as an administrator would see it. All counters of a set change together. */
static uint64_t
check_whole(unsigned alive)
{
	struct host_stats stats;
	struct host_ledger ledger;
	struct host_slots *table;
	unsigned n = 0;

	assert_int_equal(host_slots_look(folder, "sessions", &REPORT, &table), 0);
	assert_int_equal(host_sessions_each(table, check_session, &n), 0);
	assert_true(n <= alive);
	assert_int_equal(host_stats_sum(table, &stats), 0);
	if (alive == 0)
		for (unsigned i = 1; i < HOST_STATS; i++)
			assert_int_equal(stats.n[i], stats.n[0]);
	host_slots_free(table);
	assert_int_equal(host_ledger_look(folder, &REPORT, &ledger), 0);
	for (unsigned i = 0; i < 5; i++) {
		struct host_account a;

		host_account_name(&a, HOST_LEDGER_USER, &i, sizeof(i));
		assert_int_equal(host_ledger_read(&ledger, &a), 0);
		assert_int_equal(a.value[0], -a.value[1]);
	}
	host_ledger_close(&ledger);
	assert_int_equal(told.n, 0);
	return stats.n[0];
}

static void
wait_for_files(void)
{
	struct host_ledger ledger;
	struct host_slots *table;
	int r;

	do {
		poll(NULL, 0, 1);
		r = host_slots_look(folder, "sessions", NULL, &table);
		if (r == 0)
			host_slots_free(table);
		if (r == 0)
			r = host_ledger_look(folder, NULL, &ledger);
		if (r == 0)
			host_ledger_close(&ledger);
	} while (r < 0);
}

static void
test_killed_at_any_point(void **state)
{
	uint64_t before = 0, now;
	pid_t pids[AT_A_TIME];

	(void)state;
	for (unsigned i = 0; i < AT_A_TIME; i++)
		pids[i] = spawn(work, &i);
	wait_for_files();
	for (unsigned i = 0; i < KILLS; i++) {
		struct timespec t = { 0, chance() % POINTS * 1000 };
		unsigned which = i % AT_A_TIME;
		int status;

		nanosleep(&t, NULL);
		/* None has ended by itself. */
		assert_int_equal(waitpid(pids[which], &status, WNOHANG), 0);
		kill_and_reap(pids[which]);
		now = check_whole(AT_A_TIME - 1);
		assert_true(now >= before);
		before = now;
		pids[which] = spawn(work, &i);
	}
	for (unsigned i = 0; i < AT_A_TIME; i++)
		kill_and_reap(pids[i]);
	now = check_whole(0);
	assert_true(now >= before && now > 0);
	assert_false(exists("sessions.1"));
	assert_false(exists("sessions.0.damaged"));
	assert_false(exists("ledger.damaged"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_killed_at_any_point, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
