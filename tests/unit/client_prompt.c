// SPDX-License-Identifier: ISC
/*
 * What the classic AUTH asks for and tells.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/secret.h"
#include "client/password.h"
#include "client/prompt.h"

static const struct {
	const char *text;
	enum client_prompt prompt;
} prompts[] = {
	{ "dXNlcm5hbWU=", CLIENT_PROMPT_USER },     /* username */
	{ "VXNlcm5hbWU6", CLIENT_PROMPT_USER },     /* Username: */
	{ "VXNlciBOYW1lAA==", CLIENT_PROMPT_USER }, /* User Name, NUL */
	{ "cGFzc3dvcmQ=", CLIENT_PROMPT_PASSWORD }, /* password */
	{ "UGFzc3dvcmQ6", CLIENT_PROMPT_PASSWORD }, /* Password: */
	{ "", CLIENT_PROMPT_OTHER },
	{ "cGFz", CLIENT_PROMPT_OTHER }, /* pas */
	{ "password", CLIENT_PROMPT_OTHER },
	{ "dXNlcm5hbWU", CLIENT_PROMPT_OTHER },
	{ "not base64", CLIENT_PROMPT_OTHER },
};

static void
test_prompts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof prompts / sizeof *prompts; i++)
		assert_int_equal(
			client_prompt_read(prompts[i].text, strlen(prompts[i].text)),
			prompts[i].prompt);
}

static const struct {
	const char *text;
	const char *password; /* NULL: none */
} told[] = {
	{ "New username stored. Here is your password: q7wm-8xkd", "q7wm-8xkd" },
	{ ": x", "x" },
	{ "password: a:b", "a:b" },
	{ "password:", NULL },
	{ "password: ", NULL },
	{ "password", NULL },
	{ "", NULL },
	{ " ", NULL },
	{ "no password here", NULL },
	{ "password: two words", NULL },
	{ "password: t\x1bwo", NULL },
	{ "password: \xc3\xb6", NULL },
};

static void
test_told(void **state)
{
	char long_one[300];

	(void)state;
	for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
		char *password = client_prompt_told(told[i].text, strlen(told[i].text));

		if (!told[i].password)
			assert_null(password);
		else
			assert_string_equal(password, told[i].password);
		secret_free(password);
	}
	memset(long_one, 'x', sizeof long_one);
	memcpy(long_one, ": ", 2);
	assert_null(client_prompt_told(long_one, sizeof long_one));
}

static void
test_same_user(void **state)
{
	(void)state;
	assert_true(client_password_same_user("brad", "Brad"));
	assert_true(client_password_same_user("brad@447.edu", "BRAD@447.EDU"));
	assert_true(client_password_same_user("brad", "brad@447.edu"));
	assert_true(client_password_same_user("brad@447.edu", "brad"));
	assert_false(client_password_same_user("brad@447.edu", "brad@448.edu"));
	assert_false(client_password_same_user("brad", "bra"));
	assert_false(client_password_same_user("bra@447.edu", "brad"));
	assert_false(client_password_same_user("", "brad"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prompts),
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_same_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
