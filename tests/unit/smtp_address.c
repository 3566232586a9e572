// SPDX-License-Identifier: ISC
/*
 * Paths in both forms, and parameters: what each is read as, or that it is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "smtp/address.h"
#include "smtp/parameters.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define X10      "xxxxxxxxxx"
#define X60      X10 X10 X10 X10 X10 X10
#define L63      X60 "xxx"

struct path_case {
	const char *text;
	const char *address; /* NULL: refused with -EINVAL */
	const char *rest;
};

static const struct path_case STRICT[] = {
	{ ":<a@b>", "a@b", "" },
	{ ":<a@b> SIZE=1  X", "a@b", "SIZE=1  X" },
	{ ":<a@b>\t", "a@b", "" },
	{ ":<>", "", "" },
	{ ":<A.b+c@X.Example>", "A.b+c@x.example", "" },
	{ ":<!#$%&'*+-/=?^_`{|}~@b>", "!#$%&'*+-/=?^_`{|}~@b", "" },
	{ ":<-a@b>", "-a@b", "" },
	{ ":<\"a\"@b>", "a@b", "" },
	{ ":<\"a.b\"@b>", "a.b@b", "" },
	{ ":<\"\\a\"@b>", "a@b", "" },
	{ ":<\"a b\"@b>", "\"a b\"@b", "" },
	{ ":<\"a@c\"@b>", "\"a@c\"@b", "" },
	{ ":<\"a>\"@b>", "\"a>\"@b", "" },
	{ ":<\"\\\"\\\\\"@b>", "\"\\\"\\\\\"@b", "" },
	{ ":<\"..\"@b>", "\"..\"@b", "" },
	{ ":<\"\"@b>", "\"\"@b", "" },
	{ ":<@c:a@b>", "a@b", "" },
	{ ":<@c.d,@[1.2.3.4]:a@b>", "a@b", "" },
	{ ":<a@[127.0.0.1]>", "a@[127.0.0.1]", "" },
	{ ":<a@[IPv6:::1]>", "a@[ipv6:::1]", "" },
	{ ":<a@[x-y:b.c]>", "a@[x-y:b.c]", "" },
	{ ":<a@1.2.3.4>", "a@1.2.3.4", "" },
	{ ":<" X60 "xxxx@b>", X60 "xxxx@b", "" },
	{ ":<a@" L63 ".b>", "a@" L63 ".b", "" },
	{ "", NULL, NULL },
	{ ":", NULL, NULL },
	{ ":<", NULL, NULL },
	{ "<a@b>", NULL, NULL },
	{ ": <a@b>", NULL, NULL },
	{ " :<a@b>", NULL, NULL },
	{ ":a@b", NULL, NULL },
	{ ":<a@b", NULL, NULL },
	{ ":<a@b>x", NULL, NULL },
	{ ":<a@b>>", NULL, NULL },
	{ ":<<a@b>>", NULL, NULL },
	{ ":<a>", NULL, NULL },
	{ ":<postmaster>", NULL, NULL },
	{ ":<@b>", NULL, NULL },
	{ ":<a@>", NULL, NULL },
	{ ":<a@b@c>", NULL, NULL },
	{ ":<a b@c>", NULL, NULL },
	{ ":<a@b c>", NULL, NULL },
	{ ":< a@b>", NULL, NULL },
	{ ":<.a@b>", NULL, NULL },
	{ ":<a.@b>", NULL, NULL },
	{ ":<a..b@c>", NULL, NULL },
	{ ":<a@.b>", NULL, NULL },
	{ ":<a@b.>", NULL, NULL },
	{ ":<a@b..c>", NULL, NULL },
	{ ":<a@-b>", NULL, NULL },
	{ ":<a@b->", NULL, NULL },
	{ ":<a@b_c>", NULL, NULL },
	{ ":<a@b/../c>", NULL, NULL },
	{ ":<a@[>", NULL, NULL },
	{ ":<a@[]>", NULL, NULL },
	{ ":<a@[1 2]>", NULL, NULL },
	{ ":<a@[1[2]>", NULL, NULL },
	{ ":<a@[1>", NULL, NULL },
	{ ":<a@[1@2]>", NULL, NULL },
	{ ":<a@[1.2.3]>", NULL, NULL },
	{ ":<a@[x:a@b]>", NULL, NULL },
	{ ":<a@[IPv6:1.2.3.4]>", NULL, NULL },
	{ ":<a@[1>2]>", NULL, NULL },
	{ ":<\"a@b>", NULL, NULL },
	{ ":<\"a\"b@c>", NULL, NULL },
	{ ":<\"a\\\"@b>", NULL, NULL },
	{ ":<\"a\tb\"@c>", NULL, NULL },
	{ ":<@c>", NULL, NULL },
	{ ":<@c:>", NULL, NULL },
	{ ":<@c,:a@b>", NULL, NULL },
	{ ":<@:a@b>", NULL, NULL },
	{ ":<a,b@c>", NULL, NULL },
	{ ":<a;b@c>", NULL, NULL },
	{ ":<" X60 "xxxxx@b>", NULL, NULL },
	{ ":<\"" X60 "xxx\"@b>", NULL, NULL },
	{ ":<a@" L63 "x.b>", NULL, NULL },
};

