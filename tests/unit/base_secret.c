// SPDX-License-Identifier: ISC
/*
 * Secrets and cleanup. That a secret is overwritten before it is freed shows in a free
 * that looks at what it is handed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/secret.h"

static void
test_equal(void **state)
{
	uint8_t a[64], b[64];

	(void)state;
	secret_free(NULL);
	memset(a, 0x55, sizeof(a));
	memcpy(b, a, sizeof(b));
	assert_true(secret_equal(a, b, sizeof(a)));
	assert_true(secret_equal(a, b, 0));
	for (size_t i = 0; i < sizeof(a); i++)
		for (int bit = 0; bit < 8; bit++) {
			b[i] ^= (uint8_t)(1 << bit);
			assert_false(secret_equal(a, b, sizeof(a)));
			assert_true(secret_equal(a, b, i));
			b[i] = a[i];
		}
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_OWN_FREE
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define HAS_OWN_FREE
#endif

static char *
new_secret(void)
{
	return strdup("fifteen letters");
}

/* The address sanitizer has a free of its own, which nothing can stand in front of. */
#ifndef HAS_OWN_FREE
extern void __libc_free(void *p);
static void *watched;
static char seen[16];

void
free(void *p)
{
	if (p && p == watched) {
		memcpy(seen, p, sizeof(seen));
		watched = NULL;
	}
	__libc_free(p);
}

static char *
watch(char *p)
{
	memset(seen, '?', sizeof(seen));
	watched = p;
	return p;
}

static void
assert_wiped(void)
{
	static const char nothing[sizeof(seen)];

	assert_null(watched);
	assert_memory_equal(seen, nothing, sizeof(seen));
}

static void
test_wiped(void **state)
{
	(void)state;
	secret_free(watch(new_secret()));
	assert_wiped();
	{
		char *secret CLEANUP_SECRET = watch(new_secret());

		assert_non_null(secret);
	}
	assert_wiped();
}

/* A buffer leaves no copy behind when it is wiped, and none when it moves. */
static void
test_buffer_wiped(void **state)
{
	struct buffer b = { 0 };

	(void)state;
	assert_int_equal(buffer_puts(&b, "fifteen letters"), 0);
	watch(b.base);
	assert_int_equal(buffer_reserve(&b, 100000), 0);
	assert_wiped();
	assert_string_equal(buffer_string(&b), "fifteen letters");
	watch(b.base);
	buffer_wipe(&b);
	assert_wiped();
	assert_null(b.base);
	assert_int_equal(buffer_len(&b), 0);
}
#endif

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static int
new_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void
test_cleanup(void **state)
{
	int closed, kept, none;

	(void)state;
	{
		int a CLEANUP_FD = new_fd();
		int b CLEANUP_FD = new_fd();
		int c CLEANUP_FD = -1;
		char *text CLEANUP_FREE = new_secret(); /* a leak if it were not freed */
		char *nothing CLEANUP_FREE = NULL;

		assert_non_null(text);
		assert_null(nothing);
		closed = a;
		kept = TAKE_FD(b);
		none = TAKE_FD(c);
		assert_int_equal(b, -1);
	}
	assert_false(is_open(closed));
	assert_true(is_open(kept));
	assert_int_equal(none, -1);
	close(kept);
}

static int calls;

static int *
next_place(int places[2])
{
	return &places[calls++ % 2];
}

static void
test_take(void **state)
{
	char *taken, *text = new_secret();
	int places[2] = { 5, 6 };

	(void)state;
	{
		char *mine CLEANUP_FREE = text;

		taken = TAKE_PTR(mine);
		assert_null(mine);
	}
	assert_ptr_equal(taken, text);
	assert_string_equal(taken, "fifteen letters");
	free(taken);
	/* What is named is evaluated once. */
	assert_int_equal(TAKE_FD(*next_place(places)), 5);
	assert_int_equal(calls, 1);
	assert_int_equal(places[0], -1);
	assert_int_equal(places[1], 6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal),
#ifndef HAS_OWN_FREE
		cmocka_unit_test(test_wiped),
		cmocka_unit_test(test_buffer_wiped),
#endif
		cmocka_unit_test(test_cleanup),
		cmocka_unit_test(test_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
