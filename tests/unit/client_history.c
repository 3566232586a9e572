// SPDX-License-Identifier: ISC
/*
 * The history: what gets into it and what does not, and how it is kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/history.h"

static char home[] = "/tmp/postern-history-XXXXXX";
static char path[sizeof home + 40];

static int
setup(void **state)
{
	(void)state;
	if (!mkdtemp(home))
		return -1;
	snprintf(path, sizeof path, "%s/.local/state/postern/history", home);
	return setenv("HOME", home, 1);
}

/* From the history up to the home. */
static int
teardown(void **state)
{
	(void)state;
	unlink(path);
	for (char *end = strrchr(path, '/'); end && end >= path + sizeof home - 1;
		end = strrchr(path, '/')) {
		*end = '\0';
		if (rmdir(path) < 0)
			return -1;
	}
	return 0;
}

static bool
add(struct client_history *h, const char *line)
{
	return client_history_add(h, line, strlen(line));
}

static void
test_what_is_kept(void **state)
{
	struct client_history h = { 0 };
	char long_line[CLIENT_HISTORY_LINE_MAX + 2];
	struct stat st;

	(void)state;
	client_history_load(&h);
	assert_int_equal(h.n, 0);
	assert_true(add(&h, "HELO brad@447.edu"));
	assert_false(add(&h, "HELO brad@447.edu"));
	assert_true(add(&h, "MAIL FROM:<brad@447.edu> SIZE=10"));
	assert_true(add(&h, "RCPT TO:<\xc3\xb6@447.edu>"));
	assert_false(add(&h, ""));
	assert_false(add(&h, "AUTH PLAIN AGIAYw=="));
	assert_false(add(&h, "XENROL abcd"));
	assert_false(add(&h, "NOOP \x1b[2J"));
	assert_false(add(&h, "NOOP \xff"));
	assert_false(add(&h, "NOOP\nNOOP"));
	memset(long_line, 'x', sizeof long_line);
	long_line[sizeof long_line - 1] = '\0';
	assert_false(add(&h, long_line));
	assert_true(add(&h, "AUTH"));
	assert_int_equal(h.n, 4);
	assert_int_equal(h.addresses.n, 2);
	assert_string_equal(h.addresses.items[0], "\xc3\xb6@447.edu");
	assert_string_equal(h.addresses.items[1], "brad@447.edu");
	client_history_clear(&h);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	client_history_load(&h);
	assert_int_equal(h.n, 4);
	assert_string_equal(h.lines[0], "HELO brad@447.edu");
	assert_int_equal(h.addresses.n, 2);
	client_history_clear(&h);
}

static void
test_others_may_not_read_it(void **state)
{
	struct client_history h = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(chmod(path, 0644), 0);
	assert_true(add(&h, "NOOP"));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	client_history_clear(&h);
}

static void
test_a_long_file_is_shortened(void **state)
{
	struct client_history h = { 0 };
	FILE *file = fopen(path, "w");

	(void)state;
	assert_non_null(file);
	for (int i = 0; i < 3 * CLIENT_HISTORY_MAX; i++)
		fprintf(file, "NOOP %d\n", i);
	fclose(file);
	client_history_load(&h);
	client_history_clear(&h);
	client_history_load(&h);
	assert_int_equal(h.n, CLIENT_HISTORY_MAX);
	assert_string_equal(h.lines[h.n - 1], "NOOP 2999");
	client_history_clear(&h);
}

static void
test_a_link_is_not_followed(void **state)
{
	struct client_history h = { 0 };
	char other[sizeof home + 10];
	struct stat st;

	(void)state;
	snprintf(other, sizeof other, "%s/other", home);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(other, path), 0);
	assert_true(add(&h, "NOOP"));
	assert_int_equal(stat(other, &st), -1);
	client_history_clear(&h);
	assert_int_equal(unlink(path), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_kept),
		cmocka_unit_test(test_others_may_not_read_it),
		cmocka_unit_test(test_a_long_file_is_shortened),
		cmocka_unit_test(test_a_link_is_not_followed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
