// SPDX-License-Identifier: ISC
/*
 * How far a dialogue has come, the hints for it, and the endings of what is half typed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/stage.h"

static void
say(struct client_stage *s, const char *line, unsigned code, enum client_stage_name want)
{
	client_stage_said(s, line, strlen(line));
	client_stage_heard(s, code);
	if (s->name != want)
		fail_msg("%s, %u: %d", line, code, s->name);
}

static void
test_course(void **state)
{
	struct client_stage s = { 0 };

	(void)state;
	say(&s, "help", 214, CLIENT_STAGE_CONNECTED);
	say(&s, "rset", 250, CLIENT_STAGE_CONNECTED);
	say(&s, "hello there", 500, CLIENT_STAGE_CONNECTED);
	say(&s, "helo x", 250, CLIENT_STAGE_GREETED);
	say(&s, "mail from:<a@b>", 530, CLIENT_STAGE_GREETED);
	say(&s, "auth", 334, CLIENT_STAGE_GREETED);
	client_stage_heard(&s, 334);
	client_stage_heard(&s, 535);
	assert_int_equal(s.name, CLIENT_STAGE_GREETED);
	client_stage_said(&s, "AUTH PLAIN x", 12);
	client_stage_heard(&s, 235);
	assert_int_equal(s.name, CLIENT_STAGE_LOGGED_IN);
	say(&s, "data", 503, CLIENT_STAGE_LOGGED_IN);
	say(&s, "MAIL FROM:<a@b>", 250, CLIENT_STAGE_SENDER);
	say(&s, "RCPT TO:<c@d>", 550, CLIENT_STAGE_SENDER);
	say(&s, "rcpt to c@d", 250, CLIENT_STAGE_RECIPIENT);
	say(&s, "RCPT TO:<e@f>", 251, CLIENT_STAGE_RECIPIENT);
	assert_int_equal(s.recipients, 2);
	say(&s, "data", 354, CLIENT_STAGE_RECIPIENT);
	client_stage_heard(&s, 250);
	assert_int_equal(s.name, CLIENT_STAGE_LOGGED_IN);
	assert_int_equal(s.recipients, 0);
	say(&s, "MAIL FROM:<a@b>", 250, CLIENT_STAGE_SENDER);
	say(&s, "RSET", 250, CLIENT_STAGE_LOGGED_IN);
	say(&s, "EHLO x", 250, CLIENT_STAGE_LOGGED_IN);
	say(&s, "averylongwordthatisnoverb", 500, CLIENT_STAGE_LOGGED_IN);
	say(&s, "", 500, CLIENT_STAGE_LOGGED_IN);
}

static void
test_hints(void **state)
{
	static const struct {
		enum client_stage_name stage;
		const char *line, *hint;
	} CASES[] = {
		{ CLIENT_STAGE_CONNECTED, "", "EHLO host, HELP, QUIT" },
		{ CLIENT_STAGE_CONNECTED, "eh", "EHLO host, HELP, QUIT" },
		{ CLIENT_STAGE_CONNECTED, "ehlo", "EHLO host" },
		{ CLIENT_STAGE_GREETED, "", "AUTH, HELP, QUIT" },
		{ CLIENT_STAGE_LOGGED_IN, "", "MAIL FROM:<address>, QUIT" },
		{ CLIENT_STAGE_LOGGED_IN, "mail from",
			"MAIL FROM:<address> [SIZE=bytes]" },
		{ CLIENT_STAGE_SENDER, "", "RCPT TO:<address>, RSET" },
		{ CLIENT_STAGE_RECIPIENT, "", "RCPT TO:<address>, DATA, RSET" },
		{ CLIENT_STAGE_RECIPIENT, "mailer", "RCPT TO:<address>, DATA, RSET" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		struct client_stage s = { .name = CASES[i].stage };

		assert_string_equal(
			client_stage_hint(&s, CASES[i].line, strlen(CASES[i].line)),
			CASES[i].hint);
	}
}

static void
test_endings(void **state)
{
	static const struct {
		enum client_stage_name stage;
		const char *line, *endings; /* joined by "|" */
		size_t typed, common;
	} CASES[] = {
		{ CLIENT_STAGE_CONNECTED, "", "EHLO |HELO |NOOP|HELP|QUIT", 0, 0 },
		{ CLIENT_STAGE_CONNECTED, "h", "HELO |HELP", 1, 3 },
		{ CLIENT_STAGE_CONNECTED, "e", "EHLO ", 1, 5 },
		{ CLIENT_STAGE_CONNECTED, "ehlo", "EHLO ", 4, 5 },
		/* Not now, but it is a verb. */
		{ CLIENT_STAGE_CONNECTED, "da", "DATA", 2, 4 },
		{ CLIENT_STAGE_LOGGED_IN, "m", "MAIL FROM:<", 1, 11 },
		{ CLIENT_STAGE_LOGGED_IN, "mail", "MAIL FROM:<", 4, 11 },
		{ CLIENT_STAGE_LOGGED_IN, "mail fr", "MAIL FROM:<", 7, 11 },
		{ CLIENT_STAGE_LOGGED_IN, "mail from", "MAIL FROM:<", 9, 11 },
		{ CLIENT_STAGE_LOGGED_IN, "MAIL FROM:<",
			"ann@447.edu>|bob@447.edu>|Anna@x.y>", 0, 0 },
		{ CLIENT_STAGE_LOGGED_IN, "mail from a", "ann@447.edu|Anna@x.y", 1, 3 },
		{ CLIENT_STAGE_SENDER, "r", "RCPT TO:<|RSET", 1, 1 },
		{ CLIENT_STAGE_SENDER, "rcpt to:<bo", "bob@447.edu>", 2, 12 },
		{ CLIENT_STAGE_SENDER, "rcpt to:<zed", "", 3, 0 },
		{ CLIENT_STAGE_GREETED, "auth ", "EXTERNAL =|LOGIN|PLAIN", 0, 0 },
		{ CLIENT_STAGE_GREETED, "auth p", "PLAIN", 1, 5 },
		{ CLIENT_STAGE_CONNECTED, "helo b", "bob@447.edu", 1, 11 },
		{ CLIENT_STAGE_CONNECTED, "quit now", "", 0, 0 },
		{ CLIENT_STAGE_CONNECTED, "zzz", "", 3, 0 },
	};
	static char ann[] = "ann@447.edu", bob[] = "bob@447.edu", anna[] = "Anna@x.y";
	char *names[] = { ann, bob, anna };
	struct client_addresses known = { .items = names, .n = 3 };

	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		struct client_stage s = { .name = CASES[i].stage };
		struct client_endings e;
		char joined[400] = "";

		assert_int_equal(client_stage_endings(&s, CASES[i].line,
					 strlen(CASES[i].line), &known, &e),
			0);
		for (size_t k = 0; k < e.n; k++) {
			strcat(joined, k > 0 ? "|" : "");
			strcat(joined, e.items[k]);
		}
		if (strcmp(joined, CASES[i].endings) != 0)
			fail_msg("\"%s\": %s", CASES[i].line, joined);
		assert_int_equal(e.typed, CASES[i].typed);
		assert_int_equal(client_endings_common(&e), CASES[i].common);
		client_endings_clear(&e);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_course),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_endings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
