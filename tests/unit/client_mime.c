// SPDX-License-Identifier: ISC
/*
 * Pieces of MIME, byte for byte; and what no piece may ever have, over many inputs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/mime.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

static void
check(struct buffer *b, const char *want)
{
	const char *got = buffer_string(b);

	assert_non_null(got);
	if (strcmp(got, want) != 0)
		fail_msg("got:\n%s\nwant:\n%s", got, want);
	buffer_free(b);
}

static void
test_text(void **state)
{
	static const struct {
		const char *text, *want;
	} CASES[] = {
		{ "Report", "Subject: Report\n" },
		{ "", "Subject: \n" },
		{ "It is a long subject that does not fit on the first line, so there "
		  "are two",
			"Subject: It is a long subject that does not fit on the first "
			"line, so there\n are two\n" },
		{ "Gr\xc3\xbc\xc3\x9f"
		  "e",
			"Subject: =?UTF-8?B?R3LDvMOfZQ==?=\n" },
		/* Looks like an encoded-word, so it becomes one. */
		{ "=?UTF-8?Q?x?=", "Subject: =?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?=\n" },
		/* No way to begin another field. */
		{ "a\nBcc: b", "Subject: =?UTF-8?B?YSBCY2M6IGI=?=\n" },
		{ "two  blanks", "Subject: =?UTF-8?B?dHdvICBibGFua3M=?=\n" },
		{ " first", "Subject: =?UTF-8?B?IGZpcnN0?=\n" },
		{ "last ", "Subject: =?UTF-8?B?bGFzdCA=?=\n" },
		/* Characters are not cut in two: 19 of two bytes, then what is left. */
		{ "\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6"
		  "\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6"
		  "\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6",
			"Subject: "
			"=?UTF-8?B?w7bDtsO2w7bDtsO2w7bDtsO2w7bDtsO2w7bDtsO2w7bDtsO2w7Y=?="
			"\n =?UTF-8?B?w7bDtg==?=\n" },
	};

	(void)state;
	for (size_t i = 0; i < N(CASES); i++) {
		struct buffer b = { 0 };

		assert_int_equal(client_mime_put_text(&b, "Subject", CASES[i].text), 0);
		check(&b, CASES[i].want);
	}
}

static void
test_parameter(void **state)
{
	static const struct {
		const char *value, *want;
	} CASES[] = {
		{ "a.pdf", ";\n filename=\"a.pdf\"" },
		{ "a \"b\" \\c", ";\n filename=\"a \\\"b\\\" \\\\c\"" },
		{ "", ";\n filename=\"\"" },
		{ "\xc3\xb6.txt", ";\n filename*0*=UTF-8''%C3%B6.txt" },
		{ "a\nb", ";\n filename*0*=UTF-8''a_b" },
		{ "x (1)'%.txt\xc3\xb6",
			";\n filename*0*=UTF-8''x%20%281%29%27%25.txt%C3%B6" },
		{ "123456789012345678901234567890123456789012345678901234567890",
			";\n "
			"filename*0*=UTF-8''"
			"12345678901234567890123456789012345678901234567890"
			";\n filename*1*=1234567890" },
		/* A byte as %HH is not cut in two, wherever the part ends. */
		{ "1234567890123456789012345678901234567890123456789 1234",
			";\n "
			"filename*0*=UTF-8''"
			"1234567890123456789012345678901234567890123456789"
			";\n filename*1*=%201234" },
		{ "123456789012345678901234567890123456789012345678 12345",
			";\n "
			"filename*0*=UTF-8''"
			"123456789012345678901234567890123456789012345678"
			";\n filename*1*=%2012345" },
		{ "12345678901234567890123456789012345678901234567 123456",
			";\n "
			"filename*0*=UTF-8''"
			"12345678901234567890123456789012345678901234567%20"
			";\n filename*1*=123456" },
	};

	(void)state;
	for (size_t i = 0; i < N(CASES); i++) {
		struct buffer b = { 0 };

		assert_int_equal(
			client_mime_put_parameter(&b, "filename", CASES[i].value), 0);
		check(&b, CASES[i].want);
	}
}

static void
test_base64(void **state)
{
	char data[CLIENT_MIME_BASE64_LINE + 1];
	struct buffer b = { 0 };

	(void)state;
	assert_int_equal(client_mime_put_base64(&b, "", 0), 0);
	assert_int_equal(buffer_len(&b), 0);
	memset(data, 'a', sizeof data);
	assert_int_equal(client_mime_put_base64(&b, data, CLIENT_MIME_BASE64_LINE), 0);
	assert_int_equal(client_mime_put_base64(&b, data, sizeof data), 0);
	check(&b,
		"YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWF"
		"hYWFh\n"
		"YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWF"
		"hYWFh\n"
		"YQ==\n");
}

