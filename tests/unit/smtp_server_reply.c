// SPDX-License-Identifier: ISC
/*
 * Replies of servers: what is read, what is refused, and that the size of the pieces in
 * which bytes come makes no difference.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "smtp/server_reply.h"

/* Reads all of data, which comes in pieces, and writes what is found as text. */
static void
read_pieces(const char *data, size_t len, size_t piece, struct buffer *found)
{
	struct smtp_server_reply reply = { 0 };
	size_t start = 0;
	size_t end = 0;

	while (end < len) {
		struct smtp_server_line line;
		size_t consumed;
		int r;

		end = end + piece < len ? end + piece : len;
		for (;;) {
			/* A copy of its own, so that a sanitizer sees reads behind it. */
			char *copy = malloc(end - start);

			memcpy(copy, data + start, end - start);
			r = smtp_server_reply_line(
				&reply, copy, end - start, &line, &consumed);
			if (r > 0)
				buffer_printf(found, "%u%c%.*s|", line.code,
					line.last ? ' ' : '-', (int)line.text_len,
					line.text);
			free(copy);
			if (r <= 0)
				break;
			start += consumed;
		}
		if (r < 0) {
			assert_int_equal(r, -EBADMSG);
			assert_int_equal(smtp_server_reply_line(&reply, "220 x\r\n", 7,
						 &line, &consumed),
				-EBADMSG);
			buffer_printf(found, "fault %d", reply.fault);
			return;
		}
	}
	buffer_printf(found, "rest %zu", len - start);
}

static const struct {
	const char *data;
	size_t len;
	const char *found; /* with "fault" alone, fault says which */
	enum smtp_server_fault fault;
} cases[] = {
#define CASE(data, found, fault)                                                         \
	{                                                                                \
		(data), sizeof(data) - 1, (found), (fault)                               \
	}
	CASE("220 ready\r\n", "220 ready|rest 0", SMTP_SERVER_FINE),
	CASE("220\r\n", "220 |rest 0", SMTP_SERVER_FINE),
	CASE("220 \r\n", "220 |rest 0", SMTP_SERVER_FINE),
	CASE("250-a\r\n250-\r\n250 c\r\n221 bye\r\n", "250-a|250-|250 c|221 bye|rest 0",
		SMTP_SERVER_FINE),
	CASE("250 a\r\n55", "250 a|rest 2", SMTP_SERVER_FINE),
	CASE("250 a\r", "rest 6", SMTP_SERVER_FINE),
	CASE("599 \xff\t\x1b\r\n", "599 \xff\t\x1b|rest 0", SMTP_SERVER_FINE),
	CASE("250-a\r\n251 b\r\n", "250-a|", SMTP_SERVER_CODE_CHANGED),
	CASE("250-a\r\n250 b\r\n251 c\r\n", "250-a|250 b|251 c|rest 0", SMTP_SERVER_FINE),
	CASE("250 a\n", "", SMTP_SERVER_BARE_LF),
	CASE("\n", "", SMTP_SERVER_BARE_LF),
	CASE("250 a\rb\r\n", "", SMTP_SERVER_BARE_CR),
	CASE("250 a\r\r\n", "", SMTP_SERVER_BARE_CR),
	CASE("250 a\0b\r\n", "", SMTP_SERVER_NUL),
	CASE("\r\n", "", SMTP_SERVER_NO_CODE),
	CASE("25\r\n", "", SMTP_SERVER_NO_CODE),
	CASE("25x ok\r\n", "", SMTP_SERVER_NO_CODE),
	CASE("250x\r\n", "", SMTP_SERVER_NO_CODE),
	CASE("2500 ok\r\n", "", SMTP_SERVER_NO_CODE),
	CASE("150 ok\r\n", "", SMTP_SERVER_NO_CODE),
	CASE("650 ok\r\n", "", SMTP_SERVER_NO_CODE),
	CASE(" 250 ok\r\n", "", SMTP_SERVER_NO_CODE),
	CASE("250_ok\r\n", "", SMTP_SERVER_NO_CODE),
};

static void
test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (size_t piece = 1; piece <= cases[i].len; piece++) {
			struct buffer found = { 0 };
			struct buffer want = { 0 };

			read_pieces(cases[i].data, cases[i].len, piece, &found);
			buffer_puts(&want, cases[i].found);
			if (cases[i].fault != SMTP_SERVER_FINE)
				buffer_printf(&want, "fault %d", cases[i].fault);
			assert_string_equal(buffer_string(&found), buffer_string(&want));
			buffer_free(&found);
			buffer_free(&want);
		}
	}
}

/* A line of this many bytes, CRLF and code included. */
static char *
make_line(size_t len)
{
	char *line = malloc(len);

	memset(line, 'x', len);
	memcpy(line, "250-", 4);
	memcpy(line + len - 2, "\r\n", 2);
	return line;
}

static void
test_length_of_a_line(void **state)
{
	char *line = make_line(SMTP_SERVER_LINE_MAX + 1);
	struct smtp_server_reply reply = { 0 };
	struct smtp_server_line found;
	size_t consumed;

	(void)state;
	assert_int_equal(smtp_server_reply_line(&reply, line, SMTP_SERVER_LINE_MAX + 1,
				 &found, &consumed),
		-EBADMSG);
	assert_int_equal(reply.fault, SMTP_SERVER_LINE_TOO_LONG);
	free(line);

	line = make_line(SMTP_SERVER_LINE_MAX);
	reply = (struct smtp_server_reply){ 0 };
	assert_int_equal(smtp_server_reply_line(
				 &reply, line, SMTP_SERVER_LINE_MAX, &found, &consumed),
		1);
	assert_int_equal(consumed, SMTP_SERVER_LINE_MAX);
	assert_int_equal(found.text_len, SMTP_SERVER_LINE_MAX - 6);
	free(line);
}

