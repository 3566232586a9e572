// SPDX-License-Identifier: ISC
/*
 * What is on disk when a message counts as delivered: every folder above it, whoever made
 * them, and whichever sync failed on the way.
 */
#include "spool_fixture.h"

#include <sys/syscall.h>

/* What was synced, in its order, and where a sync is to fail. */
static struct {
	int n;
	int fail_at; /* or 0 */
	ino_t inodes[64];
} synced;

int
fsync(int fd)
{
	struct stat st;

	if (++synced.n == synced.fail_at) {
		errno = EIO;
		return -1;
	}
	if (fstat(fd, &st) == 0 && synced.n <= 64)
		synced.inodes[synced.n - 1] = st.st_ino;
	return (int)syscall(SYS_fsync, fd);
}
static bool
was_synced(const char *path)
{
	struct stat st;

	assert_int_equal(stat(in_root(path), &st), 0);
	for (int i = 0; i < synced.n && i < 64; i++)
		if (synced.inodes[i] == st.st_ino)
			return true;
	return false;
}

static int
deliver_one(const char *to)
{
	struct spool_message *m = open_message(false);
	int r;

	memset(synced.inodes, 0, sizeof(synced.inodes));
	synced.n = 0;
	r = deliver(m, to, NULL, NULL);
	synced.fail_at = 0;
	spool_message_free(m);
	return r;
}

static void
assert_all_synced(void)
{
	static const char *const folders[] = { "", "x", "x/a", "x/a/tmp", "x/a/cur",
		"x/a/new" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		assert_true(was_synced(folders[i]));
	assert_mode("x/a/new", S_IFDIR | 0700);
}

/* A Maildir that is ready costs a sync of the message and one of new/; one that somebody
 * else has begun is put on disk by whoever delivers. */
static void
test_syncs(void **state)
{
	static const char *const begun[] = { "x", "x/a", "x/a/tmp", "x/a/cur" };

	(void)state;
	assert_int_equal(deliver_one("a@x"), 0);
	assert_all_synced();
	assert_int_equal(deliver_one("a@x"), 0);
	assert_int_equal(synced.n, 2);
	for (size_t n = 1; n <= 4; n++) {
		assert_int_equal(remove_root(NULL), 0);
		assert_int_equal(mkdir(root, 0700), 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(mkdir(in_root(begun[i]), 0700), 0);
		assert_int_equal(deliver_one("a@x"), 0);
		assert_all_synced();
	}
}

/* Whichever sync fails on the way: nothing is delivered, and the next delivery has all of
 * the Maildir on disk. */
static void
test_failed_syncs(void **state)
{
	(void)state;
	for (int at = 1; at <= 6; at++) {
		synced.fail_at = at;
		assert_int_equal(deliver_one("a@x"), -EIO);
		assert_int_equal(count(""), 0);
		assert_int_equal(deliver_one("a@x"), 0);
		assert_all_synced();
		assert_int_equal(remove_root(NULL), 0);
		assert_int_equal(mkdir(root, 0700), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOT(test_syncs),
		IN_ROOT(test_failed_syncs),
	};

	return cmocka_run_group_tests_name("spool_sync", tests, NULL, NULL);
}