static const struct path_case LOOSE[] = {
	{ " a@b", "a@b", "" },
	{ ":a@b", "a@b", "" },
	{ ": a@b", "a@b", "" },
	{ " : a@b", "a@b", "" },
	{ ":<a@b>", "a@b", "" },
	{ " <a@b>", "a@b", "" },
	{ "<a@b>", "a@b", "" },
	{ " < a@b>", NULL, NULL },
	{ " a", "a@home.example", "" },
	{ ":<a>", "a@home.example", "" },
	{ " \"a b\"", "\"a b\"@home.example", "" },
	{ " a@b at home", "a@b", "at home" },
	{ ":<>", "", "" },
	{ "", NULL, NULL },
	{ " ", NULL, NULL },
	{ ":", NULL, NULL },
	{ "a@b", NULL, NULL },
	{ " a@b>", NULL, NULL },
	{ " <a@b", NULL, NULL },
	{ " a@", NULL, NULL },
	{ " @b", NULL, NULL },
	{ " ::a@b", NULL, NULL },
};

static void
check_path(const struct path_case *c, enum smtp_path_kind kind, bool loose)
{
	struct smtp_path path;
	int r = smtp_path_parse(
		c->text, strlen(c->text), kind, loose, "home.example", &path);

	if (r != (c->address ? 0 : -EINVAL))
		fail_msg("%s gives %d", c->text, r);
	if (!c->address)
		return;
	assert_string_equal(path.address, c->address);
	assert_int_equal(path.rest_len, strlen(c->rest));
	assert_memory_equal(path.rest, c->rest, path.rest_len);
	if (*c->address)
		assert_string_equal(
			smtp_path_domain(&path), strrchr(path.address, '@') + 1);
	else
		assert_string_equal(smtp_path_domain(&path), "");
}

static void
test_strict(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(STRICT); i++)
		check_path(&STRICT[i], SMTP_PATH_REVERSE, false);
}

static void
test_loose(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(LOOSE); i++)
		check_path(&LOOSE[i], SMTP_PATH_REVERSE, true);
}

static void
test_forward(void **state)
{
	static const struct path_case CASES[] = {
		{ ":<>", NULL, NULL },
		{ ":<postmaster>", "postmaster@home.example", "" },
		{ ":<PostMaster> X", "PostMaster@home.example", "X" },
		{ ":<\"postmaster\">", "postmaster@home.example", "" },
		{ ":<postmaster@>", NULL, NULL },
		{ ":<someone>", NULL, NULL },
		{ ":<@a:postmaster>", "postmaster@home.example", "" },
	};

	(void)state;
	for (size_t i = 0; i < N(CASES); i++)
		check_path(&CASES[i], SMTP_PATH_FORWARD, false);
}

static void
test_typed(void **state)
{
	static const struct {
		const char *text, *typed;
	} CASES[] = {
		{ ":<Brad@447.EDU>", "Brad@447.EDU" },
		{ ":<\"a\"@B>", "\"a\"@B" },
		{ ":<@c:A@b>", "A@b" },
		{ ":<>", "" },
		{ " Name", "Name" },
	};
	struct smtp_path path;

	(void)state;
	for (size_t i = 0; i < N(CASES); i++) {
		assert_int_equal(smtp_path_parse(CASES[i].text, strlen(CASES[i].text),
					 SMTP_PATH_REVERSE, true, "b", &path),
			0);
		assert_string_equal(path.typed, CASES[i].typed);
	}
}

