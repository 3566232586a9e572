// SPDX-License-Identifier: ISC
/*
 * The arithmetic of limits, with a clock that the test moves.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <limits.h>
#include <string.h>

#include "host/limit.h"

#define SECOND HOST_LIMIT_SECOND

static const int64_t START = INT64_C(1700000000) * SECOND;

/* As many as the limit at once, then one more each window / limit. */
static void
test_most_then_a_trickle(void **state)
{
	static const struct host_limit CASES[] = { { 1, 1 }, { 1, 60 }, { 3, 3600 },
		{ 7, 3600 }, { 60, 60 }, { 1000, 3600 }, { 10000, 86400 } };

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct host_limit l = CASES[i];
		int64_t due = 0, now = START;

		for (unsigned n = 0; n < l.most; n++) {
			assert_int_equal(host_limit_left(l, due, now), l.most - n);
			assert_int_equal(host_limit_wait(l, due, now, 1), 0);
			due = host_limit_add(l, due, now, 1);
		}
		assert_int_equal(host_limit_left(l, due, now), 0);
		assert_true(host_limit_wait(l, due, now, 1) > 0);
		/* Whoever comes back when told finds room, for one. */
		now += host_limit_wait(l, due, now, 1) * SECOND;
		assert_int_equal(host_limit_wait(l, due, now, 1), 0);
		now = START + l.seconds * SECOND / l.most;
		due = host_limit_add(l, due, now, 1);
		assert_true(host_limit_wait(l, due, now, 1) > 0);
		/* A window later all is as it was. */
		now += l.seconds * SECOND;
		assert_int_equal(host_limit_left(l, due, now), l.most);
	}
}

static void
test_several_at_once(void **state)
{
	const struct host_limit l = { 10, 100 };
	int64_t due = host_limit_add(l, 0, START, 7);

	(void)state;
	assert_int_equal(host_limit_left(l, due, START), 3);
	assert_int_equal(host_limit_wait(l, due, START, 3), 0);
	assert_int_equal(host_limit_wait(l, due, START, 4), 10);
	assert_int_equal(host_limit_wait(l, due, START, 10), 70);
	/* More than ever fit wait for all there is. */
	assert_int_equal(host_limit_wait(l, due, START, 1000), 70);
	assert_int_equal(host_limit_wait(l, 0, START, UINT_MAX), 0);
	assert_int_equal(
		host_limit_left(l, host_limit_add(l, 0, START, UINT_MAX), START), 0);
}

static void
test_no_limit(void **state)
{
	const struct host_limit l = { 0, 60 };

	(void)state;
	assert_int_equal(host_limit_wait(l, INT64_MAX, START, UINT_MAX), 0);
	assert_int_equal(host_limit_left(l, INT64_MAX, START), UINT_MAX);
	assert_int_equal(host_limit_add(l, 5, START, 3), 5);
}

/* Whatever stands in a file, and wherever a clock was set to, nobody waits for more than
 * a window, and no sum overflows. */
static void
test_strange_numbers(void **state)
{
	static const int64_t DUES[] = { INT64_MIN, -1, 0, 1, INT64_MAX, INT64_MAX / 2 };
	const struct host_limit l = { 5, 86400 };

	(void)state;
	for (size_t i = 0; i < sizeof(DUES) / sizeof(DUES[0]); i++) {
		unsigned wait = host_limit_wait(l, DUES[i], START, 5);
		int64_t due = host_limit_add(l, DUES[i], START, 5);

		assert_int_equal(wait, 0);
		assert_int_equal(due, START + 86400 * SECOND);
		assert_true(host_limit_left(l, DUES[i], START) <= 5);
	}
}

/* A clock that is set back by less than the window makes it last that much longer; by
 * more, and all is forgotten. */
static void
test_clock_set_back(void **state)
{
	const struct host_limit l = { 4, 100 };
	int64_t due = host_limit_add(l, 0, START, 4);

	(void)state;
	assert_int_equal(host_limit_left(l, due, START), 0);
	assert_int_equal(host_limit_left(l, due, START - 60 * SECOND), 0);
	assert_int_equal(host_limit_wait(l, due, START - 60 * SECOND, 1), 25);
	assert_int_equal(host_limit_left(l, due, START - 86400 * SECOND), 4);
}

static const struct host_shutout SHUTOUT = { .after = 3, .first = 60, .longest = 600 };

/* Slower first, then shut out for twice as long each time, and never for longer than the
 * longest. */
