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

static void
test_8bit(void **state)
{
	static const char *const CASES[] = { ":<gr\xc3\xbc@b>", ":<a@b\xc3\xbc>",
		":<\"\xff\"@b>", " gr\xc3\xbc", ":<a@b>\x80" };
	struct smtp_path path;

	(void)state;
	for (size_t i = 0; i < N(CASES); i++)
		assert_int_equal(smtp_path_parse(CASES[i], strlen(CASES[i]),
					 SMTP_PATH_REVERSE, true, "b", &path),
			-EILSEQ);
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
		{ "BODY=8BITMIMES", -EINVAL, 0 },
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
		int r = smtp_parameters_of_mail(CASES[i].text, len, &p);

		if (r != CASES[i].r)
			fail_msg("%s gives %d", CASES[i].text, r);
		assert_int_equal(p.size, CASES[i].size);
	}
	assert_int_equal(smtp_parameters_of_rcpt("", 0), 0);
	assert_int_equal(smtp_parameters_of_rcpt("SIZE=1", 6), -ENOTSUP);
	assert_int_equal(smtp_parameters_of_rcpt("=", 1), -EINVAL);
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
		cmocka_unit_test(test_8bit),
		cmocka_unit_test(test_control_bytes),
		cmocka_unit_test(test_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