/* An address of n bytes: labels of x, and "a@" in front. */
static int
parse_long(size_t n, struct smtp_path *path)
{
	char text[600] = ":<a@";
	size_t at = 4;

	for (size_t i = 2; i < n; i++)
		text[at++] = (n - i) % 60 == 0 ? '.' : 'x';
	text[at++] = '>';
	return smtp_path_parse(text, at, SMTP_PATH_REVERSE, false, "b", path);
}

static void
test_length(void **state)
{
	struct smtp_path path;

	(void)state;
	assert_int_equal(parse_long(SMTP_ADDRESS_MAX, &path), 0);
	assert_int_equal(strlen(path.address), SMTP_ADDRESS_MAX);
	assert_int_equal(parse_long(SMTP_ADDRESS_MAX + 1, &path), -EINVAL);
	assert_int_equal(parse_long(500, &path), -EINVAL);
}

/* It is the length as sent that counts, not what is left without quotes. */
static void
test_length_as_sent(void **state)
{
	char text[400] = ":<\"";
	struct smtp_path path;
	size_t at = 3;

	(void)state;
	for (int i = 0; i < 31; i++, at += 2)
		memcpy(text + at, "\\a", 2);
	memcpy(text + at, "\"@", 2);
	at += 2;
	for (int i = 1; i <= 189; i++)
		text[at++] = i % 60 == 0 ? '.' : 'x';
	text[at] = '>';
	assert_int_equal(
		smtp_path_parse(text, at + 1, SMTP_PATH_REVERSE, false, "b", &path), 0);
	assert_int_equal(strlen(path.typed), SMTP_ADDRESS_MAX);
	assert_int_equal(strlen(path.address), SMTP_ADDRESS_MAX - 64 + 31);
	text[at] = 'x';
	text[at + 1] = '>';
	assert_int_equal(
		smtp_path_parse(text, at + 2, SMTP_PATH_REVERSE, false, "b", &path),
		-EINVAL);
}

/* RFC 6531 section 3.3. NULL: refused. */
static const struct path_case UTF8[] = {
	{ ":<gr\xc3\xbc@b>", "gr\xc3\xbc@b", "" },
	{ ":<\xe7\x94\xa8\xe6\x88\xb7@\xe4\xbe\x8b.\xe5\xad\x90>",
		"\xe7\x94\xa8\xe6\x88\xb7@\xe4\xbe\x8b.\xe5\xad\x90", "" },
	{ ":<a@B\xc3\xbc"
	  "cher.Example> X",
		"a@b\xc3\xbc"
		"cher.example",
		"X" },
	{ ":<\"\xc3\xbc x\"@b>", "\"\xc3\xbc x\"@b", "" },
	{ ":<\"\xc3\xbc\"@b>", "\xc3\xbc@b", "" },
	{ ":<\xf0\x9f\x93\xa7@b>", "\xf0\x9f\x93\xa7@b", "" },
	{ ":<@\xc3\xbc:a@b>", "a@b", "" },
	{ " gr\xc3\xbc", "gr\xc3\xbc@home.example", "" },
	{ ":<gr\xfc@b>", NULL, NULL },
	{ ":<gr\xc3@b>", NULL, NULL },
	{ ":<\xc0\xae\xc0\xae@b>", NULL, NULL },
	{ ":<\xed\xa0\x80@b>", NULL, NULL },
	{ ":<\xf4\x90\x80\x80@b>", NULL, NULL },
	{ ":<a@\xfc>", NULL, NULL },
	{ ":<a@b.\xc3>", NULL, NULL },
	{ ":<a@b\xe3\x80\x82"
	  "c>",
		NULL, NULL }, /* a full stop that is no dot */
	{ ":<a@-\xc3\xbc>", NULL, NULL },
	{ ":<a@\xc3\xbc->", NULL, NULL },
	{ ":<a@[\xc3\xbc]>", NULL, NULL },
	{ ":<\"\\\xc3\xbc\"@b>", NULL, NULL },
	{ ":<a\xc2\x85"
	  "b@b>",
		NULL, NULL }, /* a control */
	{ ":<a\xe2\x80\xae"
	  "b@b>",
		NULL, NULL }, /* right to left from here */
	{ ":<a\xe2\x80\x8b"
	  "b@b>",
		NULL, NULL }, /* a blank without width */
	{ ":<\"a\xe2\x80\xa8"
	  "b\"@b>",
		NULL, NULL }, /* an end of a line */
	{ ":<a@b>\xc3\xbc", NULL, NULL },
	{ ":<a@b>\x80", NULL, NULL },
};

