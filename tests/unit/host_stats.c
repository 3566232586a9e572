// SPDX-License-Identifier: ISC
/*
 * Counters: added up over all slots, never less than before, whole whoever is killed.
 */
#include "shared_fixture.h"

#include "host/stats.h"

static bool
pass_over(void *context, unsigned slot, const void *row)
{
	(void)context, (void)slot, (void)row;
	return false;
}

static int
scan(struct host_slots *s)
{
	struct host_slots_visit visit = { pass_over, NULL };
	int r;

	do
		r = host_slots_scan(s, &visit);
	while (r == -EAGAIN);
	return r;
}

static struct host_slots *
enter(void)
{
	static const uint8_t ROW[HOST_SLOTS_ROW] = "row";
	struct host_slots *s;

	if (host_slots_open(folder, "sessions", &REPORT, &s) < 0 ||
		host_slots_lock(s, 60000) < 0 || scan(s) < 0 ||
		host_slots_claim(s, ROW) < 0)
		return NULL;
	host_slots_unlock(s);
	return s;
}

static struct host_stats
sum(void)
{
	struct host_stats stats = { 0 };
	struct host_slots *s;

	if (host_slots_look(folder, "sessions", &REPORT, &s) < 0)
		return stats;
	assert_int_equal(scan(s), 0);
	assert_int_equal(host_stats_sum(s, &stats), 0);
	host_slots_free(s);
	return stats;
}

static void
test_added_up(void **state)
{
	struct host_stats more = { .n = { 1, [HOST_STATS - 1] = 1000 } }, all;
	struct host_slots *one = enter(), *two = enter();

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(host_stats_add(one, &more), 0);
	assert_int_equal(host_stats_add(two, &more), 0);
	host_slots_free(one);
	host_slots_free(two);
	/* They outlive who has counted, and who has the slot next adds to them. */
	one = enter();
	assert_int_equal(host_stats_add(one, &more), 0);
	host_slots_free(one);
	all = sum();
	assert_int_equal(all.n[0], 7);
	assert_int_equal(all.n[1], 0);
	assert_int_equal(all.n[HOST_STATS - 1], 7000);
	assert_int_equal(told.n, 0);
}

static void
test_no_slot(void **state)
{
	struct host_stats more = { .n = { 1 } };
	struct host_slots *s = enter();

	(void)state;
	host_slots_release(s);
	assert_int_equal(host_stats_add(s, &more), -EBADF);
	host_slots_free(s);
}

/* Where the page of the slot 0 is: behind the header and the rows. */
enum { PAGE_AT = 36864, COPIES_AT = PAGE_AT + 512, COPY = 1792 };

static void
tear(unsigned copy)
{
	char half[COPY / 2];

	memset(half, 0x55, sizeof(half));
	scribble("sessions.0", COPIES_AT + copy * COPY, half, sizeof(half));
}

/* Half of the newer copy is lost: the older one counts, and counting goes on from there.
 */
static void
test_torn(void **state)
{
	struct host_stats more = { .n = { 1 } };
	struct host_slots *s = enter();

	(void)state;
	assert_int_equal(host_stats_add(s, &more), 0);
	assert_int_equal(host_stats_add(s, &more), 0);
	assert_int_equal(sum().n[0], 2);
	tear(1);
	assert_int_equal(sum().n[0], 1);
	assert_int_equal(host_stats_add(s, &more), 0);
	assert_int_equal(sum().n[0], 2);
	/* The older one is of no use while the newer one is whole. */
	tear(0);
	assert_int_equal(sum().n[0], 2);
	assert_int_equal(host_stats_add(s, &more), 0);
	assert_int_equal(sum().n[0], 3);
	tear(0);
	tear(1);
	assert_int_equal(sum().n[0], 0);
	assert_int_equal(host_stats_add(s, &more), 0);
	assert_int_equal(sum().n[0], 1);
	host_slots_free(s);
}

static int
count_often(void *unused)
{
	struct host_stats more = { .n = { 1, [HOST_STATS - 1] = 3 } };

	(void)unused;
	for (int i = 0; i < 20; i++) {
		struct host_slots *s = enter();

		if (!s || host_stats_add(s, &more) < 0)
			return 1;
		host_slots_free(s);
	}
	return told.n > 0 ? 2 : 0;
}

