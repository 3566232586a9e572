// SPDX-License-Identifier: ISC
/*
 * Which names may become part of a certificate and of a path.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "keys/name.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
test_names(void **state)
{
	static const char *const good[] = { "a", "brad", "Brad", "7", "_a", "a-b", "a_b",
		"a.b", "a+b=c", "brad@447.edu", "brad@localhost", "a-@x-y.z", "a@1a" };
	static const char *const bad[] = { "", ".", "..", "-", "-a", ".a", "+a", "=a",
		"a.", "a..b", "a/b", "/", "../a", "a\\b", "a b", "a\n", "a\x7f",
		"a\xc3\xa4", "a'b", "a\"b", "a`b", "a$b", "a;b", "a|b", "a&b", "a*b",
		"a?b", "a~", "a:b", "a,b", "a<b", "@", "@a", "a@", "a@@b", "a@b@c",
		"a@.b", "a@b.", "a@b..c", "a@-b", "a@b-", "a@b/c", "a@..", "a@b_c",
		"a@1.2.3.4", "a@[1.2.3.4]", "a@7", ".@b", "a.@b" };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		if (keys_name_fault(good[i]))
			fail_msg("refused: %s", good[i]);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (!keys_name_fault(bad[i]))
			fail_msg("accepted: %s", bad[i]);
	}
}

static void
test_name_length(void **state)
{
	char name[KEYS_NAME_MAX + 2];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[KEYS_NAME_MAX + 1] = '\0';
	assert_non_null(keys_name_fault(name));
	name[KEYS_NAME_MAX] = '\0';
	assert_null(keys_name_fault(name));
}

static void
test_hosts(void **state)
{
	static const char *const good[] = { "localhost", "mail.example.org", "a-b.c",
		"x1", "1x", "447.edu", "127.0.0.1", "::1", "2001:db8::25",
		"::ffff:127.0.0.1" };
	static const char *const bad[] = { "", ".", "a.", ".a", "a..b", "-a", "a-", "a_b",
		"a b", "*.a", "a/b", "1", "1.2.3", "256.1.1.1", "1.2.3.4.5", "127.1", ":",
		"::g", "[::1]", "::1%lo", "a:25", "a\n", "\xc3\xa4" };
	char label[66];

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		if (keys_host_fault(good[i]))
			fail_msg("refused: %s", good[i]);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (!keys_host_fault(bad[i]))
			fail_msg("accepted: %s", bad[i]);
	}
	memset(label, 'a', sizeof(label));
	label[64] = '\0';
	assert_non_null(keys_host_fault(label));
	label[63] = '\0';
	assert_null(keys_host_fault(label));
}

/* RFC 1035: 253 characters in all. */
static void
test_host_length(void **state)
{
	char host[256];

	(void)state;
	for (size_t i = 0; i < sizeof(host); i++)
		host[i] = i % 50 == 49 ? '.' : 'a';
	host[254] = '\0';
	assert_non_null(keys_host_fault(host));
	host[253] = '\0';
	assert_null(keys_host_fault(host));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_name_length),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_host_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
