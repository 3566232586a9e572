// SPDX-License-Identifier: ISC
/*
 * The table of replies: every one in both voices is a line that RFC 5321 section 4.2 and
 * RFC 2034 section 4 allow, whatever stands for its argument.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "smtp/reply.h"

enum { REPLY_LINE_MAX = 512 };

/* These have no enhanced code: the greeting and its answer, and intermediate replies. */
static bool
is_without_code(enum smtp_reply reply)
{
	return reply == SMTP_REPLY_BANNER || reply == SMTP_REPLY_HELLO ||
	       reply == SMTP_REPLY_DATA || reply == SMTP_REPLY_AUTH_CHALLENGE ||
	       reply == SMTP_REPLY_AUTH_ENROLLED;
}

static void
check_reply(enum smtp_reply reply, bool modern, const char *argument)
{
	unsigned first, subject, detail;
	struct buffer b = { 0 };
	const char *line;
	size_t len;

	assert_int_equal(smtp_reply_append(&b, modern, reply, argument), 0);
	line = buffer_string(&b);
	len = strlen(line);
	assert_true(len >= 6 && len <= REPLY_LINE_MAX);
	assert_string_equal(line + len - 2, "\r\n");
	assert_true(line[0] >= '2' && line[0] <= '5' && line[3] == ' ');
	for (size_t i = 0; i < len - 2; i++)
		assert_true(line[i] >= ' ' && line[i] <= '~');
	if (modern && !is_without_code(reply)) {
		assert_int_equal(
			sscanf(line + 4, "%u.%u.%u ", &first, &subject, &detail), 3);
		assert_int_equal(first, line[0] - '0');
	}
	buffer_free(&b);
}

static void
test_every_reply(void **state)
{
	static const char *const ARGUMENTS[] = { NULL, "", "447.edu", "%s%n%",
		"gr\xc3\xbc@b\xc3\xbc.example", "\r\n250 OK\t\x7f\xff\x80" };
	char longest[255];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	for (unsigned i = SMTP_REPLY_NONE + 1; i < SMTP_REPLIES; i++)
		for (int modern = 0; modern < 2; modern++) {
			enum smtp_reply reply = (enum smtp_reply)i;

			for (size_t a = 0; a < sizeof(ARGUMENTS) / sizeof(*ARGUMENTS);
				a++)
				check_reply(reply, modern, ARGUMENTS[a]);
			check_reply(reply, modern, longest);
		}
}

static void
test_arguments_are_ascii(void **state)
{
	struct buffer b = { 0 };

	(void)state;
	smtp_reply_append(&b, true, SMTP_REPLY_RECIPIENT_OK,
		"gr\xc3\xbc\xe4\xb8\xad\xf0\x9f\x93\xa7@b");
	assert_string_equal(buffer_string(&b), "250 2.1.5 <gr???@b> recipient OK\r\n");
	buffer_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_reply),
		cmocka_unit_test(test_arguments_are_ascii),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
