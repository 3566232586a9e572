// SPDX-License-Identifier: ISC
/*
 * Files read and written whole: modes, what is never overwritten, what never stays
 * behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pki/file.h"

static char path[64];
static int folder;

static int
folder_make(void **state)
{
	(void)state;
	strcpy(path, "/tmp/postern-file.XXXXXX");
	if (!mkdtemp(path))
		return -1;
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder < 0 ? -1 : 0;
}

/* What a test leaves behind is counted by that test; here it goes. */
static int
folder_remove(void **state)
{
	(void)state;
	unlinkat(folder, "a", 0);
	unlinkat(folder, "b", 0);
	unlinkat(folder, "d/a", 0);
	unlinkat(folder, "d", AT_REMOVEDIR);
	close(folder);
	return rmdir(path);
}

static int
is_no_dot(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int
count(void)
{
	struct dirent **entries;
	int n = scandir(path, &entries, is_no_dot, alphasort);

	assert_in_range(n, 0, 100);
	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
	return n;
}

static void
assert_file(const char *name, const char *text)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	struct stat st;

	assert_int_equal(pki_file_read(folder, name, 1000, &b), 0);
	assert_int_equal(buffer_len(&b), strlen(text));
	assert_memory_equal(buffer_data(&b), text, strlen(text));
	assert_int_equal(fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(st.st_nlink, 1);
}

static void
test_write(void **state)
{
	mode_t old = umask(0);

	(void)state;
	assert_int_equal(pki_file_write(folder, "a", "one", 3, false), 0);
	umask(0777);
	assert_int_equal(pki_file_write(folder, "b", "two", 3, true), 0);
	umask(old);
	assert_file("a", "one");
	assert_file("b", "two");
	assert_int_equal(pki_file_write(folder, "a", "new", 3, false), -EEXIST);
	assert_file("a", "one");
	assert_int_equal(pki_file_write(folder, "a", "newer", 5, true), 0);
	assert_file("a", "newer");
	assert_int_equal(count(), 2);
}

/* A name that is a link, even one that leads nowhere, is taken, and not followed. */
static void
test_links(void **state)
{
	(void)state;
	assert_int_equal(pki_file_write(folder, "a", "one", 3, false), 0);
	assert_int_equal(symlinkat("nowhere", folder, "b"), 0);
	assert_int_equal(pki_file_write(folder, "b", "x", 1, false), -EEXIST);
	assert_int_equal(unlinkat(folder, "b", 0), 0);
	assert_int_equal(symlinkat("a", folder, "b"), 0);
	assert_int_equal(pki_file_write(folder, "b", "two", 3, true), 0);
	assert_file("a", "one");
	assert_file("b", "two");
	assert_int_equal(count(), 2);
}

static void
test_faults_leave_nothing(void **state)
{
	(void)state;
	assert_int_equal(pki_folder_make(folder, "d"), 0);
	assert_int_equal(pki_file_write(folder, "d", "x", 1, true), -EISDIR);
	assert_int_equal(pki_file_write(folder, "d", "x", 1, false), -EEXIST);
	assert_int_equal(pki_file_write(folder, "none/a", "x", 1, false), -ENOENT);
	assert_int_equal(count(), 1);
}

static void
test_read(void **state)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	static char big[10000];

	(void)state;
	assert_int_equal(pki_file_read(folder, "a", 10, &b), -ENOENT);
	assert_int_equal(pki_file_write(folder, "a", big, sizeof(big), false), 0);
	assert_int_equal(pki_file_read(folder, "a", sizeof(big), &b), 0);
	assert_int_equal(buffer_len(&b), sizeof(big));
	assert_int_equal(pki_file_read(folder, "a", sizeof(big) - 1, &b), -EFBIG);
	assert_int_equal(mkfifoat(folder, "b", 0600), 0);
	assert_int_equal(pki_file_read(folder, "b", 10, &b), -EINVAL);
	assert_int_equal(pki_file_read(AT_FDCWD, path, 10, &b), -EINVAL);
}

static void
test_folder(void **state)
{
	struct stat st;
	mode_t old = umask(0);

	(void)state;
	assert_int_equal(pki_folder_make(folder, "d"), 0);
	umask(old);
	assert_int_equal(fstatat(folder, "d", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(pki_file_write(folder, "d/a", "x", 1, false), 0);
	assert_file("d/a", "x");
	assert_int_equal(pki_folder_make(folder, "d"), 0);
	assert_int_equal(pki_folder_make(folder, "d/a"), -ENOTDIR);
	assert_int_equal(pki_folder_make(folder, "none/d"), -ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_write, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(test_links, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(
			test_faults_leave_nothing, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(test_read, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(test_folder, folder_make, folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
