// SPDX-License-Identifier: ISC
/*
 * Messages on a real file system: what is in the Maildirs afterwards, with an unnamed
 * draft and with a named one, and that a failure at any point leaves nothing.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "config/file.h"
#include "spool/draft.h"
#include "spool/message.h"
#include "spool/private.h"
#include "spool_fixture.h"

enum { STATUS_SKIPPED = 77, CHILD_LOST = 99 };

static void
check_delivery(bool named)
{
	static const char text[] = "Subject: x\n\nhello\n";
	struct spool_message *m = open_message(named);
	const char *suffix = ",S=18";

	assert_int_equal(spool_message_write(m, text, 5), 0);
	assert_int_equal(spool_message_write(m, text, 0), 0);
	assert_int_equal(spool_message_write(m, text + 5, strlen(text) - 5), 0);
	assert_int_equal(deliver(m, "a@x", "..@x", "a@x"), 0);
	assert_int_equal(deliver(m, "b@x", NULL, NULL), -EINVAL);
	spool_message_free(m);
	assert_int_equal(count(""), 2);
	assert_int_equal(count("x/a/new"), 1);
	assert_content(found.last, text, strlen(text));
	assert_string_equal(found.last + strlen(found.last) - strlen(suffix), suffix);
	assert_int_equal(found.st.st_mode, S_IFREG | 0600);
	assert_int_equal(found.st.st_nlink, 2);
	assert_int_equal(count("x/%2E./new"), 1);
	assert_int_equal(found.st.st_nlink, 2);
	assert_mode("x", S_IFDIR | 0700);
	assert_mode("x/a", S_IFDIR | 0700);
	assert_mode("x/a/tmp", S_IFDIR | 0700);
	assert_mode("x/a/cur", S_IFDIR | 0700);
}

static void
test_delivery(void **state)
{
	(void)state;
	check_delivery(false);
	assert_int_equal(access(in_root(".tmp"), F_OK), -1);
}

static void
test_delivery_named(void **state)
{
	(void)state;
	check_delivery(true);
	assert_mode(".tmp", S_IFDIR | 0700);
}

/* An unnamed draft gets its names the one way or the other, and never takes one that is
 * somebody else's. */
static void
test_unnamed_draft(void **state)
{
	int dir = open(root, O_RDONLY | O_DIRECTORY);

	(void)state;
	for (int by_proc = 0; by_proc < 2; by_proc++) {
		struct spool_draft d = SPOOL_DRAFT_NONE;

		assert_int_equal(spool_draft_open(dir, &d), 0);
		d.by_proc = by_proc;
		assert_int_equal(spool_draft_write(&d, "abc", 3), 0);
		assert_int_equal(count(""), 0);
		assert_int_equal(spool_draft_link(&d, dir, "one"), 0);
		assert_int_equal(spool_draft_link(&d, dir, "two"), 0);
		assert_int_equal(spool_draft_link(&d, dir, "one"), -EEXIST);
		spool_draft_close(&d);
		assert_int_equal(count(""), 2);
		assert_content(in_root("one"), "abc", 3);
		assert_int_equal(unlink(in_root("one")), 0);
		assert_int_equal(unlink(in_root("two")), 0);
	}
	close(dir);
}

/* A second message finds the folders of the first. */
static void
test_again(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct spool_message *m = open_message(i == 1);

		assert_int_equal(deliver(m, "a@x", "b@y", NULL), 0);
		spool_message_free(m);
	}
	assert_int_equal(count("x/a/new"), 3);
	assert_int_equal(count("y/b/new"), 3);
	assert_int_equal(count(""), 6);
}

/* Sizes around the gathering buffer, in writes of every kind. */
static void
test_sizes(void **state)
{
	static const size_t lens[] = { 0, 1, 65535, 65536, 65537, 200000 };
	static const size_t steps[] = { 1, 1000, 65536, 70000, 200000 };
	static char text[200000];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 23);
	for (size_t l = 0; l < sizeof(lens) / sizeof(lens[0]); l++)
		for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
			struct spool_message *m = open_message(false);

			for (size_t at = 0; at < lens[l]; at += steps[s]) {
				size_t n = lens[l] - at;

				if (n > steps[s])
					n = steps[s];
				assert_int_equal(spool_message_write(m, text + at, n), 0);
			}
			assert_int_equal(deliver(m, "a@x", NULL, NULL), 0);
			spool_message_free(m);
			assert_int_equal(count("x/a/new"), 1);
			assert_content(found.last, text, lens[l]);
			unlink(found.last);
		}
}

/* As it was sent, and its name says so. */
static void
test_binary(void **state)
{
	static const char text[] = "a\r\nb\nc\rd\0\xff.\r\n";

	(void)state;
	for (int named = 0; named < 2; named++) {
		struct spool_message *m = open_message(named);

		spool_message_set_binary(m);
		assert_int_equal(spool_message_write(m, text, sizeof(text) - 1), 0);
		assert_int_equal(deliver(m, "a@x", NULL, NULL), 0);
		spool_message_free(m);
		assert_int_equal(count("x/a/new"), 1);
		assert_content(found.last, text, sizeof(text) - 1);
		assert_string_equal(found.last + strlen(found.last) - 4, ":2,B");
		assert_int_equal(unlink(found.last), 0);
	}
}

