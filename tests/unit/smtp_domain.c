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
			false, false }, /* a joiner: there are A-labels */
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

struct range {
	uint32_t from, to;
};

/* Unicode's Default_Ignorable_Code_Point and, beyond ASCII, White_Space; and others that
 * show nothing. */
static const struct range NOT_SEEN[] = { { 0xad, 0xad }, { 0x34f, 0x34f },
	{ 0x61c, 0x61c }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f },
	{ 0x200b, 0x200f }, { 0x202a, 0x202e }, { 0x2060, 0x206f }, { 0x3164, 0x3164 },
	{ 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfff8 },
	{ 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff }, { 0x80, 0xa0 },
	{ 0x1680, 0x1680 }, { 0x2000, 0x200a }, { 0x2028, 0x2029 }, { 0x202f, 0x202f },
	{ 0x205f, 0x205f }, { 0x2800, 0x2800 }, { 0x3000, 0x3000 }, { 0xfdd0, 0xfdef },
	{ 0xfff9, 0xffff }, { 0x13430, 0x13442 }, { 0x16fe4, 0x16fe4 },
	{ 0x1d159, 0x1d159 } };

static bool
is_seen(uint32_t c)
{
	for (size_t i = 0; i < sizeof(NOT_SEEN) / sizeof(NOT_SEEN[0]); i++)
		if (c >= NOT_SEEN[i].from && c <= NOT_SEEN[i].to)
			return false;
	return (c & 0xffff) < 0xfffe;
}

static void
test_characters(void **state)
{
	/* At the edges of what is refused, and of many scripts. */
	static const uint32_t SEEN[] = { 0xa1, 0xac, 0xae, 0xfc, 0x34e, 0x350, 0x3b1,
		0x430, 0x5d0, 0x61b, 0x627, 0x915, 0x94d, 0xe01, 0x115e, 0x1161, 0x17b3,
		0x17b6, 0x180a, 0x1810, 0x2010, 0x2027, 0x2030, 0x2070, 0x27ff, 0x2801,
		0x2fff, 0x3001, 0x3042, 0x3163, 0x3165, 0x4e00, 0xac00, 0xfdcf, 0xfdf0,
		0xfdff, 0xfe10, 0xff21, 0xff9f, 0xffa1, 0x1d158, 0x1f511, 0x20000,
		0xdfffd, 0xe1000 };

	(void)state;
	for (size_t i = 0; i < sizeof(SEEN) / sizeof(SEEN[0]); i++)
		assert_true(smtp_name_may_hold(SEEN[i]));
	for (uint32_t c = 0x80; c < 0x110000; c++)
		if (smtp_name_may_hold(c) != is_seen(c))
			fail_msg("U+%04X", c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_literals),
		cmocka_unit_test(test_ipv6_beside_inet_pton),
		cmocka_unit_test(test_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