static void
test_quoted(void **state)
{
	static const struct {
		const char *text, *want;
	} CASES[] = {
		{ "a=b\n", "a=3Db\n" },
		{ "a\r\nb", "a\nb\n" },
		{ "\xc3\xb6\n", "=C3=B6\n" },
		{ "a \n\tb\t\n", "a=20\n\tb=09\n" },
		{ "a\rb\n", "a=0Db\n" },
		{ "\n.\n", "\n.\n" },
		{ "From here\n", "From here\n" },
		{ "", "" },
		{ "123456789012345678901234567890123456789012345678901234567890123456789"
		  "0123456\n",
			"1234567890123456789012345678901234567890123456789012345678901234"
			"56789012345=\n6\n" },
		{ "1234567890123456789012345678901234567890123456789012345678901234567890"
		  "123\xc3\xb6\n",
			"1234567890123456789012345678901234567890123456789012345678901234"
			"567890123=\n=C3=B6\n" },
	};

	(void)state;
	for (size_t i = 0; i < N(CASES); i++) {
		struct buffer b = { 0 };

		assert_int_equal(
			client_mime_put_quoted(&b, CASES[i].text, strlen(CASES[i].text)),
			0);
		if (*CASES[i].text == '\0')
			assert_int_equal(buffer_len(&b), 0);
		else
			check(&b, CASES[i].want);
	}
}

static void
test_plain(void **state)
{
	char line[CLIENT_MIME_PLAIN_LINE_MAX + 2];

	(void)state;
	assert_true(client_mime_is_plain("", 0));
	assert_true(client_mime_is_plain("a\nb\r\n", 5));
	assert_false(client_mime_is_plain("a\rb", 3));
	assert_false(client_mime_is_plain("a\r", 2));
	assert_false(client_mime_is_plain("a\0b", 3));
	assert_false(client_mime_is_plain("\xc3\xb6", 2));
	memset(line, 'x', sizeof line);
	assert_true(client_mime_is_plain(line, CLIENT_MIME_PLAIN_LINE_MAX));
	assert_false(client_mime_is_plain(line, CLIENT_MIME_PLAIN_LINE_MAX + 1));
	line[500] = '\n';
	assert_true(client_mime_is_plain(line, CLIENT_MIME_PLAIN_LINE_MAX + 1));
}

static void
test_name(void **state)
{
	static const char *const CASES[][2] = {
		{ "a.txt", "a.txt" },
		{ "../x/a.txt", "a.txt" },
		{ "/a b\nc", "a b_c" },
		{ "\xc3\xb6\xff", "\xc3\xb6_" },
		{ "\xe2\x82", "__" },
	};

	(void)state;
	for (size_t i = 0; i < N(CASES); i++) {
		struct buffer b = { 0 };

		assert_int_equal(client_mime_put_name(&b, CASES[i][0]), 0);
		check(&b, CASES[i][1]);
	}
}

static void
test_type(void **state)
{
	static const struct {
		const char *text;
		bool is;
	} CASES[] = {
		{ "text/plain", true },
		{ "text/plain; charset=us-ascii", true },
		{ "application/vnd.ms-excel; charset=binary; x=y", true },
		{ "text", false },
		{ "text/", false },
		{ "/plain", false },
		{ "text/plain ", false },
		{ "text/plain;", false },
		{ "text/plain; charset", false },
		{ "text/plain; charset=", false },
		{ "text/plain\nBcc: x", false },
		{ "text/\xc3\xb6", false },
		{ "cannot open `x' (No such file)", false },
	};

	(void)state;
	for (size_t i = 0; i < N(CASES); i++) {
		if (client_mime_is_type(CASES[i].text) != CASES[i].is)
			fail_msg("%s", CASES[i].text);
	}
}

/* Lines are short and ASCII, and nothing but LF ends them. */
static void
check_lines(struct buffer *b, size_t widest)
{
	const char *p = buffer_data(b);
	size_t column = 0;

	for (size_t i = 0; i < buffer_len(b); i++) {
		unsigned char c = (unsigned char)p[i];

		assert_true(c == '\n' || c == '\t' || (c >= ' ' && c < 0x7f));
		column = c == '\n' ? 0 : column + 1;
		assert_true(column <= widest);
	}
}

static void
test_any_bytes(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct buffer b = { 0 };
		char text[200];
		size_t n;

		seed = seed * 1103515245 + 12345;
		n = seed / 65536 % (sizeof text - 1);
		for (size_t i = 0; i < n; i++) {
			seed = seed * 1103515245 + 12345;
			text[i] = (char)(seed / 65536 % 255 + 1);
		}
		text[n] = '\0';
		client_mime_put_text(&b, "Subject", text);
		check_lines(&b, 78);
		buffer_free(&b);
		client_mime_put_parameter(&b, "filename", text);
		check_lines(&b, 78);
		buffer_free(&b);
		client_mime_put_quoted(&b, text, n);
		check_lines(&b, 76);
		buffer_free(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_parameter),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_quoted),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_type),
		cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
