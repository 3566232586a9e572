// SPDX-License-Identifier: ISC
/*
 * Authentication-Results: the field that is written, whole; and which fields of a peer
 * may stay, for every way to spell a name, and for everything that cannot be read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "smtp/authres.h"

#define PIN   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define FIELD "Authentication-Results: "

static char FIRST[] = "447.edu", SECOND[] = "example.org";
static char *DOMAINS[] = { FIRST, SECOND };
static const struct smtp_authres_names OURS = { "mail.447.edu", DOMAINS, 2 };
static const struct smtp_authres_names ALONE = { "mail.447.edu", NULL, 0 };

static const struct {
	struct smtp_authres a;
	const char *text;
} WRITTEN[] = {
	{ { "447.edu", "SCRAM-SHA-256-PLUS", "brad@447.edu", PIN, false },
		FIELD "447.edu; auth=pass (SCRAM-SHA-256-PLUS)\n"
		      "\tsmtp.auth=brad@447.edu\n"
		      "\tpolicy.device=" PIN "\n" },
	{ { "447.edu", "classic", "brad@447.edu", NULL, false },
		FIELD "447.edu; auth=pass (classic) smtp.auth=brad@447.edu\n" },
	{ { "h", "PLAIN", "a.b-c_d=e+f@h", "ab", false },
		FIELD "h; auth=pass (PLAIN) smtp.auth=a.b-c_d=e+f@h\n"
		      "\tpolicy.device=ab\n" },
	{ { "h", "PLAIN", "a..b@h", NULL, false },
		FIELD "h; auth=pass (PLAIN) smtp.auth=\"a..b\"@h\n" },
	{ { "h", "PLAIN", "a.@h", NULL, false },
		FIELD "h; auth=pass (PLAIN) smtp.auth=\"a.\"@h\n" },
	{ { "h", "x)\r\nX: y", "b\n c@h", "\x80)", false },
		FIELD "h; auth=pass (x___X:_y) smtp.auth=b__c@h\n"
		      "\tpolicy.device=__\n" },
	{ { "h", "PLAIN", "somebody-with-a-long-name@mail.example.org", NULL, true },
		FIELD "h; auth=pass (PLAIN)\r\n"
		      "\tsmtp.auth=somebody-with-a-long-name@mail.example.org\r\n" },
};

static void
test_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(WRITTEN) / sizeof(WRITTEN[0]); i++) {
		struct buffer b = { 0 };

		assert_int_equal(smtp_authres_append(&b, &WRITTEN[i].a), 0);
		assert_string_equal(buffer_string(&b), WRITTEN[i].text);
		assert_false(smtp_authres_is_foreign(buffer_data(&b) + strlen(FIELD),
			buffer_len(&b) - strlen(FIELD),
			&(struct smtp_authres_names){ WRITTEN[i].a.hostname, NULL, 0 }));
		buffer_free(&b);
	}
}

/* What names us, however it is spelled. Each goes between a blank and "; auth=pass". */
static const char *const SPELLED[] = {
	"mail.447.edu",
	"MAIL.447.Edu",
	"mail.447.edu.",
	"\"mail.447.edu\"",
	"\"m\\ail.447\\.edu\"",
	"\n\tmail.447.edu",
	"\r\n \r\n\tmail.447.edu",
	"(comment) mail.447.edu",
	"(a (nested) one) (and another \\) \\( )mail.447.edu",
	"( ; foreign.example; )mail.447.edu(x)",
	"(\n folded)\tmail.447.edu\n 1",
	"mail.447.edu 1",
	"mail.447.edu (version) 1 (one)",
	"mail.447.edu(v)1",
};

