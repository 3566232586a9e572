// SPDX-License-Identifier: ISC
/*
 * Deadlines, against a clock that is a number: who keeps the pace is never late, who does
 * not is, however it spreads its bytes; and a held reply goes out at a time that says
 * nothing of the work behind it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "smtpd/pace.h"

enum { SECONDS = 180, HOUR = 3600 * 1000, START = 123456 };

/* When a peer is late that sends n bytes every so many milliseconds; 0: not in an hour.
 */
static int64_t
late_after(size_t n, int64_t every)
{
	int64_t now = START, deadline = START + SECONDS * 1000;

	while (now < START + HOUR) {
		if (now + every > deadline)
			return deadline - START;
		now += every;
		deadline = smtpd_pace_extend(deadline, now, SECONDS, n);
	}
	return 0;
}

static void
test_who_keeps_the_pace(void **state)
{
	static const struct {
		size_t n;
		int64_t every;
	} FAIR[] = { { 1, 10 }, { 100, 1000 }, { 150, 1000 }, { 18000, 180 * 1000 },
		{ 65536, 100 * 1000 }, { 65536, 1 }, { 1 << 30, 179 * 1000 } };

	(void)state;
	for (size_t i = 0; i < sizeof(FAIR) / sizeof(FAIR[0]); i++)
		assert_int_equal(late_after(FAIR[i].n, FAIR[i].every), 0);
}

static void
test_who_does_not(void **state)
{
	(void)state;
	/* Silence is late after exactly the time given; a trickle not much later. */
	assert_int_equal(late_after(1, HOUR), SECONDS * 1000);
	assert_in_range(late_after(1, 1000), SECONDS * 1000, SECONDS * 1020);
	assert_in_range(late_after(1, 20), SECONDS * 2000 - 20, SECONDS * 2000);
	assert_in_range(late_after(50, 1000), SECONDS * 1980, SECONDS * 2000);
	assert_in_range(late_after(90, 1000), SECONDS * 9900, SECONDS * 10000);
	/* Much at once buys no more than the time given, from then on. */
	assert_int_equal(late_after(1 << 30, HOUR), SECONDS * 1000);
	assert_int_equal(late_after(1 << 30, 181 * 1000), SECONDS * 1000);
}

static void
test_a_burst_is_no_credit(void **state)
{
	int64_t deadline = START + 1000;

	(void)state;
	deadline = smtpd_pace_extend(deadline, START + 500, SECONDS, SIZE_MAX);
	assert_int_equal(deadline, START + 500 + SECONDS * 1000);
	assert_int_equal(smtpd_pace_extend(deadline, START + 500, SECONDS, 1), deadline);
	assert_int_equal(smtpd_pace_extend(START, START + 1, 1, 0), START);
	assert_int_equal(smtpd_pace_extend(START, START + 1, 1, 7), START + 70);
	/* One that lies too far ahead is brought back. */
	assert_int_equal(smtpd_pace_extend(START + HOUR, START, 1, 1), START + 1000);
}

static void
test_a_held_reply_does_not_tell(void **state)
{
	(void)state;
	/* Whatever the work took, if less than the delay. */
	for (int64_t work = 0; work < 1000; work += 37)
		assert_int_equal(
			smtpd_pace_hold(START, START + work, 1000), START + 1000);
	assert_int_equal(smtpd_pace_hold(START, START + 999, 1000), START + 1000);
	assert_int_equal(smtpd_pace_hold(START, START + 1000, 1000), START + 2000);
	assert_int_equal(smtpd_pace_hold(START, START + 2500, 1000), START + 3000);
	assert_int_equal(smtpd_pace_hold(START, START + 2500, 4000), START + 4000);
	assert_int_equal(smtpd_pace_hold(START, START - 5, 1000), START + 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_keeps_the_pace),
		cmocka_unit_test(test_who_does_not),
		cmocka_unit_test(test_a_burst_is_no_credit),
		cmocka_unit_test(test_a_held_reply_does_not_tell),
	};

	return cmocka_run_group_tests_name("smtpd_pace", tests, NULL, NULL);
}
