// SPDX-License-Identifier: ISC
/*
 * Trace lines, whole, for sessions of each kind; and that nothing a peer says of itself
 * can add a line, leave a comment or pass the margin.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "smtp/trace.h"

#define PIN "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
	struct smtp_trace trace;
	const char *text;
} CASES[] = {
	{ { .sender = "brad@447.edu",
		  .helo = "printer.447.edu",
		  .peer = "192.0.2.1",
		  .hostname = "447.edu",
		  .extended = true,
		  .tls_version = "TLS1.3",
		  .tls_cipher = "TLS_AES_256_GCM_SHA384",
		  .device = PIN,
		  .user = "brad@447.edu",
		  .mechanism = "PLAIN",
		  .id = "abc123",
		  .time = 784111777 },
		"Return-Path: <brad@447.edu>\n"
		"Authentication-Results: 447.edu; auth=pass (PLAIN) "
		"smtp.auth=brad@447.edu\n"
		"\tpolicy.device=" PIN "\n"
		"Received: from printer.447.edu ([192.0.2.1]) (using TLS1.3) (device\n"
		"\t" PIN ")\n"
		"\t(user brad@447.edu) by 447.edu with ESMTPSA id abc123 tls\n"
		"\tTLS_AES_256_GCM_SHA384; Sun, 06 Nov 1994 08:49:37 +0000\n" },
	{ { .sender = "",
		  .helo = "brad@447.edu",
		  .peer = "IPv6:2001:db8::1",
		  .hostname = "447.edu",
		  .tls_version = "TLS1.2",
		  .tls_cipher = "TLS_X",
		  .user = "brad@447.edu",
		  .id = "1",
		  .time = 951782400 },
		"Return-Path: <>\n"
		"Received: from unknown ([IPv6:2001:db8::1]) (helo brad@447.edu) (using\n"
		"\tTLS1.2) (user brad@447.edu) by 447.edu with SMTP id 1 tls TLS_X;\n"
		"\tTue, 29 Feb 2000 00:00:00 +0000\n" },
	{ { .sender = "a@b", .helo = "", .hostname = "h", .id = "1", .time = -1 },
		"Return-Path: <a@b>\n"
		"Received: from unknown by h with SMTP id 1; Thu, 01 Jan 1970 00:00:00 "
		"+0000\n" },
	{ { .sender = "\"a b\"@c",
		  .helo = "[IPv6:::1]",
		  .hostname = "h",
		  .extended = true,
		  .id = "1",
		  .time = 4102444799 },
		"Return-Path: <\"a b\"@c>\n"
		"Received: from [IPv6:::1] by h with ESMTP id 1;\n"
		"\tThu, 31 Dec 2099 23:59:59 +0000\n" },
	{ { .sender = "gr\xc3\xbc@b\xc3\xbc.x",
		  .helo = "h",
		  .hostname = "h",
		  .extended = true,
		  .utf8 = true,
		  .tls_version = "TLS1.3",
		  .user = "a@b",
		  .id = "1",
		  .time = 0 },
		"Return-Path: <gr\xc3\xbc@b\xc3\xbc.x>\n"
		"Received: from h (using TLS1.3) (user a@b) by h with UTF8SMTPSA id 1;\n"
		"\tThu, 01 Jan 1970 00:00:00 +0000\n" },
	{ { .sender = "gr\xc3\xbc\xc2\x85\xff@b",
		  .helo = "[x:(y)]",
		  .hostname = "h",
		  .extended = true,
		  .utf8 = true,
		  .crlf = true,
		  .user = "somebody@example.org",
		  .mechanism = "PLAIN",
		  .id = "1",
		  .time = 0 },
		"Return-Path: <gr\xc3\xbc___@b>\r\n"
		"Authentication-Results: h; auth=pass (PLAIN) "
		"smtp.auth=somebody@example.org\r\n"
		"Received: from unknown (helo [x:_y_]) (user somebody@example.org) by "
		"h with\r\n"
		"\tUTF8SMTPA id 1; Thu, 01 Jan 1970 00:00:00 +0000\r\n" },
	{ { .sender = "gr\xc3\xbc@b",
		  .helo = "[x:y]",
		  .hostname = "h",
		  .id = "1",
		  .time = 0 },
		"Return-Path: <gr__@b>\n"
		"Received: from [x:y] by h with SMTP id 1; Thu, 01 Jan 1970 00:00:00 "
		"+0000\n" },
	{ { .sender = "a@b\r\nX: y",
		  .helo = "x)\r\n\tby evil (\\<\xc3\xbc>",
		  .peer = "1.2.3.4])\nX: y",
		  .hostname = "h",
		  .extended = true,
		  .user = "a b\n)@c",
		  .id = "1;",
		  .time = 0 },
		"Return-Path: <a@b__X: y>\n"
		"Received: from unknown ([1.2.3.4]__X:_y]) (helo x____by_evil_______) "
		"(user\n"
		"\ta_b__@c) by h with ESMTPA id 1;; Thu, 01 Jan 1970 00:00:00 +0000\n" },
};

static void
test_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct buffer b = { 0 };

		assert_int_equal(smtp_trace_append(&b, &CASES[i].trace), 0);
		assert_string_equal(buffer_string(&b), CASES[i].text);
		buffer_free(&b);
	}
}

/* RFC 3848 and RFC 6531 section 3.7.3. */
static void
test_protocols(void **state)
{
	static const char *const NAMES[] = { "ESMTP", "ESMTPA", "ESMTPS", "ESMTPSA",
		"UTF8SMTP", "UTF8SMTPA", "UTF8SMTPS", "UTF8SMTPSA" };

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		struct smtp_trace t = { .sender = "",
			.helo = "h",
			.hostname = "h",
			.extended = true,
			.utf8 = i & 4,
			.tls_version = i & 2 ? "TLS1.3" : NULL,
			.user = i & 1 ? "a@b" : NULL,
			.id = "1" };
		struct buffer b = { 0 };
		char with[32];

		assert_int_equal(smtp_trace_append(&b, &t), 0);
		snprintf(with, sizeof(with), " with %s id ", NAMES[i]);
		assert_non_null(strstr(buffer_string(&b), with));
		buffer_free(&b);
	}
}

/* Of each line but the first, which Return-Path may fill. */
static void
check_margin(const char *text)
{
	const char *line = strchr(text, '\n') + 1;

	while (*line) {
		size_t len = strcspn(line, "\n"), columns = len + (*line == '\t' ? 7 : 0);

		if (columns >= 78 && memchr(line, ' ', len))
			fail_msg("%zu columns in: %.*s", columns, (int)len, line);
		line += len + 1;
	}
}

static void
test_folds_everywhere(void **state)
{
	char helo[300], id[64];

	(void)state;
	for (size_t n = 1; n < 255; n++)
		for (size_t m = 1; m < 60; m += 7) {
			struct smtp_trace t = CASES[0].trace;
			struct buffer b = { 0 };

			memset(helo, 'x', n);
			helo[n] = '\0';
			memset(id, 'i', m);
			id[m] = '\0';
			t.helo = helo;
			t.id = id;
			assert_int_equal(smtp_trace_append(&b, &t), 0);
			check_margin(buffer_string(&b));
			buffer_free(&b);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_protocols),
		cmocka_unit_test(test_folds_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