static void
test_discard(void **state)
{
	static const char text[100000];

	(void)state;
	for (int named = 0; named < 2; named++) {
		struct spool_message *m = open_message(named);

		assert_int_equal(spool_message_write(m, text, sizeof(text)), 0);
		spool_message_free(m);
		assert_int_equal(count(""), 0);
	}
	spool_message_free(NULL);
}

/* What is wrong with a recipient is found before anything is made. */
static void
test_bad_recipients(void **state)
{
	char longest[400];

	(void)state;
	memset(longest, '/', sizeof(longest));
	strcpy(longest + 90, "@x");
	for (int i = 0; i < 3; i++) {
		const char *bad = i == 0 ? longest : i == 1 ? "nodomain" : "@x";
		struct spool_message *m = open_message(false);

		assert_int_equal(
			deliver(m, "a@x", bad, NULL), i == 0 ? -ENAMETOOLONG : -EINVAL);
		spool_message_free(m);
		assert_int_equal(rmdir(root), 0);
		assert_int_equal(mkdir(root, 0700), 0);
	}
}

static void
test_bad_opening(void **state)
{
	struct spool_message *m = NULL;

	(void)state;
	assert_int_equal(spool_message_open(root, "../x", &m), -EINVAL);
	assert_int_equal(spool_message_open(root, "", &m), -EINVAL);
	assert_int_equal(spool_message_open(in_root("none"), "a", &m), -ENOENT);
	assert_null(m);
}

/* The last of three recipients cannot be served: the others get nothing either. */
static void
test_obstacles(void **state)
{
	static const char *const obstacles[] = { "x", "x/c", "x/c/new" };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (int link = 0; link < 2; link++) {
			struct spool_message *m = open_message(false);
			int fd;

			mkdir(in_root("x"), 0700);
			mkdir(in_root("x/c"), 0700);
			rmdir(in_root(obstacles[i]));
			rmdir(in_root("x/c"));
			if (i == 0)
				rmdir(in_root("x"));
			if (i == 2)
				mkdir(in_root("x/c"), 0700);
			if (link) {
				assert_int_equal(symlink("/", in_root(obstacles[i])), 0);
			} else {
				fd = open(
					in_root(obstacles[i]), O_CREAT | O_WRONLY, 0600);
				assert_true(fd >= 0);
				close(fd);
			}
			assert_true(deliver(m, "a@y", "b@y", "c@x") < 0);
			spool_message_free(m);
			assert_int_equal(count("y"), 0);
			assert_int_equal(unlink(in_root(obstacles[i])), 0);
		}
}

static int
wait_for(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : CHILD_LOST;
}

static void
kill_in_the_middle(bool named)
{
	static const char text[100000];
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		struct spool_message *m;

		if (spool_message_open_as(root, "id2", named, &m) < 0 ||
			spool_message_write(m, text, sizeof(text)) < 0 ||
			write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	kill(pid, SIGKILL);
	assert_int_equal(wait_for(pid), CHILD_LOST);
	close(ready[0]);
	close(ready[1]);
}

static void
test_killed(void **state)
{
	(void)state;
	kill_in_the_middle(false);
	assert_int_equal(count(""), 0);
}

/* A named draft stays when its process is killed, until it is old and another is made. */
static void
test_killed_named(void **state)
{
	struct timespec old[2] = { 0 };

	(void)state;
	kill_in_the_middle(true);
	assert_int_equal(count(""), 1);
	spool_message_free(open_message(true));
	assert_int_equal(count(""), 1);
	old[0].tv_sec = old[1].tv_sec = time(NULL) - 35 * 3600;
	assert_int_equal(utimensat(AT_FDCWD, found.last, old, 0), 0);
	spool_message_free(open_message(true));
	assert_int_equal(count(""), 1);
	old[0].tv_sec = old[1].tv_sec = time(NULL) - 37 * 3600;
	assert_int_equal(utimensat(AT_FDCWD, found.last, old, 0), 0);
	spool_message_free(open_message(true));
	assert_int_equal(count(""), 0);
}

static int
deliver_many(int process)
{
	for (int i = 0; i < 25; i++) {
		struct spool_message *m;
		char id[32], text[64];
		int r;

		snprintf(id, sizeof(id), "p%di%d", process, i);
		snprintf(text, sizeof(text), "process %d message %d\n", process, i);
		if (spool_message_open_as(root, id, process % 2, &m) < 0)
			return 1;
		r = spool_message_write(m, text, strlen(text));
		if (r == 0)
			r = deliver(m, "a@x", i % 2 ? "b@x" : NULL, NULL);
		spool_message_free(m);
		if (r < 0)
			return 1;
	}
	return 0;
}

/* Processes that race to make the same folders and fill them. */
static void
test_many_processes(void **state)
{
	pid_t pids[8];

	(void)state;
	for (int i = 0; i < 8; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(deliver_many(i));
	}
	for (int i = 0; i < 8; i++)
		assert_int_equal(wait_for(pids[i]), 0);
	assert_int_equal(count("x/a/new"), 200);
	assert_int_equal(count("x/b/new"), 96);
	assert_int_equal(count(""), 296);
}

/* Runs f in a child with a mount namespace of its own, which needs root. */
static void
in_own_mounts(int (*f)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0 ||
			mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			_exit(STATUS_SKIPPED);
		_exit(f());
	}
	status = wait_for(pid);
	if (status == STATUS_SKIPPED)
		skip();
	assert_int_equal(status, 0);
}

