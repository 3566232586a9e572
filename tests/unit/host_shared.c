// SPDX-License-Identifier: ISC
/*
 * Shared files: made, found damaged, set aside, made anew; and their locks.
 */
#include "shared_fixture.h"

#include "host/slots.h"

static const struct host_shared_form FORM = { "TESTform", 1, 8192 };

static const char NAME[] = "file";

static void
open_file(struct host_shared *s)
{
	assert_int_equal(host_shared_open(folder, NAME, &FORM, &REPORT, s), 0);
}

static bool
is_good(const struct host_shared *s)
{
	char head[HOST_SHARED_HEADER];

	return host_shared_read(s, 0, head, sizeof(head)) == 0 &&
	       host_shared_is_good(s, head);
}

/* A file in order, closed. */
static void
make_good(void)
{
	struct host_shared s;

	open_file(&s);
	if (!is_good(&s))
		assert_int_equal(host_shared_mend(&s, false), 0);
	assert_true(is_good(&s));
	host_shared_close(&s);
	memset(&told, 0, sizeof(told));
}

static void
test_made(void **state)
{
	struct host_shared s;
	struct stat st;

	(void)state;
	open_file(&s);
	assert_false(is_good(&s));
	/* An empty file is no damage, whatever was thought of it. */
	assert_int_equal(host_shared_mend(&s, true), 0);
	assert_true(is_good(&s));
	assert_int_equal(fstat(s.fd, &st), 0);
	assert_int_equal(st.st_size, FORM.size);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(fcntl(s.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(told.n, 0);
	assert_false(exists("file.damaged"));
	host_shared_close(&s);
	assert_int_equal(s.fd, -1);
}

/* Whoever made it died before he wrote the header. */
static void
test_maker_died(void **state)
{
	struct host_shared s;

	(void)state;
	open_file(&s);
	assert_int_equal(ftruncate(s.fd, FORM.size), 0);
	assert_int_equal(host_shared_mend(&s, false), 0);
	assert_true(is_good(&s));
	assert_int_equal(told.n, 0);
	host_shared_close(&s);
}

static void
damage_cut(void)
{
	assert_int_equal(truncate(in_folder(NAME), 10), 0);
}

static void
damage_head(void)
{
	scribble(NAME, 9, "x", 1);
}

static void
damage_link(void)
{
	assert_int_equal(rename(in_folder(NAME), in_folder("elsewhere")), 0);
	assert_int_equal(symlink("elsewhere", in_folder(NAME)), 0);
}

static void
damage_folder(void)
{
	assert_int_equal(unlink(in_folder(NAME)), 0);
	assert_int_equal(mkdir(in_folder(NAME), 0700), 0);
}

static void
damage_pipe(void)
{
	assert_int_equal(unlink(in_folder(NAME)), 0);
	assert_int_equal(mkfifo(in_folder(NAME), 0600), 0);
}

static void
test_damaged(void **state)
{
	static void (*const DAMAGES[])(void) = { damage_cut, damage_head, damage_link,
		damage_folder, damage_pipe };

	(void)state;
	for (size_t i = 0; i < sizeof(DAMAGES) / sizeof(DAMAGES[0]); i++) {
		struct host_shared s;

		make_good();
		DAMAGES[i]();
		open_file(&s);
		if (!is_good(&s))
			assert_int_equal(host_shared_mend(&s, false), 0);
		assert_true(is_good(&s));
		assert_int_equal(told.n, 1);
		assert_int_equal(told.error, -EBADMSG);
		assert_string_equal(told.path, in_folder(NAME));
		assert_true(exists("file.damaged"));
		host_shared_close(&s);
		remove(in_folder("file.damaged"));
	}
	assert_true(exists("elsewhere"));
}

/* What the caller has found wrong further down. */
static void
test_damaged_inside(void **state)
{
	struct host_shared s, other;

	(void)state;
	make_good();
	open_file(&s);
	open_file(&other);
	/* By itself the file is in order. */
	assert_int_equal(host_shared_mend(&s, false), 0);
	assert_int_equal(told.n, 0);
	assert_int_equal(host_shared_mend(&s, true), 0);
	assert_int_equal(told.n, 1);
	/* The other one has the old file, and finds the new one. */
	assert_int_equal(host_shared_mend(&other, true), 0);
	assert_int_equal(told.n, 1);
	assert_int_equal(host_shared_write(&s, 4096, "hello", 5), 0);
	char text[5];

	assert_int_equal(host_shared_read(&other, 4096, text, sizeof(text)), 0);
	assert_memory_equal(text, "hello", 5);
	host_shared_close(&s);
	host_shared_close(&other);
}

static int
find_damage(void *unused)
{
	struct host_shared s;

	(void)unused;
	told.n = 0;
	if (host_shared_open(folder, NAME, &FORM, &REPORT, &s) < 0)
		return 50;
	if (!is_good(&s) && host_shared_mend(&s, false) < 0)
		return 51;
	return is_good(&s) ? told.n : 52;
}

/* Of 64 who find it at the same time one sets it aside, and all have the same new one. */
static void
test_damaged_for_many(void **state)
{
	enum { MANY = 64 };
	int set_aside = 0;

	(void)state;
	for (int round = 0; round < 5; round++) {
		pid_t pids[MANY];

		make_good();
		damage_head();
		for (int i = 0; i < MANY; i++)
			pids[i] = spawn(find_damage, NULL);
		for (int i = 0; i < MANY; i++) {
			int status;

			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_true(WIFEXITED(status));
			assert_in_range(WEXITSTATUS(status), 0, 1);
			set_aside += WEXITSTATUS(status);
		}
		assert_int_equal(set_aside, round + 1);
	}
}

static void
test_cannot_be_used(void **state)
{
	struct host_shared s;
	char nowhere[128];

	(void)state;
	snprintf(nowhere, sizeof(nowhere), "%s/nowhere", folder);
	assert_int_equal(host_shared_open(nowhere, NAME, &FORM, &REPORT, &s), -ENOENT);
	assert_int_equal(s.fd, -1);
	assert_int_equal(told.n, 1);
	assert_int_equal(told.error, -ENOENT);
	/* Nobody has to be told. */
	assert_int_equal(host_shared_open(nowhere, NAME, &FORM, NULL, &s), -ENOENT);
}

/* One who looks changes nothing. */
static void
test_look(void **state)
{
	struct host_shared s;

	(void)state;
	assert_int_equal(host_shared_look(folder, NAME, &FORM, &REPORT, &s), -ENOENT);
	assert_int_equal(told.n, 0);
	assert_false(exists(NAME));
	make_good();
	assert_int_equal(host_shared_look(folder, NAME, &FORM, &REPORT, &s), 0);
	assert_int_equal(host_shared_write(&s, 0, "x", 1), -EBADF);
	assert_int_equal(host_shared_mend(&s, false), -EBADMSG);
	assert_int_equal(told.n, 1);
	host_shared_close(&s);
	damage_cut();
	assert_int_equal(host_shared_look(folder, NAME, &FORM, &REPORT, &s), -EBADMSG);
	assert_int_equal(told.n, 2);
	assert_false(exists("file.damaged"));
	assert_int_equal(truncate(in_folder(NAME), 0), 0);
	assert_int_equal(host_shared_look(folder, NAME, &FORM, &REPORT, &s), -ENOENT);
	assert_int_equal(told.n, 2);
}

static void
test_short_read(void **state)
{
	struct host_shared s;
	char byte;

	(void)state;
	make_good();
	open_file(&s);
	assert_int_equal(host_shared_read(&s, FORM.size - 1, &byte, 1), 0);
	assert_int_equal(host_shared_read(&s, FORM.size, &byte, 1), -ENODATA);
	host_shared_close(&s);
}

/* Two who opened the file exclude each other, in one process as well; the end of the
 * descriptor is the end of the lock. */
static void
test_lock(void **state)
{
	struct host_shared one, other;

	(void)state;
	make_good();
	open_file(&one);
	open_file(&other);
	assert_int_equal(host_shared_lock(&one, 5, 0), 0);
	assert_int_equal(host_shared_lock(&other, 6, 0), 0);
	assert_int_equal(host_shared_lock(&other, 5, 0), -ETIMEDOUT);
	assert_int_equal(host_shared_lock(&other, 5, 20), -ETIMEDOUT);
	assert_true(host_shared_is_locked(&other, 5));
	assert_false(host_shared_is_locked(&one, 5));
	host_shared_unlock(&one, 5);
	assert_int_equal(host_shared_lock(&other, 5, 0), 0);
	host_shared_close(&other);
	assert_int_equal(host_shared_lock(&one, 5, 0), 0);
	host_shared_close(&one);
}

static int
wait_for_death(void *pipe)
{
	char byte;

	(void)!read(*(int *)pipe, &byte, 1);
	return 0;
}

/* Why a forked process has to close its copy first: the lock is its own as well. */
static void
test_lock_survives_in_a_child(void **state)
{
	struct host_shared one, other;
	int ends[2];
	pid_t child;

	(void)state;
	make_good();
	open_file(&one);
	open_file(&other);
	assert_int_equal(host_shared_lock(&one, 5, 0), 0);
	assert_int_equal(pipe(ends), 0);
	child = spawn(wait_for_death, &ends[0]);
	host_shared_close(&one);
	assert_true(host_shared_is_locked(&other, 5));
	kill_and_reap(child);
	assert_false(host_shared_is_locked(&other, 5));
	host_shared_close(&other);
	close(ends[0]);
	close(ends[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_made, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			test_maker_died, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_damaged, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			test_damaged_inside, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			test_damaged_for_many, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			test_cannot_be_used, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_look, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			test_short_read, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_lock, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			test_lock_survives_in_a_child, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