static void
test_utf8(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(UTF8); i++) {
		bool loose = UTF8[i].text[0] == ' ';
		struct smtp_path path;

		check_path(&UTF8[i], SMTP_PATH_REVERSE, loose);
		if (!UTF8[i].address)
			continue;
		smtp_path_parse(UTF8[i].text, strlen(UTF8[i].text), SMTP_PATH_REVERSE,
			loose, "b", &path);
		assert_true(path.utf8);
	}
	for (size_t i = 0; i < N(STRICT); i++) {
		struct smtp_path path = { .utf8 = false };

		smtp_path_parse(STRICT[i].text, strlen(STRICT[i].text), SMTP_PATH_REVERSE,
			false, "b", &path);
		assert_false(path.utf8);
	}
}

/* Bytes are counted, not characters. */
static void
test_utf8_length(void **state)
{
	char text[80] = ":<";
	struct smtp_path path;

	(void)state;
	for (int i = 0; i < 32; i++)
		strcat(text, "\xc3\xbc");
	strcat(text, "@b>");
	assert_int_equal(
		smtp_path_parse(text, strlen(text), SMTP_PATH_REVERSE, false, "b", &path),
		0);
	assert_int_equal(path.domain_at, SMTP_LOCAL_PART_MAX + 1);
	strcpy(text + strlen(text) - 3, "a@b>");
	assert_int_equal(
		smtp_path_parse(text, strlen(text), SMTP_PATH_REVERSE, false, "b", &path),
		-EINVAL);
}

static void
test_another_spelling(void **state)
{
	static const char TEXT[] = ":<a@b\xc3\xbc.c>";
	char longest[SMTP_ADDRESS_MAX + 2];
	struct smtp_path path;

	(void)state;
	assert_int_equal(
		smtp_path_parse(TEXT, strlen(TEXT), SMTP_PATH_REVERSE, false, "b", &path),
		0);
	assert_int_equal(smtp_path_set_domain(&path, "xn--b-tia.c"), 0);
	assert_string_equal(path.address, "a@xn--b-tia.c");
	assert_string_equal(smtp_path_domain(&path), "xn--b-tia.c");
	assert_string_equal(path.typed, "a@b\xc3\xbc.c");
	memset(longest, 'x', sizeof(longest));
	longest[SMTP_ADDRESS_MAX - 2] = '\0';
	assert_int_equal(smtp_path_set_domain(&path, longest), 0);
	assert_int_equal(strlen(path.address), SMTP_ADDRESS_MAX);
	longest[SMTP_ADDRESS_MAX - 2] = 'x';
	longest[SMTP_ADDRESS_MAX - 1] = '\0';
	assert_int_equal(smtp_path_set_domain(&path, longest), -EINVAL);
}

/* What is never an address, whatever stands around it. */
static void
test_control_bytes(void **state)
{
	(void)state;
	for (int loose = 0; loose < 2; loose++)
		for (int c = 0; c < 0x80; c++) {
			char text[] = ":<\"a_b\"@c>", atom[] = ":<a_b@c>";
			bool quotable = c >= ' ' && c <= '~' && c != '"';
			bool fine = c > ' ' && c <= '~' && !strchr("()<>[]:;@,\"\\", c);
			struct smtp_path path;
			int r;

			text[4] = atom[3] = (char)c;
			r = smtp_path_parse(text, sizeof(text) - 1, SMTP_PATH_REVERSE,
				loose, "b", &path);
			assert_int_equal(r, quotable ? 0 : -EINVAL);
			r = smtp_path_parse(atom, sizeof(atom) - 1, SMTP_PATH_REVERSE,
				loose, "b", &path);
			assert_int_equal(r, fine ? 0 : -EINVAL);
		}
}

