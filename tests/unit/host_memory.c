// SPDX-License-Identifier: ISC
/*
 * What is given back is what nobody uses: the memory in use stays as it is, and what a
 * deeper call has left on the stack is gone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "host/memory.h"

enum { DEEP = 64 * 1024, SECRET = 0x5c };

static uintptr_t left_behind; /* as a number: the array is gone when it is looked at */

static __attribute__((noinline)) void
leave_something_behind(void)
{
	volatile char deep[DEEP];

	for (size_t i = 0; i < DEEP; i++)
		deep[i] = SECRET;
	left_behind = (uintptr_t)(deep + DEEP / 2);
}

static void
stack_below_is_released(void **state)
{
	volatile char here[2048];

	(void)state;
	for (size_t i = 0; i < sizeof here; i++)
		here[i] = (char)i;
	leave_something_behind();
	host_memory_release();
#ifndef __SANITIZE_ADDRESS__
	assert_int_equal(*(volatile char *)left_behind, 0);
#endif
	for (size_t i = 0; i < sizeof here; i++)
		assert_int_equal(here[i], (char)i);
}

static void
heap_in_use_stays(void **state)
{
	enum { N = 256, SIZE = 12 * 1024 };
	char *blocks[N];

	(void)state;
	for (size_t i = 0; i < N; i++) {
		blocks[i] = malloc(SIZE);
		assert_non_null(blocks[i]);
		memset(blocks[i], (int)i, SIZE);
	}
	for (size_t i = 0; i < N; i += 2)
		free(blocks[i]);
	host_memory_release();
	for (size_t i = 1; i < N; i += 2) {
		assert_int_equal((unsigned char)blocks[i][0], i);
		assert_int_equal((unsigned char)blocks[i][SIZE - 1], i);
		free(blocks[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stack_below_is_released),
		cmocka_unit_test(heap_in_use_stays),
	};

	return cmocka_run_group_tests_name("host_memory", tests, NULL, NULL);
}
