// SPDX-License-Identifier: ISC
/*
 * Folder names after addresses that nobody vouches for, and file names.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "spool/name.h"

static const struct {
	const char *text;
	const char *folder;
} FOLDERS[] = {
	{ "brad", "brad" },
	{ "BRAD", "brad" },
	{ "a.b+c=d_e-f0", "a.b+c=d_e-f0" },
	{ ".", "%2E" },
	{ "..", "%2E." },
	{ ".hidden", "%2Ehidden" },
	{ "-rf", "%2Drf" },
	{ "../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd" },
	{ "a/b", "a%2Fb" },
	{ "a b\n", "a%20b%0A" },
	{ "a%2fb", "a%252fb" },
	{ "m\xc3\xbcller", "m%C3%BCller" },
	{ "\xff\x01~", "%FF%01%7E" },
	{ "$(x);'\"", "%24%28x%29%3B%27%22" },
};

static void
test_folder(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(FOLDERS) / sizeof(FOLDERS[0]); i++) {
		char name[SPOOL_NAME_SIZE];

		assert_int_equal(
			spool_name_folder(FOLDERS[i].text, strlen(FOLDERS[i].text), name),
			0);
		assert_string_equal(name, FOLDERS[i].folder);
	}
}

/* Every single byte, first and second, makes a name that is none of the special ones. */
static void
test_folder_bytes(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		const char text[] = { (char)c, (char)c };
		char name[SPOOL_NAME_SIZE];

		assert_int_equal(spool_name_folder(text, 2, name), 0);
		assert_true(name[0] != '.' && name[0] != '-');
		assert_null(strchr(name, '/'));
		assert_int_equal(
			strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF._+=-%"),
			strlen(name));
	}
}

static void
test_folder_length(void **state)
{
	char text[300], name[SPOOL_NAME_SIZE];

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(spool_name_folder(text, 255, name), 0);
	assert_int_equal(strlen(name), 255);
	assert_int_equal(spool_name_folder(text, 256, name), -ENAMETOOLONG);
	memset(text, '/', sizeof(text));
	assert_int_equal(spool_name_folder(text, 85, name), 0);
	assert_int_equal(strlen(name), 255);
	assert_int_equal(spool_name_folder(text, 86, name), -ENAMETOOLONG);
	/* One byte of room is enough for a plain one and for nothing else. */
	memset(text, 'a', sizeof(text));
	text[253] = '/';
	assert_int_equal(spool_name_folder(text, 254, name), -ENAMETOOLONG);
	text[252] = '/';
	text[253] = 'a';
	assert_int_equal(spool_name_folder(text, 253, name), 0);
	assert_int_equal(spool_name_folder(text, 254, name), -ENAMETOOLONG);
	assert_int_equal(spool_name_folder(text, 0, name), -EINVAL);
}

static void
test_address(void **state)
{
	char domain[SPOOL_NAME_SIZE], local[SPOOL_NAME_SIZE];

	(void)state;
	assert_int_equal(spool_name_address("Brad@447.EDU", domain, local), 0);
	assert_string_equal(domain, "447.edu");
	assert_string_equal(local, "brad");
	assert_int_equal(spool_name_address("a@b@c", domain, local), 0);
	assert_string_equal(domain, "c");
	assert_string_equal(local, "a%40b");
	assert_int_equal(spool_name_address("brad", domain, local), -EINVAL);
	assert_int_equal(spool_name_address("@x", domain, local), -EINVAL);
	assert_int_equal(spool_name_address("x@", domain, local), -EINVAL);
	assert_int_equal(spool_name_address("", domain, local), -EINVAL);
}

static void
test_id(void **state)
{
	char id[70];

	(void)state;
	memset(id, 'x', sizeof(id));
	id[64] = '\0';
	assert_true(spool_name_is_id(id));
	id[64] = 'x';
	id[65] = '\0';
	assert_false(spool_name_is_id(id));
	assert_true(spool_name_is_id("4a5B"));
	assert_false(spool_name_is_id(""));
	assert_false(spool_name_is_id("a/b"));
	assert_false(spool_name_is_id("a.b"));
	assert_false(spool_name_is_id("a:2,S"));
}

static void
test_file(void **state)
{
	char name[SPOOL_NAME_SIZE], pattern[128];
	regex_t re;

	(void)state;
	snprintf(pattern, sizeof(pattern),
		"^[0-9]{10,}\\.M[0-9]{6}P%ldQabc9\\.[A-Za-z0-9.-]+,S=1234(:2,B)?$",
		(long)getpid());
	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	spool_name_file("abc9", 1234, "", name);
	assert_int_equal(regexec(&re, name, 0, NULL, 0), 0);
	assert_null(strchr(name, ':'));
	spool_name_file("abc9", 1234, "B", name);
	assert_int_equal(regexec(&re, name, 0, NULL, 0), 0);
	assert_string_equal(strchr(name, ':'), ":2,B");
	regfree(&re);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_folder),
		cmocka_unit_test(test_folder_bytes),
		cmocka_unit_test(test_folder_length),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_id),
		cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
