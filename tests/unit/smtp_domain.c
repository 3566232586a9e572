// SPDX-License-Identifier: ISC
/*
 * Names of hosts: domain names in ASCII and beyond, and address literals of each kind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/domain.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define X10      "xxxxxxxxxx"
#define L63      X10 X10 X10 X10 X10 X10 "xxx"

static void
test_domains(void **state)
{
	static const struct {
		const char *text;
		bool ascii, utf8;
	} CASES[] = {
		{ "447.edu", true, true },
		{ "a", true, true },
		{ "1.2.3.4", true, true },
		{ "xn--bcher-kva.example", true, true },
		{ L63 ".x", true, true },
		{ L63 "x.x", false, false },
		{ "", false, false },
		{ ".", false, false },
		{ "a.", false, false },
		{ "a..b", false, false },
		{ "-a", false, false },
		{ "a-", false, false },
		{ "a_b", false, false },
		{ "a b", false, false },
		{ "b\xc3\xbc"
		  "cher.example",
			false, true },
		{ "\xd0\xbf\xd1\x80.\xd1\x80\xd1\x84", false, true },
		{ "a\xe2\x80\x8d"
		  "b",
			false, true }, /* a joiner, which some scripts need */
		{ "b\xfc"
		  "cher",
			false, false },
		{ "b\xc3", false, false },
		{ "\xc3\xbc..a", false, false },
		{ "\xc3\xbc.-a", false, false },
		{ "-\xc3\xbc", false, false },
		{ "\xc3\xbc_", false, false },
		{ "a\xe3\x80\x82"
		  "b",
			false, false },
		{ "a\xef\xbc\x8e"
		  "b",
			false, false },
		{ "a\xef\xbd\xa1"
		  "b",
			false, false },
		{ "a\xc2\xa0"
		  "b",
			false, false },
		{ "a\xc2\xad"
		  "b",
			false, false },
		{ "a\xef\xbf\xbd"
		  "b",
			false, false },
		{ "a\xf3\xa0\x81\x81", false, false },
		{ "a\xf0\x9f\xbf\xbf", false, false },
	};

	(void)state;
	for (size_t i = 0; i < N(CASES); i++) {
		const char *text = CASES[i].text;

		if (smtp_domain_is_valid(text, strlen(text)) != CASES[i].ascii ||
			smtp_domain_is_valid_utf8(text, strlen(text)) != CASES[i].utf8)
			fail_msg("%s", text);
	}
}

static void
test_length(void **state)
{
	char text[SMTP_DOMAIN_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 ? '.' : 'a';
	assert_true(smtp_domain_is_valid(text, SMTP_DOMAIN_MAX));
	assert_true(smtp_domain_is_valid_utf8(text, SMTP_DOMAIN_MAX));
	text[SMTP_DOMAIN_MAX - 1] = 'b';
	text[SMTP_DOMAIN_MAX] = 'b';
	assert_false(smtp_domain_is_valid(text, SMTP_DOMAIN_MAX + 1));
	assert_false(smtp_domain_is_valid_utf8(text, SMTP_DOMAIN_MAX + 1));
}

static void
test_literals(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} CASES[] = {
		{ "[127.0.0.1]", true },
		{ "[255.255.255.255]", true },
		{ "[0.0.0.0]", true },
		{ "[01.002.3.4]", true }, /* up to three digits, whatever they are */
		{ "[256.0.0.1]", false },
		{ "[1.2.3]", false },
		{ "[1.2.3.4.5]", false },
		{ "[1.2.3.]", false },
		{ "[.1.2.3]", false },
		{ "[1.2.3.0004]", false },
		{ "[1.2.3.4 ]", false },
		{ "[IPv6:::1]", true },
		{ "[ipv6:::]", true },
		{ "[IPv6:2001:db8::1]", true },
		{ "[IPv6:1:2:3:4:5:6:7:8]", true },
		{ "[IPv6:::ffff:1.2.3.4]", true },
		{ "[IPv6:1:2:3:4:5:6:1.2.3.4]", true },
		{ "[IPv6:1:2:3:4::1.2.3.4]", true },
		{ "[IPv6:1:2:3:4:5::1.2.3.4]", false },
		{ "[IPv6:1:2:3:4:5:6::]", true },
		{ "[IPv6:1:2:3:4:5:6:7::]", false }, /* it stands for at least two */
		{ "[IPv6:::1:2:3:4:5:6]", true },
		{ "[IPv6:1::2::3]", false },
		{ "[IPv6:1:2:3]", false },
		{ "[IPv6:1:2:3:4:5:6:7:8:9]", false },
		{ "[IPv6:12345::]", false },
		{ "[IPv6:g::]", false },
		{ "[IPv6::1]", false },
		{ "[IPv6:1:]", false },
		{ "[IPv6:::1:]", false },
		{ "[IPv6::::]", false },
		{ "[IPv6:]", false },
		{ "[IPv6:1.2.3.4]", false },
		{ "[IPv6:::1.2.3.4:5]", false },
		{ "[2001:db8::1]", true }, /* of the general form: its tag is 2001 */
		{ "[x:y]", true },
		{ "[x-1:!^~]", true },
		{ "[x:a@b]", false }, /* these mean something elsewhere */
		{ "[x:<]", false },
		{ "[x:(y)]", false },
		{ "[x-:y]", false },
		{ "[x:]", false },
		{ "[:y]", false },
		{ "[x:y z]", false },
		{ "[x:[]", false },
		{ "[x:\\]", false },
		{ "[x_y:z]", false },
		{ "[x:\x7f]", false },
		{ "[x:\xc3\xbc]", false },
		{ "[]", false },
		{ "[", false },
		{ "", false },
		{ "127.0.0.1", false },
		{ "[127.0.0.1", false },
		{ "127.0.0.1]", false },
	};

	(void)state;
	for (size_t i = 0; i < N(CASES); i++)
		if (smtp_literal_is_valid(CASES[i].text, strlen(CASES[i].text)) !=
			CASES[i].valid)
			fail_msg("%s", CASES[i].text);
}

/* Whether the C library's reader agrees, but for a "::" that stands for one group alone.
 */
static void
test_ipv6_beside_inet_pton(void **state)
{
	static const char *const PIECES[] = { "", ":", "::", "1", "f", "beef", "1.2.3.4",
		":1", "2:" };
	uint64_t seed = 1;
	unsigned valid = 0;

	(void)state;
	for (int i = 0; i < 400000; i++) {
		char text[128] = "[IPv6:";
		struct in6_addr unused;
		bool ours, theirs;
		unsigned colons = 0;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		for (unsigned n = 0; n < 4 + (seed >> 60); n++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			strcat(text, PIECES[(seed >> 33) % N(PIECES)]);
		}
		theirs = inet_pton(AF_INET6, text + 6, &unused) == 1;
		for (const char *c = text + 6; *c; c++)
			colons += *c == ':';
		strcat(text, "]");
		ours = smtp_literal_is_valid(text, strlen(text));
		valid += ours;
		if (ours && !theirs)
			fail_msg("%s is none", text);
		if (theirs && !ours && colons < 7 && !strchr(text, '.'))
			fail_msg("%s is one", text);
	}
	assert_true(valid > 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_literals),
		cmocka_unit_test(test_ipv6_beside_inet_pton),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
