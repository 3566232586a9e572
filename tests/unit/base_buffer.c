// SPDX-License-Identifier: ISC
/*
 * The buffer, by itself and against a plain array under a long row of random steps.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"

static void
test_empty(void **state)
{
	struct buffer b CLEANUP(buffer_free) = { 0 };

	(void)state;
	assert_int_equal(buffer_len(&b), 0);
	assert_null(buffer_data(&b));
	assert_int_equal(buffer_room(&b), 0);
	buffer_consume(&b, 0);
	assert_int_equal(buffer_append(&b, NULL, 0), 0);
	assert_int_equal(buffer_len(&b), 0);
	assert_string_equal(buffer_string(&b), "");
	buffer_free(&b);
	buffer_wipe(&b);
	assert_null(b.base);
}

static void
test_append_and_consume(void **state)
{
	struct buffer b CLEANUP(buffer_free) = { 0 };

	(void)state;
	assert_int_equal(buffer_puts(&b, "one\ntwo\n"), 0);
	assert_int_equal(buffer_append(&b, "a\0b", 3), 0);
	assert_int_equal(buffer_len(&b), 11);
	buffer_consume(&b, 4);
	assert_memory_equal(buffer_data(&b), "two\na\0b", 7);
	buffer_consume(&b, 4);
	assert_int_equal(buffer_len(&b), 3);
	buffer_consume(&b, 3);
	assert_int_equal(buffer_len(&b), 0);
	/* Drained, it begins at its front again. */
	assert_int_equal(b.start, 0);
	assert_int_equal(b.end, 0);
}

static void
test_printf(void **state)
{
	struct buffer b CLEANUP(buffer_free) = { 0 };
	char long_text[1000];

	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	long_text[999] = '\0';
	assert_int_equal(buffer_printf(&b, "%s-%d", "a", -7), 0);
	assert_string_equal(buffer_string(&b), "a--7");
	assert_int_equal(buffer_printf(&b, "%s", ""), 0);
	assert_int_equal(buffer_len(&b), 4);
	assert_int_equal(buffer_printf(&b, "%s%s", long_text, "!"), 0);
	assert_int_equal(buffer_len(&b), 1004);
	assert_string_equal(buffer_string(&b) + 1002, "x!");
}

/* The NUL of buffer_string is no part of the contents. */
static void
test_string(void **state)
{
	struct buffer b CLEANUP(buffer_free) = { 0 };

	(void)state;
	buffer_puts(&b, "abc");
	assert_string_equal(buffer_string(&b), "abc");
	assert_int_equal(buffer_len(&b), 3);
	buffer_puts(&b, "d");
	assert_string_equal(buffer_string(&b), "abcd");
}

static void
test_reserve(void **state)
{
	struct buffer b CLEANUP(buffer_free) = { 0 };
	const char *base;

	(void)state;
	assert_int_equal(buffer_reserve(&b, 100), 0);
	assert_true(buffer_room(&b) >= 100);
	memset(buffer_tail(&b), 'a', 100);
	buffer_grow(&b, 100);
	base = b.base;
	/* Room behind the end is used first, then that in front, then more is taken. */
	buffer_consume(&b, 60);
	assert_int_equal(buffer_reserve(&b, buffer_room(&b) + 60), 0);
	assert_ptr_equal(b.base, base);
	assert_ptr_equal(buffer_data(&b), base);
	assert_int_equal(buffer_len(&b), 40);
	assert_int_equal(buffer_reserve(&b, buffer_room(&b) + 1), 0);
	assert_int_equal(buffer_len(&b), 40);
	assert_memory_equal(buffer_data(&b), "aaaaaaaaaa", 10);
}

static void
test_reserve_too_much(void **state)
{
	struct buffer b CLEANUP(buffer_free) = { 0 };

	(void)state;
	buffer_puts(&b, "abc");
	assert_int_equal(buffer_reserve(&b, SIZE_MAX), -ENOMEM);
	assert_int_equal(buffer_reserve(&b, SIZE_MAX / 2), -ENOMEM);
	assert_int_equal(buffer_append(&b, "x", SIZE_MAX - 2), -ENOMEM);
	assert_string_equal(buffer_string(&b), "abc");
}

static void
test_random_steps(void **state)
{
	struct buffer b CLEANUP(buffer_free) = { 0 };
	static char model[1 << 20];
	size_t start = 0, end = 0;
	unsigned seed = 1;

	(void)state;
	while (end < sizeof(model) - 3000) {
		size_t n = (size_t)rand_r(&seed) % 3000;

		if (rand_r(&seed) % 2) {
			for (size_t i = 0; i < n; i++)
				model[end + i] = (char)rand_r(&seed);
			assert_int_equal(buffer_append(&b, model + end, n), 0);
			end += n;
		} else {
			n = n < end - start ? n : end - start;
			buffer_consume(&b, n);
			start += n;
		}
		assert_int_equal(buffer_len(&b), end - start);
		if (end > start)
			assert_memory_equal(buffer_data(&b), model + start, end - start);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_append_and_consume),
		cmocka_unit_test(test_printf),
		cmocka_unit_test(test_string),
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_reserve_too_much),
		cmocka_unit_test(test_random_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
