// SPDX-License-Identifier: ISC
/*
 * Typed commands and their strict forms, and what is masked of a line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/mend.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

static void
test_mend(void **state)
{
	static const char *const CASES[][2] = {
		{ "mail from brad@447.edu", "MAIL FROM:<brad@447.edu>" },
		{ "MAIL FROM:<brad@447.edu>", "MAIL FROM:<brad@447.edu>" },
		{ "  Mail From : brad@447.edu  ", "MAIL FROM:<brad@447.edu>" },
		{ "mail from <brad@447.EDU> size=10",
			"MAIL FROM:<brad@447.edu> size=10" },
		{ "mail from <>", "MAIL FROM:<>" },
		{ "mail from:<\"a b\"@447.edu>", "MAIL FROM:<\"a b\"@447.edu>" },
		{ "rcpt to ann@447.edu", "RCPT TO:<ann@447.edu>" },
		{ "rcpt  to:ann@447.edu", "RCPT TO:<ann@447.edu>" },
		{ "rcpt to:<\xc3\xb6@447.edu>", "RCPT TO:<\xc3\xb6@447.edu>" },
		/* No domain, and nothing to mend it by. */
		{ "mail from brad", "mail from brad" },
		{ "mail", "mail" },
		{ "mail from", "mail from" },
		{ "mailfrom a@b", "mailfrom a@b" },
		{ "mail frommer a@b", "mail frommer a@b" },
		{ "rcpt to a@b@@", "rcpt to a@b@@" },
		{ "helo brad@447.edu ", "HELO brad@447.edu" },
		{ "ehlo host", "EHLO host" },
		{ "auth plain AGIAYw==", "AUTH PLAIN AGIAYw==" },
		{ "quit", "QUIT" },
		{ "hello there", "hello there" },
		{ "", "" },
		{ "   ", "" },
	};

	(void)state;
	for (size_t i = 0; i < N(CASES); i++) {
		struct buffer b = { 0 };

		assert_int_equal(client_mend(&b, CASES[i][0], strlen(CASES[i][0])), 0);
		assert_non_null(buffer_string(&b));
		assert_string_equal(buffer_string(&b), CASES[i][1]);
		buffer_free(&b);
	}
}

static void
test_mask(void **state)
{
	static const struct {
		const char *line, *shown;
	} SAID[] = {
		{ "AUTH PLAIN AGIAYw==", "AUTH PLAIN " },
		{ "auth  login YnJhZA==", "auth  login " },
		{ " AUTH PLAIN x", " AUTH PLAIN " },
		{ "AUTH PLAIN", "AUTH PLAIN" },
		{ "AUTH", "AUTH" },
		{ "AUTH EXTERNAL =", "AUTH EXTERNAL =" },
		{ "XENROL abcd FOR=x", "XENROL " },
		{ "MAIL FROM:<a@b>", "MAIL FROM:<a@b>" },
		{ "", "" },
	};
	static const struct {
		const char *line, *shown;
	} HEARD[] = {
		{ "330 New username stored. Here is your password: q7wm",
			"330 New username stored. Here is your password:" },
		{ "330 secret", "330" },
		{ "250 OK: fine", "250 OK: fine" },
	};

	(void)state;
	for (size_t i = 0; i < N(SAID); i++)
		assert_int_equal(client_mask_said(SAID[i].line, strlen(SAID[i].line)),
			strlen(SAID[i].shown));
	for (size_t i = 0; i < N(HEARD); i++)
		assert_int_equal(client_mask_heard(HEARD[i].line, strlen(HEARD[i].line)),
			strlen(HEARD[i].shown));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mend),
		cmocka_unit_test(test_mask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