static int
small_tmpfs(const char *path)
{
	return mount("tmpfs", path, "tmpfs", 0, "size=64k,mode=700");
}

/* Fills the file system while writing, or at the end of it. */
static int
full_disk(void)
{
	static const char text[100000];

	if (small_tmpfs(root) < 0)
		return STATUS_SKIPPED;
	for (int named = 0; named < 2; named++) {
		struct spool_message *m;

		if (spool_message_open_as(root, "id3", named, &m) < 0)
			return 1;
		if (spool_message_write(m, text, sizeof(text)) != -ENOSPC ||
			spool_message_write(m, text, 1) != -ENOSPC ||
			deliver(m, "a@x", NULL, NULL) != -ENOSPC)
			return 2;
		spool_message_free(m);
		if (count("") != 0)
			return 3;
		if (spool_message_open_as(root, "id3", named, &m) < 0 ||
			spool_message_write(m, text, 60000) < 0)
			return 4;
		if (deliver(m, "a@x", NULL, NULL) != 0)
			return 5;
		spool_message_free(m);
		if (count("") != 1 || unlink(found.last) < 0)
			return 6;
	}
	return 0;
}

static void
test_full_disk(void **state)
{
	(void)state;
	in_own_mounts(full_disk);
}

/* One recipient's folder is on another file system, which then is full: the name that the
 * other recipient had got by then is taken back. */
static int
other_file_system(void)
{
	static const char text[40000];

	mkdir(in_root("x"), 0700);
	mkdir(in_root("x/far"), 0700);
	if (small_tmpfs(in_root("x/far")) < 0)
		return STATUS_SKIPPED;
	for (int named = 0; named < 2; named++) {
		struct spool_message *m;
		int expected = named ? -ENOSPC : 0;

		if (spool_message_open_as(root, "id4", named, &m) < 0 ||
			spool_message_write(m, text, sizeof(text)) < 0)
			return 1;
		if (deliver(m, "near@x", "far@x", NULL) != expected)
			return 2;
		spool_message_free(m);
		if (count("x/near/new") != 1)
			return 3;
		if (count("x/far/new") != 1 || found.st.st_size != sizeof(text) ||
			found.st.st_nlink != 1)
			return 4;
		if (count("") != 2)
			return 5;
	}
	return 0;
}

static void
test_other_file_system(void **state)
{
	(void)state;
	in_own_mounts(other_file_system);
}

/* A copy on another file system whose draft has a name as well. */
static int
other_file_system_named(void)
{
	struct spool_message *m;

	mkdir(in_root("x"), 0700);
	mkdir(in_root("x/far"), 0700);
	if (small_tmpfs(in_root("x/far")) < 0)
		return STATUS_SKIPPED;
	if (spool_message_open_as(root, "id5", true, &m) < 0 ||
		spool_message_write(m, "abc\n", 4) < 0 ||
		deliver(m, "far@x", "near@x", NULL) != 0)
		return 1;
	spool_message_free(m);
	return count("x/near/new") == 1 && count("x/far/new") == 1 && count("") == 2 ? 0
										     : 2;
}

static void
test_other_file_system_named(void **state)
{
	(void)state;
	in_own_mounts(other_file_system_named);
}

/* Without /proc an unnamed draft might never get a name: a named one is taken by itself.
 */
static int
no_proc(void)
{
	struct spool_message *m;

	if (mount("tmpfs", "/proc", "tmpfs", 0, "size=64k") < 0)
		return STATUS_SKIPPED;
	if (spool_message_open(root, "id6", &m) < 0 || count(".tmp") != 1 ||
		deliver(m, "a@x", NULL, NULL) != 0)
		return 1;
	spool_message_free(m);
	return count("x/a/new") == 1 && count("") == 1 ? 0 : 2;
}

static void
test_no_proc(void **state)
{
	(void)state;
	in_own_mounts(no_proc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOT(test_delivery),
		IN_ROOT(test_delivery_named),
		IN_ROOT(test_unnamed_draft),
		IN_ROOT(test_again),
		IN_ROOT(test_sizes),
		IN_ROOT(test_binary),
		IN_ROOT(test_discard),
		IN_ROOT(test_bad_recipients),
		IN_ROOT(test_bad_opening),
		IN_ROOT(test_obstacles),
		IN_ROOT(test_killed),
		IN_ROOT(test_killed_named),
		IN_ROOT(test_many_processes),
		IN_ROOT(test_full_disk),
		IN_ROOT(test_other_file_system),
		IN_ROOT(test_other_file_system_named),
		IN_ROOT(test_no_proc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
