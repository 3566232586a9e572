// SPDX-License-Identifier: ISC
/*
 * What a process behind Landlock still reaches, each try in a child of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/landlock.h"

enum { PATH_SIZE = 256 };

static char base[] = "/tmp/postern-landlock-XXXXXX";
static char open_dir[PATH_SIZE], read_dir[PATH_SIZE], shut_dir[PATH_SIZE];
static char read_file[PATH_SIZE];

static void
put(char *path, const char *dir, const char *name)
{
	snprintf(path, PATH_SIZE, "%s/%s", dir, name);
}

static void
make_file(const char *dir)
{
	char path[2 * PATH_SIZE];
	int fd;

	snprintf(path, sizeof(path), "%s/there", dir);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static int
make_folders(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(base));
	put(open_dir, base, "open");
	put(read_dir, base, "read");
	put(shut_dir, base, "shut");
	put(read_file, base, "read/there");
	assert_int_equal(mkdir(open_dir, 0700), 0);
	assert_int_equal(mkdir(read_dir, 0700), 0);
	assert_int_equal(mkdir(shut_dir, 0700), 0);
	make_file(open_dir);
	make_file(read_dir);
	make_file(shut_dir);
	return 0;
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static int
remove_folders(void **state)
{
	(void)state;
	return nftw(base, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static int
try_open(const char *dir, const char *name, int flags)
{
	char path[2 * PATH_SIZE];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, flags, 0600);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int
can_move(const char *from, const char *to)
{
	char old[2 * PATH_SIZE], new[2 * PATH_SIZE];

	snprintf(old, sizeof(old), "%s/there", from);
	snprintf(new, sizeof(new), "%s/moved", to);
	return rename(old, new) == 0 ? 0 : errno;
}

static int
can_link_unnamed(void)
{
	char path[64], new[2 * PATH_SIZE];
	int fd = open(open_dir, O_TMPFILE | O_RDWR, 0600);
	int r;

	if (fd < 0)
		return errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	snprintf(new, sizeof(new), "%s/linked", open_dir);
	r = linkat(AT_FDCWD, path, AT_FDCWD, new, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
	close(fd);
	return r;
}

static int
try_all(void)
{
	struct {
		int got;
		int want;
	} tries[] = {
		{ try_open(open_dir, "there", O_RDWR), 0 },
		{ try_open(open_dir, "new", O_RDWR | O_CREAT), 0 },
		{ try_open(open_dir, "there", O_RDWR | O_TRUNC), 0 },
		{ can_link_unnamed(), 0 },
		{ try_open(read_dir, "there", O_RDONLY), 0 },
		{ try_open(read_dir, "there", O_RDWR), EACCES },
		{ try_open(read_dir, "new", O_RDWR | O_CREAT), EACCES },
		{ try_open(shut_dir, "there", O_RDONLY), EACCES },
		{ try_open(shut_dir, ".", O_RDONLY | O_DIRECTORY), EACCES },
		{ try_open("/etc", "passwd", O_RDONLY), EACCES },
		{ can_move(shut_dir, open_dir) != 0, 1 },
		{ can_move(open_dir, shut_dir) != 0, 1 },
		{ can_move(open_dir, open_dir), 0 },
	};

	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++)
		if (tries[i].got != tries[i].want)
			return (int)i + 1;
	return 0;
}

/* The child's exit status. */
static int
behind(const struct host_landlock_rule *rules, size_t n, int (*what)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
			host_landlock_restrict(rules, n) < 0)
			_exit(100);
		_exit(what());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
test_rules(void **state)
{
	const struct host_landlock_rule rules[] = {
		{ .path = open_dir, .write = true },
		{ .path = read_dir },
		{ .path = NULL, .write = true },
		{ .path = "/nowhere/at/all", .write = true },
	};

	(void)state;
	assert_true(host_landlock_abi() >= HOST_LANDLOCK_ABI_MIN);
	assert_int_equal(behind(rules, sizeof(rules) / sizeof(rules[0]), try_all), 0);
}

static int
try_file(void)
{
	if (try_open(read_dir, "there", O_RDONLY) != 0)
		return 1;
	return try_open(shut_dir, "there", O_RDONLY) == EACCES ? 0 : 2;
}

static void
test_a_rule_for_one_file(void **state)
{
	const struct host_landlock_rule rules[] = { { .path = read_file } };

	(void)state;
	assert_int_equal(behind(rules, 1, try_file), 0);
}

static int
try_nothing(void)
{
	if (try_open(shut_dir, "there", O_RDONLY) != EACCES)
		return 1;
	return try_open("/", ".", O_RDONLY | O_DIRECTORY) == EACCES ? 0 : 2;
}

static void
test_no_rule_is_no_file(void **state)
{
	(void)state;
	assert_int_equal(behind(NULL, 0, try_nothing), 0);
}

static int
try_start(void)
{
	char name[] = "true", *const argv[] = { name, NULL };

	execv("/bin/true", argv);
	return errno == EACCES ? 0 : 1;
}

static int
try_start_and_succeed(void)
{
	char name[] = "false", *const argv[] = { name, NULL };

	execv("/bin/false", argv);
	return 0;
}

/* Reading a program's folder does not let anybody start it. */
static void
test_programs(void **state)
{
	const struct host_landlock_rule read[] = { { .path = "/" } };
	const struct host_landlock_rule start[] = { { .path = "/", .execute = true } };

	(void)state;
	assert_int_equal(behind(read, 1, try_start), 0);
	assert_int_equal(behind(start, 1, try_start_and_succeed), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_a_rule_for_one_file),
		cmocka_unit_test(test_no_rule_is_no_file),
	};

	return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