static void
test_race(void **state)
{
	enum { PROCESSES = 64 };
	pid_t pids[PROCESSES];
	uint64_t before = 0;

	(void)state;
	for (int i = 0; i < PROCESSES; i++)
		pids[i] = spawn(count_often, NULL);
	for (int i = 0; i < PROCESSES; i++) {
		uint64_t now = sum().n[0];

		assert_true(now >= before);
		before = now;
		assert_ends_well(pids[i]);
	}
	assert_int_equal(sum().n[0], PROCESSES * 20);
	assert_int_equal(sum().n[HOST_STATS - 1], PROCESSES * 60);
}

/* Each place has one name, and each family its own places. */
static void
test_names(void **state)
{
	static char seen[HOST_STATS][2 * HOST_STATS_LABEL];
	unsigned next = 0;

	(void)state;
	for (unsigned i = 0; i < HOST_STATS_FAMILIES; i++) {
		const struct host_stats_family *f = &host_stats_families[i];

		assert_int_equal(f->first, next);
		next += f->n;
		for (unsigned j = 0; !f->histogram && j < f->n; j++) {
			char label[HOST_STATS_LABEL];

			f->label(j, label, sizeof(label));
			assert_int_equal(*label == '\0', f->n == 1);
			snprintf(seen[f->first + j], sizeof(seen[0]), "%s{%s}", f->name,
				label);
			for (unsigned k = 0; k < f->first + j; k++)
				assert_string_not_equal(seen[k], seen[f->first + j]);
		}
	}
	assert_int_equal(next, HOST_STATS);
}

static void
test_places(void **state)
{
	(void)state;
	assert_string_equal(host_stats_families[2].name, "alerts_sent");
	assert_int_equal(host_stat_alert(true, 0), HOST_STAT_ALERTS_SENT);
	assert_int_equal(host_stat_alert(false, 120),
		HOST_STAT_ALERTS_RECEIVED + HOST_STATS_ALERTS - 2);
	assert_int_equal(host_stat_alert(true, 255),
		HOST_STAT_ALERTS_SENT + HOST_STATS_ALERTS - 1);
	assert_int_equal(host_stat_code(421), HOST_STAT_REFUSALS);
	assert_int_equal(host_stat_code(599), HOST_STAT_REFUSALS + HOST_STATS_CODES - 1);
	assert_int_equal(host_stat_login("classic", HOST_LOGIN_DONE), HOST_STAT_LOGINS);
	assert_int_equal(host_stat_login("PLAIN", HOST_LOGIN_WRONG),
		HOST_STAT_LOGINS + HOST_LOGINS + HOST_LOGIN_WRONG);
	assert_int_equal(
		host_stat_login("X-NEW", HOST_LOGIN_FAULT), HOST_STAT_MESSAGES - 1);
}

static void
test_histogram(void **state)
{
	static const struct {
		int64_t milliseconds;
		unsigned bucket;
	} CASES[] = { { -5, 0 }, { 0, 0 }, { 5, 0 }, { 6, 1 }, { 10, 1 }, { 3600000, 12 },
		{ 3600001, 13 }, { INT64_MAX / 16, 13 } };

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct host_stats s = { 0 };
		int64_t ms = CASES[i].milliseconds;

		host_stats_observe(&s, HOST_STAT_SESSION_TIME, ms);
		for (unsigned b = 0; b < HOST_STATS_BUCKETS; b++)
			assert_int_equal(
				s.n[HOST_STAT_SESSION_TIME + b], b == CASES[i].bucket);
		assert_int_equal(s.n[HOST_STAT_SESSION_TIME + HOST_STATS_BUCKETS],
			ms < 0 ? 0 : ms);
	}
	assert_int_equal(host_stats_bucket(0), 5);
	assert_int_equal(host_stats_bucket(HOST_STATS_BUCKETS - 1), -1);
	assert_int_equal(host_stats_bucket(HOST_STATS_BUCKETS), -1);
}

int
main(void)
{
#define WITH_FOLDER(test)                                                                \
	cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(test_added_up),
		WITH_FOLDER(test_no_slot),
		WITH_FOLDER(test_torn),
		WITH_FOLDER(test_race),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_histogram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
