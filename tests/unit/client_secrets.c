// SPDX-License-Identifier: ISC
/*
 * Files of secrets: which entry is found for whom.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/secret.h"
#include "client/secrets.h"

static const char file[] = "# of mine\n"
			   "machine mail.example.org login brad password one\n"
			   "machine mail.example.org\n"
			   "\tlogin ann@447.edu\n"
			   "\taccount x password \"two words \\\"\\\\\"\n"
			   "# machine other.example login x password hidden\n"
			   "macdef init\n"
			   "machine other.example login x password in-a-macro\n"
			   "\n"
			   "machine any.example password three\n"
			   "machine MAIL.two.example password a#b login zed\n"
			   "default login carl password four";

static const struct {
	const char *text, *host, *user;
	int result;
	const char *login, *password;
} cases[] = {
	{ file, "mail.example.org", "brad", 1, "brad", "one" },
	{ file, "MAIL.example.org", "Brad@447.edu", 1, "brad", "one" },
	{ file, "mail.example.org", "ann@447.edu", 1, "ann@447.edu", "two words \"\\" },
	{ file, "mail.example.org", "ann", 1, "ann@447.edu", "two words \"\\" },
	{ file, "mail.example.org", NULL, 1, "brad", "one" },
	{ file, "any.example", "whoever", 1, NULL, "three" },
	{ file, "mail.two.example", "zed", 1, "zed", "a#b" },
	{ file, "elsewhere.example", "carl", 1, "carl", "four" },
	{ file, "other.example", "x", 0, NULL, NULL },
	{ file, "mail.example.org", "zed", 0, NULL, NULL },
	{ "", "a", "b", 0, NULL, NULL },
	{ "#", "a", "b", 0, NULL, NULL },
	{ "machine a login b", "a", "b", 0, NULL, NULL },
	{ "machine a login b password c", "a", "b", 1, "b", "c" },
	{ "machine a password \"\"", "a", "b", 1, NULL, "" },
	{ "machine", "a", "b", -EINVAL, NULL, NULL },
	{ "machine a login", "a", "b", -EINVAL, NULL, NULL },
	{ "machine a port 25", "a", "b", -EINVAL, NULL, NULL },
	{ "hello", "a", "b", -EINVAL, NULL, NULL },
	{ "machine a password \"open", "a", "b", -EINVAL, NULL, NULL },
	{ "machine a password \"open\\", "a", "b", -EINVAL, NULL, NULL },
};

static void
check_text(const char *got, const char *want)
{
	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
}

static void
test_find(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t len = strlen(cases[i].text);
		char *copy = malloc(len + 1);
		char *login = NULL, *password = NULL;
		int r;

		/* No byte behind it: a sanitizer sees who reads on. */
		memcpy(copy, cases[i].text, len);
		r = client_secrets_find(
			copy, len, cases[i].host, cases[i].user, &login, &password);
		free(copy);
		if (r != cases[i].result)
			fail_msg("%zu: %d", i, r);
		check_text(login, cases[i].login);
		check_text(password, cases[i].password);
		free(login);
		secret_free(password);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