/* What cannot be read to its end, or is no name: a reader could find anything there. */
static const char *const UNREADABLE[] = {
	"",
	";",
	"()",
	"foreign.example",
	"foreign.example mail.447.edu",
	"foreign.example mail.447.edu;",
	"foreign.example/1;",
	"foreign.example 2;",
	"foreign.example 11;",
	"foreign.example 01;",
	"foreign.example 1 1;",
	"foreign.example 1x;",
	"foreign.example = mail.447.edu;",
	"foreign.example, mail.447.edu;",
	"spf=pass (sender is foreign.example) smtp.mailfrom=x; dkim=none",
	"(never closed foreign.example;",
	"((once) foreign.example;",
	"(closed by an escape \\) foreign.example;",
	"(ends with an escape \\",
	"foreign.example (;",
	"\"foreign.example;",
	"\"foreign.example\\",
	"\"foreign.example mail.447.edu\";",
	"\"foreign.example \";",
	"\" foreign.example\";",
	"\"foreign\r\n .example\";",
	"\"\";",
	"\"a;b\";",
	"\"=?utf-8?q?mail.447.edu?=\";",
	"=?utf-8?q?mail.447.edu?=;",
	"\"foreign\"example;",
	"foreign\"example\";",
	"for\xc3\xa9ign.example;",
	"\"for\xc3\xa9ign.example\";",
	"\xef\xbc\x94\xef\xbc\x94\xef\xbc\x97.edu;",
	"foreign.example\x7f;",
	"foreign.\x01;",
	"<foreign.example>;",
	"foreign@example;",
};

static const char *const FOREIGN[] = {
	"foreign.example;",
	"foreign.example; auth=pass smtp.auth=x@mail.447.edu",
	" foreign.example ; none",
	"\n\tforeign.example;\n\tspf=pass (mail.447.edu) smtp.mailfrom=x",
	"(mail.447.edu) foreign.example;",
	"foreign.example (mail.447.edu) 1 (1);",
	"foreign.example 1;",
	"\"foreign.example\" 1;",
	"\"fo\\reign\";",
	"foreign.example.;",
	"example-auth;",
	"mail.447.edu.foreign.example;",
	"xmail.447.edux;",
	"edu;",
	".;",
};

static bool
judge(const char *text, const struct smtp_authres_names *ours)
{
	return smtp_authres_is_foreign(text, strlen(text), ours);
}

static void
test_ours_however_spelled(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(SPELLED) / sizeof(SPELLED[0]); i++) {
		char text[256];

		strcpy(text, SPELLED[i]);
		strcat(text, "; auth=pass");
		if (judge(text, &ALONE))
			fail_msg("is taken for somebody else's: %s", text);
	}
}

static void
test_unreadable(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(UNREADABLE) / sizeof(UNREADABLE[0]); i++)
		if (judge(UNREADABLE[i], &OURS))
			fail_msg("may stay: %s", UNREADABLE[i]);
	assert_false(smtp_authres_is_foreign("a\0b;", 4, &OURS));
	assert_false(smtp_authres_is_foreign("a\0;", 3, &OURS));
}

static void
test_foreign(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(FOREIGN) / sizeof(FOREIGN[0]); i++)
		if (!judge(FOREIGN[i], &OURS))
			fail_msg("may not stay: %s", FOREIGN[i]);
}

/* Cut anywhere before the ";", a field cannot be read. */
static void
test_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(FOREIGN) / sizeof(FOREIGN[0]); i++) {
		const char *end = strchr(FOREIGN[i], ';');

		for (size_t len = 0; FOREIGN[i] + len < end; len++)
			assert_false(smtp_authres_is_foreign(FOREIGN[i], len, &OURS));
		assert_true(smtp_authres_is_foreign(
			FOREIGN[i], (size_t)(end + 1 - FOREIGN[i]), &OURS));
	}
}

static void
test_domains_and_what_is_below(void **state)
{
	static const struct {
		const char *value;
		bool foreign, foreign_alone;
	} CASES[] = {
		{ "447.edu;", false, true },
		{ "447.EDU.;", false, true },
		{ "mx.447.edu;", false, true },
		{ "\"a.mx.Example.org\";", false, true },
		{ "x447.edu;", true, true },
		{ "example.org.example;", true, true },
		{ ".447.edu;", false, true },
		{ "mail.447.edu;", false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		assert_int_equal(judge(CASES[i].value, &OURS), CASES[i].foreign);
		assert_int_equal(judge(CASES[i].value, &ALONE), CASES[i].foreign_alone);
	}
}

static void
test_longest_name(void **state)
{
	char value[300];

	(void)state;
	for (size_t len = 1; len < 290; len++) {
		memset(value, 'x', len);
		value[len] = ';';
		assert_int_equal(
			smtp_authres_is_foreign(value, len + 1, &OURS), len <= 255);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_ours_however_spelled),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_domains_and_what_is_below),
		cmocka_unit_test(test_longest_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