static void
test_failures_grow(void **state)
{
	static const unsigned WAITS[] = { 0, 0, 60, 120, 240, 480, 600, 600 };
	static const unsigned DELAYS[] = { 1000, 2000, 4000, 8000, 8000 };
	struct host_failures f = { 0 };
	int64_t now = START;

	(void)state;
	assert_int_equal(host_failures_wait(SHUTOUT, &f, now), 0);
	for (size_t i = 0; i < sizeof(WAITS) / sizeof(WAITS[0]); i++) {
		host_failures_add(SHUTOUT, &f, now);
		assert_int_equal(host_failures_wait(SHUTOUT, &f, now), WAITS[i]);
		if (i < sizeof(DELAYS) / sizeof(DELAYS[0]))
			assert_int_equal(host_failures_delay(&f), DELAYS[i]);
		/* It ends. */
		if (WAITS[i] > 0)
			assert_int_equal(host_failures_wait(SHUTOUT, &f, now + SECOND),
				WAITS[i] - 1);
		now += WAITS[i] * SECOND;
		assert_int_equal(host_failures_wait(SHUTOUT, &f, now), 0);
	}
}

/* However many were under way when it began: one shut-out, and one doubling. */
static void
test_failures_at_once(void **state)
{
	struct host_failures f = { 0 };
	int64_t now = START;

	(void)state;
	for (unsigned wait = 60; wait <= 240; wait *= 2) {
		for (int i = 0; i < 64; i++)
			host_failures_add(SHUTOUT, &f, now + i);
		assert_int_equal(host_failures_wait(SHUTOUT, &f, now + 64), wait);
		now += (wait + 1) * SECOND;
	}
}

static void
test_failures_are_forgotten(void **state)
{
	const int64_t day = 86400 * SECOND;
	struct host_failures f = { 0 };

	(void)state;
	for (int i = 0; i < 5; i++)
		host_failures_add(SHUTOUT, &f, START);
	assert_int_equal(host_failures_end(SHUTOUT, &f), START + day);
	host_failures_add(SHUTOUT, &f, START + day);
	assert_int_equal(f.count, 4);
	host_failures_add(SHUTOUT, &f, START + 2 * day + 1);
	assert_int_equal(f.count, 1);
	assert_int_equal(host_failures_wait(SHUTOUT, &f, START + 2 * day + 1), 0);
}

static void
test_shut_out_and_a_clock_set_back(void **state)
{
	struct host_failures f = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++)
		host_failures_add(SHUTOUT, &f, START);
	assert_int_equal(host_failures_wait(SHUTOUT, &f, START - 300 * SECOND), 360);
	assert_int_equal(host_failures_wait(SHUTOUT, &f, START - 86400 * SECOND), 0);
}

static void
test_strange_failures(void **state)
{
	static const int64_t VALUES[] = { INT64_MIN, -1, 0, 1, INT64_MAX };
	const size_t n = sizeof(VALUES) / sizeof(VALUES[0]);
	const struct host_shutout never = { 0, 60, 600 };

	(void)state;
	for (size_t i = 0; i < n * n * n; i++) {
		struct host_failures f = { VALUES[i % n], VALUES[i / n % n],
			VALUES[i / n / n] };

		assert_true(host_failures_wait(SHUTOUT, &f, START) <= 600);
		assert_int_equal(host_failures_wait(never, &f, START), 0);
		assert_true(host_failures_delay(&f) <= 8000);
		host_failures_add(SHUTOUT, &f, START);
		assert_true(f.count > 0 && f.count <= INT_MAX);
		assert_int_equal(f.last, START);
		assert_true(f.until <= START + 600 * SECOND);
	}
}

static void
test_configured(void **state)
{
	struct config c = { .limit_window = 7 };

	(void)state;
	c.limits[CONFIG_LIMIT_DEVICE] = (struct config_limits){ 1, 2, 3, 4, 5 };
	c.limits[CONFIG_LIMIT_USER] = c.limits[CONFIG_LIMIT_DEVICE];
	for (unsigned what = 0; what < HOST_LIMITED; what++) {
		struct host_limit l = host_limit_of(&c, CONFIG_LIMIT_DEVICE, what);

		assert_int_equal(l.most, what + 1);
		assert_int_equal(l.seconds, 7);
		assert_int_equal(host_limit_of(&c, CONFIG_LIMIT_ADDRESS, what).most, 0);
	}
	/* Nobody is ever shut out for what others do elsewhere in his name. */
	assert_int_equal(
		host_limit_of(&c, CONFIG_LIMIT_USER, HOST_LIMIT_FAILURES).most, 0);
	assert_string_equal(host_limit_whose(CONFIG_LIMIT_USER), "user");
	assert_string_equal(host_limit_what(HOST_LIMIT_RECIPIENTS), "recipients");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_most_then_a_trickle),
		cmocka_unit_test(test_several_at_once),
		cmocka_unit_test(test_no_limit),
		cmocka_unit_test(test_strange_numbers),
		cmocka_unit_test(test_clock_set_back),
		cmocka_unit_test(test_failures_grow),
		cmocka_unit_test(test_failures_at_once),
		cmocka_unit_test(test_failures_are_forgotten),
		cmocka_unit_test(test_shut_out_and_a_clock_set_back),
		cmocka_unit_test(test_strange_failures),
		cmocka_unit_test(test_configured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