static void
test_parameters(void **state)
{
	static const struct {
		const char *text;
		int r;
		uint64_t size;
	} CASES[] = {
		{ "", 0, 0 },
		{ "SIZE=0", 0, 0 },
		{ "size=007", 0, 7 },
		{ "SIZE=18446744073709551615", 0, UINT64_MAX },
		{ "SIZE=99999999999999999999", 0, UINT64_MAX },
		{ "BODY=7BIT \t SIZE=3", 0, 3 },
		{ "AUTH=a+40b+3D SIZE=3 body=8bitmime", 0, 3 },
		{ "SIZE=999999999999999999999", -EINVAL, 0 },
		{ "SIZE=+1", -EINVAL, 0 },
		{ "SIZE=0x1", -EINVAL, 0 },
		{ "SIZE=1 size=1", -EINVAL, 0 },
		{ "BODY=BINARYMIME SIZE=5", 0, 5 },
		{ "SMTPUTF8 SIZE=6 BODY=8BITMIME AUTH=<>", 0, 6 },
		{ "smtputf8", 0, 0 },
		{ "SMTPUTF8 SMTPUTF8", -EINVAL, 0 },
		{ "SMTPUTF8=", -EINVAL, 0 },
		{ "SMTPUTF8=1", -EINVAL, 0 },
		{ "BODY=BINARYMIME BODY=7BIT", -EINVAL, 0 },
		{ "BODY=8BITMIMES", -EINVAL, 0 },
		{ "BODY=BINARY", -EINVAL, 0 },
		{ "AUTH", -EINVAL, 0 },
		{ "AUTH=a+4g", -EINVAL, 0 },
		{ "AUTH=a+3d", -EINVAL, 0 },
		{ "AUTH=a+", -EINVAL, 0 },
		{ "_X=1", -EINVAL, 0 },
		{ "X=", -EINVAL, 0 },
		{ "X=a=b", -EINVAL, 0 },
		{ "X=\x01", -EINVAL, 0 },
		{ "X=\xff", -EINVAL, 0 },
		{ "X", -ENOTSUP, 0 },
		{ "SIZES=1", -ENOTSUP, 0 },
		{ "X=1 SIZE=x", -ENOTSUP, 0 },
		{ "SIZE=x X=1", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < N(CASES); i++) {
		struct smtp_parameters p = { .size = 0 };
		size_t len = strlen(CASES[i].text);
		int r = smtp_parameters_of_mail(CASES[i].text, len, true, &p);

		if (r != CASES[i].r)
			fail_msg("%s gives %d", CASES[i].text, r);
		assert_int_equal(p.size, CASES[i].size);
	}
	assert_int_equal(smtp_parameters_of_rcpt("", 0), 0);
	assert_int_equal(smtp_parameters_of_rcpt("SIZE=1", 6), -ENOTSUP);
	assert_int_equal(smtp_parameters_of_rcpt("=", 1), -EINVAL);
}

static void
test_what_is_read_of_parameters(void **state)
{
	static const char TEXT[] = "BODY=binarymime SMTPUTF8 AUTH=<>";
	struct smtp_parameters p;

	(void)state;
	assert_int_equal(smtp_parameters_of_mail(TEXT, strlen(TEXT), true, &p), 0);
	assert_int_equal(p.body, SMTP_BODY_BINARY);
	assert_true(p.utf8 && p.has_auth && p.has_body && !p.has_size);
	assert_int_equal(smtp_parameters_of_mail("BODY=8BITMIME", 13, true, &p), 0);
	assert_int_equal(p.body, SMTP_BODY_TEXT);
	assert_false(p.utf8);
	/* What HELO has not offered. */
	assert_int_equal(smtp_parameters_of_mail("BODY=8BITMIME", 13, false, &p), 0);
	assert_int_equal(
		smtp_parameters_of_mail("BODY=BINARYMIME", 15, false, &p), -ENOTSUP);
	assert_int_equal(smtp_parameters_of_mail("SMTPUTF8", 8, false, &p), -ENOTSUP);
}

static void
test_parameter_of_vrfy(void **state)
{
	static const struct {
		const char *text, *left;
	} CASES[] = {
		{ "brad SMTPUTF8", "brad" },
		{ "a b \t smtputf8", "a b" },
		{ "SMTPUTF8", NULL },
		{ "bradSMTPUTF8", NULL },
		{ "brad SMTPUTF8X", NULL },
		{ "brad", NULL },
		{ "", NULL },
		{ " SMTPUTF8", NULL },
	};

	(void)state;
	for (size_t i = 0; i < N(CASES); i++) {
		size_t len = strlen(CASES[i].text);
		bool found = smtp_parameter_of_vrfy(CASES[i].text, &len);

		assert_int_equal(found, CASES[i].left != NULL);
		assert_int_equal(
			len, strlen(CASES[i].left ? CASES[i].left : CASES[i].text));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strict),
		cmocka_unit_test(test_loose),
		cmocka_unit_test(test_forward),
		cmocka_unit_test(test_typed),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_length_as_sent),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_utf8_length),
		cmocka_unit_test(test_another_spelling),
		cmocka_unit_test(test_control_bytes),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_what_is_read_of_parameters),
		cmocka_unit_test(test_parameter_of_vrfy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
