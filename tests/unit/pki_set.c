// SPDX-License-Identifier: ISC
/*
 * Sets of files: exchanged all or none, whatever fails and whenever the process dies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pki/file.h"

static char path[64];
static int folder;

static int
folder_make(void **state)
{
	(void)state;
	strcpy(path, "/tmp/postern-set.XXXXXX");
	if (!mkdtemp(path))
		return -1;
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder < 0 ? -1 : pki_folder_make(folder, "d");
}

static int
folder_remove(void **state)
{
	static const char *const names[] = { "a", "b", "c", "d/a", "d/b", "far" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(folder, names[i], 0);
	unlinkat(folder, "d", AT_REMOVEDIR);
	close(folder);
	return rmdir(path);
}

/* Entries of the folder that begin with a dot, its own two aside. */
static int
count_hidden(void)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	int n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		n += entry->d_name[0] == '.' && strcmp(entry->d_name, ".") != 0 &&
		     strcmp(entry->d_name, "..") != 0;
	closedir(dir);
	return n;
}

static void
assert_text(const char *name, const char *text)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };

	assert_int_equal(pki_file_read(folder, name, 1000, &b), 0);
	assert_int_equal(buffer_len(&b), strlen(text));
	assert_memory_equal(buffer_data(&b), text, strlen(text));
}

static void
assert_regular(const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(st.st_nlink, 1);
}

static bool
is_there(const char *name)
{
	return faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int
put(bool replace, const char *a, const char *b, const char *d, size_t *ret_failed)
{
	const struct pki_file files[] = { { "a", a, a ? strlen(a) : 0 },
		{ "b", b, b ? strlen(b) : 0 }, { "d/a", d, d ? strlen(d) : 0 } };

	return pki_files_write(folder, files, 3, replace, ret_failed);
}

static void
test_exchange(void **state)
{
	size_t failed;

	(void)state;
	assert_int_equal(put(false, "a1", "b1", "d1", &failed), 0);
	assert_text("a", "a1");
	assert_text("b", "b1");
	assert_text("d/a", "d1");
	assert_int_equal(put(true, "a2", "b2", "d2", &failed), 0);
	assert_text("a", "a2");
	assert_text("d/a", "d2");
	assert_regular("a");
	assert_regular("b");
	assert_regular("d/a");
	assert_int_equal(count_hidden(), 0);
}

static void
test_what_goes(void **state)
{
	size_t failed;

	(void)state;
	assert_int_equal(put(false, "a1", "b1", "d1", &failed), 0);
	assert_int_equal(put(true, "a2", NULL, NULL, &failed), 0);
	assert_text("a", "a2");
	assert_false(is_there("b"));
	assert_false(is_there("d/a"));
	/* Nor is it a fault where there is nothing. */
	assert_int_equal(put(true, NULL, "b3", NULL, &failed), 0);
	assert_false(is_there("a"));
	assert_text("b", "b3");
	assert_int_equal(count_hidden(), 0);
}

static void
test_nothing_is_overwritten(void **state)
{
	size_t failed;

	(void)state;
	assert_int_equal(pki_file_write(folder, "b", "mine", 4, false), 0);
	assert_int_equal(put(false, "a1", "b1", "d1", &failed), -EEXIST);
	assert_int_equal(failed, 1);
	assert_text("b", "mine");
	assert_false(is_there("a"));
	assert_false(is_there("d/a"));
	assert_int_equal(symlinkat("nowhere", folder, "a"), 0);
	assert_int_equal(unlinkat(folder, "b", 0), 0);
	assert_int_equal(put(false, "a1", "b1", "d1", &failed), -EEXIST);
	assert_int_equal(failed, 0);
	assert_int_equal(count_hidden(), 0);
}

static void
test_faults_change_nothing(void **state)
{
	const struct pki_file missing[] = { { "a", "a2", 2 }, { "none/b", "b2", 2 } };
	const struct pki_file taken[] = { { "a", "a2", 2 }, { "d", "b2", 2 } };
	size_t failed;

	(void)state;
	assert_int_equal(put(false, "a1", "b1", "d1", &failed), 0);
	assert_int_equal(pki_files_write(folder, missing, 2, true, &failed), -ENOENT);
	assert_int_equal(failed, 1);
	assert_int_equal(pki_files_write(folder, taken, 2, true, &failed), -EISDIR);
	assert_int_equal(failed, 1);
	assert_text("a", "a1");
	assert_text("b", "b1");
	assert_regular("a");
	assert_int_equal(count_hidden(), 0);
	assert_int_equal(pki_files_write(folder, NULL, 0, true, &failed), 0);
}

/* The target of a link that somebody else has made stays as it is. */
static void
test_links(void **state)
{
	size_t failed;

	(void)state;
	assert_int_equal(pki_file_write(folder, "far", "far", 3, false), 0);
	assert_int_equal(symlinkat("far", folder, "a"), 0);
	assert_int_equal(put(true, "a1", "b1", "d1", &failed), 0);
	assert_text("far", "far");
	assert_text("a", "a1");
	assert_regular("a");
}

/* Names in a set that is left may lead anywhere; nobody follows them out. */
static void
test_a_hostile_set(void **state)
{
	static const char names[] = "../escaped\n/etc/passwd\nb\nd/../../x\n\n";

	(void)state;
	assert_int_equal(pki_file_write(folder, "b", "mine", 4, false), 0);
	assert_int_equal(pki_folder_make(folder, ".set.0123456789abcdef"), 0);
	assert_int_equal(pki_folder_make(folder, ".set.0123456789abcdef/new"), 0);
	assert_int_equal(pki_file_write(folder, ".set.0123456789abcdef/names", names,
				 sizeof(names) - 1, false),
		0);
	assert_int_equal(pki_folder_make(folder, ".set.short"), 0);
	assert_int_equal(pki_files_recover(folder), 0);
	assert_text("b", "mine");
	assert_int_equal(count_hidden(), 1);
	assert_int_equal(unlinkat(folder, ".set.short", AT_REMOVEDIR), 0);
}

/* Exchanges as fast as it can, until it is killed. */
static void
exchange_for_ever(void)
{
	size_t failed;

	for (;;) {
		if (put(true, "even", "even", "even", &failed) < 0 ||
			put(true, "odd", "odd", "odd", &failed) < 0)
			_exit(1);
	}
}

static void
sleep_at_random(unsigned *seed)
{
	struct timespec t = { .tv_nsec = rand_r(seed) % 8000000 };

	nanosleep(&t, NULL);
}

static void
assert_together(void)
{
	CLEANUP(buffer_free) struct buffer a = { 0 };
	const char *text;

	assert_int_equal(pki_file_read(folder, "a", 1000, &a), 0);
	text = buffer_string(&a);
	assert_text("b", text);
	assert_text("d/a", text);
}

static void
test_kills(void **state)
{
	unsigned seed = 1;
	size_t failed;
	int left = 0;

	(void)state;
	assert_int_equal(put(false, "odd", "odd", "odd", &failed), 0);
	for (int i = 0; i < 200; i++) {
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (pid == 0)
			exchange_for_ever();
		sleep_at_random(&seed);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		left += count_hidden() > 0;
		assert_together();
		assert_int_equal(pki_files_recover(folder), 0);
		assert_together();
		assert_regular("a");
		assert_regular("b");
		assert_regular("d/a");
		assert_int_equal(count_hidden(), 0);
	}
	assert_true(left > 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_exchange, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(
			test_what_goes, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(
			test_nothing_is_overwritten, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(
			test_faults_change_nothing, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(test_links, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(
			test_a_hostile_set, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(test_kills, folder_make, folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
