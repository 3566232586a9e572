// SPDX-License-Identifier: ISC
/*
 * What a session makes of a request that needs nobody else: a reply that is held is held
 * from the arrival of the line that it answers, not from when the answer was found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/clock.h"
#include "smtpd/session_private.h"

static int64_t
hold_after(int64_t spent, unsigned delay)
{
	struct smtpd_server s = { 0 };
	struct smtpd_session x = { .s = &s, .arrival = host_clock_ms() - spent };
	struct smtp_request request = { .ask = SMTP_ASK_CLOSE, .delay = delay };

	assert_int_equal(smtpd_session_do(&x, &request), 0);
	assert_int_equal(x.state, SMTPD_SESSION_CLOSES);
	return x.hold > 0 ? x.hold - x.arrival : 0;
}

static void
test_a_refusal_is_held_from_arrival(void **state)
{
	(void)state;
	/* The checks are as long as an hour, so that no pause of this machine counts. */
	assert_int_equal(hold_after(0, 7200 * 1000), 7200 * 1000);
	assert_int_equal(hold_after(3600 * 1000, 7200 * 1000), 7200 * 1000);
	assert_int_equal(hold_after(3600 * 1000, 3000 * 1000), 6000 * 1000);
}

static void
test_other_replies_are_not(void **state)
{
	(void)state;
	assert_int_equal(hold_after(3600 * 1000, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_refusal_is_held_from_arrival),
		cmocka_unit_test(test_other_replies_are_not),
	};

	return cmocka_run_group_tests_name("smtpd_session", tests, NULL, NULL);
}