/* How many lines of this length one reply may have before it is refused, and why. */
static unsigned
count_lines(size_t len, enum smtp_server_fault *fault)
{
	char *line = make_line(len);
	struct smtp_server_reply reply = { 0 };
	struct smtp_server_line found;
	unsigned n = 0;
	size_t consumed;

	while (n < 10000 &&
		smtp_server_reply_line(&reply, line, len, &found, &consumed) == 1)
		n++;
	*fault = reply.fault;
	free(line);
	return n;
}

static void
test_length_of_a_reply(void **state)
{
	enum smtp_server_fault fault;

	(void)state;
	assert_int_equal(count_lines(10, &fault), SMTP_SERVER_LINES_MAX);
	assert_int_equal(fault, SMTP_SERVER_TOO_MANY_LINES);
	assert_int_equal(count_lines(4096, &fault), SMTP_SERVER_REPLY_MAX / 4096);
	assert_int_equal(fault, SMTP_SERVER_TOO_MUCH);
}

static void
test_limits_count_one_reply(void **state)
{
	struct smtp_server_reply reply = { 0 };
	struct smtp_server_line found;
	size_t consumed;

	(void)state;
	for (unsigned i = 0; i < 2 * SMTP_SERVER_REPLY_MAX / 8; i++)
		assert_int_equal(smtp_server_reply_line(
					 &reply, "250 OK\r\n", 8, &found, &consumed),
			1);
}

static void
test_faults_have_words(void **state)
{
	(void)state;
	for (int i = 0; i < SMTP_SERVER_FAULTS; i++)
		assert_true(
			strlen(smtp_server_fault_text((enum smtp_server_fault)i)) > 5);
	assert_non_null(smtp_server_fault_text(SMTP_SERVER_FAULTS));
}

static const struct {
	const char *line;
	struct smtp_server_offers offers;
} offers[] = {
	{ "STARTTLS", { .starttls = true } },
	{ "starttls", { .starttls = true } },
	{ "STARTTLSX", { 0 } },
	{ "8BITMIME", { .eight_bit = true } },
	{ "SIZE", { .size = true } },
	{ "SIZE 1000", { .size = true, .max_size = 1000 } },
	{ "size  18446744073709551615", { .size = true, .max_size = UINT64_MAX } },
	{ "SIZE 18446744073709551616", { .size = true } },
	{ "SIZE -1", { .size = true } },
	{ "AUTH", { .auth_offered = true } },
	{ "AUTH GSSAPI", { .auth_offered = true } },
	{ "AUTH PLAIN  login ",
		{ .auth_offered = true, .auth = SMTP_SERVER_PLAIN | SMTP_SERVER_LOGIN } },
	{ "AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256",
		{ .auth_offered = true,
			.auth = SMTP_SERVER_SCRAM_SHA_256_PLUS |
				SMTP_SERVER_SCRAM_SHA_256 } },
	{ "AUTH SCRAM-SHA-256-PLUSX XPLAIN", { .auth_offered = true } },
	{ "AUTH external", { .auth_offered = true, .auth = SMTP_SERVER_EXTERNAL } },
	{ "AUTH=PLAIN", { 0 } },
	{ "", { 0 } },
	{ "   ", { 0 } },
	{ " PIPELINING", { .pipelining = true } },
	{ "PIPELINING", { .pipelining = true } },
	{ "SMTPUTF8", { .utf8 = true } },
	{ "Chunking", { .chunking = true } },
	{ "BINARYMIME", { .binary = true } },
	{ "ENHANCEDSTATUSCODES", { .codes = true } },
	{ "LIMITS", { 0 } },
	{ "LIMITS RCPTMAX=20 MAILMAX=5", { .max_recipients = 20, .max_messages = 5 } },
	{ "limits  mailmax=999999  X=1 RCPTDOMAINMAX=3 Y rcptmax=1",
		{ .max_recipients = 1, .max_messages = 999999 } },
	{ "LIMITS RCPTMAX=0 MAILMAX=1000000", { 0 } },
	{ "LIMITS RCPTMAX MAILMAX= =5 RCPTMAX=-1 MAILMAX=1x", { 0 } },
	{ "LIMITS RCPTMAX=18446744073709551617", { 0 } },
	{ "LIMITSX RCPTMAX=1", { 0 } },
};

static void
test_offers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof offers / sizeof *offers; i++) {
		const struct smtp_server_offers *want = &offers[i].offers;
		struct smtp_server_offers got = { 0 };

		smtp_server_offers_read(&got, offers[i].line, strlen(offers[i].line));
		assert_int_equal(got.starttls, want->starttls);
		assert_int_equal(got.pipelining, want->pipelining);
		assert_int_equal(got.eight_bit, want->eight_bit);
		assert_int_equal(got.utf8, want->utf8);
		assert_int_equal(got.chunking, want->chunking);
		assert_int_equal(got.binary, want->binary);
		assert_int_equal(got.codes, want->codes);
		assert_int_equal(got.max_recipients, want->max_recipients);
		assert_int_equal(got.max_messages, want->max_messages);
		assert_int_equal(got.size, want->size);
		assert_true(got.max_size == want->max_size);
		assert_int_equal(got.auth_offered, want->auth_offered);
		assert_int_equal(got.auth, want->auth);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_length_of_a_line),
		cmocka_unit_test(test_length_of_a_reply),
		cmocka_unit_test(test_limits_count_one_reply),
		cmocka_unit_test(test_faults_have_words),
		cmocka_unit_test(test_offers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
