// SPDX-License-Identifier: ISC
/*
 * Whether a file has changed: written to, replaced, gone, come; and one that changed a
 * moment ago, whose next change might not show.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/stamp.h"

static char folder[] = "/tmp/postern-stamp-XXXXXX";
static char path[64], other[64];

static int
make_folder(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/file", folder);
	snprintf(other, sizeof other, "%s/other", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	unlink(path);
	unlink(other);
	rmdir(folder);
	return 0;
}

static void
write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* A stamp as if it were old: the time of the change is the kernel's, and cannot be set.
 */
static struct host_stamp
settled(const char *name)
{
	struct host_stamp s;

	host_stamp_take(name, &s);
	s.fresh = false;
	return s;
}

static void
test_changes(void **state)
{
	struct host_stamp s;

	(void)state;
	write_file(path, "one");
	s = settled(path);
	assert_false(host_stamp_differs(&s, path));
	assert_false(host_stamp_replaced(&s, path));
	write_file(path, "three");
	assert_true(host_stamp_differs(&s, path));
	assert_false(host_stamp_replaced(&s, path));
	s = settled(path);
	assert_int_equal(chmod(path, 0640), 0);
	/* Of the same size, but another inode. */
	s = settled(path);
	write_file(other, "seven");
	assert_int_equal(rename(other, path), 0);
	assert_true(host_stamp_differs(&s, path));
	assert_true(host_stamp_replaced(&s, path));
}

static void
test_gone_and_come(void **state)
{
	struct host_stamp s;

	(void)state;
	write_file(path, "one");
	s = settled(path);
	assert_int_equal(unlink(path), 0);
	assert_true(host_stamp_differs(&s, path));
	assert_true(host_stamp_replaced(&s, path));
	s = settled(path);
	assert_false(host_stamp_differs(&s, path));
	assert_false(host_stamp_replaced(&s, path));
	write_file(path, "one");
	assert_true(host_stamp_differs(&s, path));
	assert_true(host_stamp_replaced(&s, path));
}

static void
test_what_was_never_looked_at(void **state)
{
	struct host_stamp s = { 0 };

	(void)state;
	assert_true(host_stamp_differs(&s, path));
	assert_true(host_stamp_replaced(&s, path));
	assert_false(host_stamp_differs(&s, NULL));
	assert_false(host_stamp_replaced(&s, NULL));
}

static void
test_fresh(void **state)
{
	struct host_stamp s;

	(void)state;
	write_file(path, "one");
	host_stamp_take(path, &s);
	assert_true(s.fresh);
	assert_true(host_stamp_differs(&s, path));
	assert_false(host_stamp_replaced(&s, path));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_gone_and_come),
		cmocka_unit_test(test_what_was_never_looked_at),
		cmocka_unit_test(test_fresh),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
