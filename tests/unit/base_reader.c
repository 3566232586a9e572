// SPDX-License-Identifier: ISC
/*
 * Fields of untrusted bytes: what is there is read, what is not makes the reader bad, for
 * good.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/reader.h"

static const uint8_t BYTES[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09,
	0x0a };

static void
test_numbers(void **state)
{
	struct reader r = { .at = BYTES, .left = sizeof BYTES };

	(void)state;
	assert_int_equal(reader_number(&r, 1), 0x01);
	assert_int_equal(reader_number(&r, 2), 0x0203);
	assert_int_equal(reader_number(&r, 3), 0x040506);
	assert_int_equal(reader_number(&r, 4), 0x0708090a);
	assert_false(r.bad);
	assert_int_equal(r.left, 0);
	assert_int_equal(reader_number(&r, 1), 0);
	assert_true(r.bad);
}

static void
test_bad_stays_bad(void **state)
{
	struct reader r = { .at = BYTES, .left = 3 };

	(void)state;
	assert_null(reader_run(&r, 4));
	assert_true(r.bad);
	assert_null(reader_run(&r, 1));
	assert_int_equal(reader_number(&r, 1), 0);
	assert_int_equal(reader_inner(&r, 1).left, 0);
	assert_true(reader_inner(&r, 1).bad);
	assert_true(r.bad);
}

static void
test_runs(void **state)
{
	struct reader r = { .at = BYTES, .left = sizeof BYTES };

	(void)state;
	assert_ptr_equal(reader_run(&r, 0), BYTES);
	assert_ptr_equal(reader_run(&r, 4), BYTES);
	assert_ptr_equal(reader_run(&r, 6), BYTES + 4);
	assert_false(r.bad);
	assert_ptr_equal(reader_run(&r, 0), BYTES + sizeof BYTES);
	assert_null(reader_run(&r, 1));
}

static void
test_limits(void **state)
{
	struct reader r = { .at = BYTES, .left = sizeof BYTES };

	(void)state;
	assert_int_equal(reader_below(&r, 1, 2), 1);
	assert_false(r.bad);
	assert_int_equal(reader_below(&r, 1, 2), 0);
	assert_true(r.bad);
}

static void
test_inner(void **state)
{
	struct reader r = { .at = BYTES, .left = sizeof BYTES }, one, two;

	(void)state;
	one = reader_inner(&r, 1);
	assert_int_equal(one.left, 1);
	assert_int_equal(reader_number(&one, 1), 2);
	reader_leave(&r, &one);
	assert_false(r.bad);
	two = reader_inner(&r, 1);
	assert_int_equal(two.left, 3);
	reader_number(&two, 2);
	reader_leave(&r, &two);
	assert_true(r.bad);
	r = (struct reader){ .at = BYTES + 1, .left = 2 };
	assert_true(reader_inner(&r, 1).bad);
	assert_true(r.bad);
	r = (struct reader){ .at = BYTES, .left = 2 };
	one = reader_inner(&r, 1);
	reader_number(&one, 2);
	reader_leave(&r, &one);
	assert_true(r.bad);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_bad_stays_bad),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_inner),
	};

	return cmocka_run_group_tests_name("base_reader", tests, NULL, NULL);
}
