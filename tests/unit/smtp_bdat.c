// SPDX-License-Identifier: ISC
/*
 * BDAT in the dialogue: what is asked when, what becomes of the octets, and that a
 * message of which a part is missing is never delivered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "smtp/dialogue.h"

static char DOMAIN[] = "447.edu";
static char *DOMAINS[] = { DOMAIN, NULL };

static const struct smtp_policy POLICY = { .hostname = "447.edu",
	.domains = DOMAINS,
	.n_domains = 1,
	.mechanisms = "PLAIN",
	.max_message_size = 1000,
	.max_recipients = 100,
	.max_messages = 100,
	.max_errors = 10 };

struct talk {
	struct smtp_dialogue *d;
	struct buffer replies;
	struct smtp_request request;
};

static void
check(struct talk *t, enum smtp_ask ask, const char *begin)
{
	const char *replies = buffer_string(&t->replies);

	if (begin ? strncmp(replies, begin, strlen(begin)) != 0 : *replies != '\0')
		fail_msg("expected \"%s\", got \"%s\"", begin ? begin : "", replies);
	assert_int_equal(t->request.ask, ask);
	buffer_consume(&t->replies, buffer_len(&t->replies));
}

static void
say(struct talk *t, const char *line, enum smtp_ask ask, const char *begin)
{
	assert_int_equal(smtp_dialogue_line(t->d, SMTP_LINE_FINE, line, strlen(line),
				 &t->replies, &t->request),
		0);
	check(t, ask, begin);
}

static void
answer(struct talk *t, enum smtp_answer a, enum smtp_ask ask, const char *begin)
{
	assert_int_equal(
		smtp_dialogue_answer(t->d, a, "brad@447.edu", &t->replies, &t->request),
		0);
	check(t, ask, begin);
}

static void
begin_with(struct talk *t, const char *parameters)
{
	char mail[64];

	snprintf(mail, sizeof(mail), "MAIL FROM:<a@447.edu>%s", parameters);
	say(t, mail, SMTP_ASK_SENDER, NULL);
	answer(t, SMTP_ANSWER_YES, SMTP_ASK_NOTHING, "250 2.1.0 ");
	say(t, "RCPT TO:<b@447.edu>", SMTP_ASK_RECIPIENT, NULL);
	answer(t, SMTP_ANSWER_YES, SMTP_ASK_NOTHING, "250 2.1.5 ");
}

static void
talk_begin(struct talk *t, const char *parameters)
{
	*t = (struct talk){ .d = smtp_dialogue_new(&POLICY) };
	say(t, "EHLO me", SMTP_ASK_NOTHING, "250-447.edu ");
	say(t, "AUTH PLAIN =", SMTP_ASK_AUTH, NULL);
	answer(t, SMTP_ANSWER_AUTH_DONE, SMTP_ASK_NOTHING, "235 ");
	begin_with(t, parameters);
}

static void
talk_end(struct talk *t)
{
	smtp_dialogue_free(t->d);
	buffer_free(&t->replies);
}

/* The octets of a chunk, which has to end with them; what they are stored as. */
static void
octets(struct talk *t, const char *text, const char *stored, enum smtp_ask ask,
	const char *begin)
{
	size_t len = strlen(text), got, consumed;
	char out[128];

	assert_true(smtp_dialogue_in_message(t->d));
	assert_true(smtp_dialogue_message(t->d, text, len, out, &got, &consumed));
	assert_int_equal(consumed, len);
	assert_int_equal(got, strlen(stored));
	assert_memory_equal(out, stored, got);
	assert_int_equal(
		smtp_dialogue_message_end(t->d, SMTP_DATA_FINE, &t->replies, &t->request),
		0);
	assert_false(smtp_dialogue_in_message(t->d));
	check(t, ask, begin);
}

static void
test_two_chunks(void **state)
{
	struct talk t;

	(void)state;
	talk_begin(&t, "");
	say(&t, "BDAT 6", SMTP_ASK_OPEN, NULL);
	assert_false(smtp_dialogue_in_message(t.d));
	answer(&t, SMTP_ANSWER_YES, SMTP_ASK_NOTHING, NULL);
	assert_true(smtp_dialogue_in_message(t.d));
	assert_false(smtp_dialogue_message_is_whole(t.d));
	octets(&t, "a: b\r\n", "a: b\n", SMTP_ASK_NOTHING,
		"250 2.0.0 6 octets received\r\n");
	assert_string_equal(smtp_dialogue_state_name(t.d), "chunks");
	say(&t, "BDAT 3 LAST", SMTP_ASK_NOTHING, NULL);
	assert_true(smtp_dialogue_message_is_whole(t.d));
	octets(&t, ".\r\n", ".\n", SMTP_ASK_FINISH, NULL);
	assert_int_equal(smtp_dialogue_message_size(t.d), 9);
	assert_string_equal(smtp_dialogue_sender(t.d), "a@447.edu");
	answer(&t, SMTP_ANSWER_YES, SMTP_ASK_NOTHING,
		"250 2.0.0 Message accepted, 9 octets\r\n");
	assert_null(smtp_dialogue_sender(t.d));
	talk_end(&t);
}

static void
test_no_octets(void **state)
{
	struct talk t;

	(void)state;
	talk_begin(&t, "");
	say(&t, "BDAT 0", SMTP_ASK_OPEN, NULL);
	answer(&t, SMTP_ANSWER_YES, SMTP_ASK_NOTHING, NULL);
	octets(&t, "", "", SMTP_ASK_NOTHING, "250 2.0.0 0 octets received\r\n");
	say(&t, "BDAT 0 LAST", SMTP_ASK_NOTHING, NULL);
	octets(&t, "", "", SMTP_ASK_FINISH, NULL);
	answer(&t, SMTP_ANSWER_YES, SMTP_ASK_NOTHING, "250 2.0.0 Message accepted, 0 ");
	begin_with(&t, "");
	say(&t, "BDAT 0 LAST", SMTP_ASK_OPEN, NULL);
	answer(&t, SMTP_ANSWER_YES, SMTP_ASK_NOTHING, NULL);
	octets(&t, "", "", SMTP_ASK_FINISH, NULL);
	answer(&t, SMTP_ANSWER_FULL, SMTP_ASK_NOTHING, "452 4.3.1 ");
	talk_end(&t);
}

static void
test_binary(void **state)
{
	struct talk t;

	(void)state;
	talk_begin(&t, " BODY=BINARYMIME SMTPUTF8");
	assert_true(smtp_dialogue_is_binary(t.d) && smtp_dialogue_is_utf8(t.d));
	say(&t, "DATA", SMTP_ASK_NOTHING, "503 5.5.1 ");
	say(&t, "BDAT 8 LAST", SMTP_ASK_OPEN, NULL);
	answer(&t, SMTP_ANSWER_YES, SMTP_ASK_NOTHING, NULL);
	octets(&t, "\r\n.\n\r.\r\r", "\r\n.\n\r.\r\r", SMTP_ASK_FINISH, NULL);
	answer(&t, SMTP_ANSWER_YES, SMTP_ASK_NOTHING, "250 2.0.0 Message accepted, 8 ");
	begin_with(&t, "");
	assert_false(smtp_dialogue_is_binary(t.d) || smtp_dialogue_is_utf8(t.d));
	talk_end(&t);
}

/* Whatever refuses a chunk, its octets pass, then the transaction is over. */
static void
check_refused(const char *line, const char *text, const char *begin, enum smtp_ask ask)
{
	struct talk t;

	talk_begin(&t, "");
	say(&t, "BDAT 1", SMTP_ASK_OPEN, NULL);
	answer(&t, SMTP_ANSWER_YES, SMTP_ASK_NOTHING, NULL);
	octets(&t, "x", "x", SMTP_ASK_NOTHING, "250 2.0.0 1 octets received\r\n");
	say(&t, line, SMTP_ASK_NOTHING, NULL);
	octets(&t, text, "", ask, begin);
	assert_null(smtp_dialogue_sender(t.d));
	say(&t, "BDAT 4 LAST", SMTP_ASK_NOTHING, NULL);
	octets(&t, "QUIT", "", SMTP_ASK_NOTHING, "503 5.5.1 MAIL first");
	say(&t, "RCPT TO:<b@447.edu>", SMTP_ASK_NOTHING, "503 5.5.1 ");
	say(&t, "BDAT 0 LAST", SMTP_ASK_NOTHING, NULL);
	octets(&t, "", "", SMTP_ASK_NOTHING, "503 5.5.1 ");
	begin_with(&t, "");
	talk_end(&t);
}

static void
test_refused_chunks(void **state)
{
	(void)state;
	check_refused("BDAT 3 LASTS", "abc", "501 5.5.4 ", SMTP_ASK_DISCARD);
	check_refused("BDAT 2 LAST", "\n\n", "550 5.6.0 ", SMTP_ASK_DISCARD);
	check_refused("BDAT 1 LAST", "\r", "550 5.6.0 ", SMTP_ASK_DISCARD);
}

/* Whoever says that much is not believed before it has come, nor counted beyond it. */
static void
test_too_big(void **state)
{
	static const char *const LINES[] = { "BDAT 1000 LAST", "BDAT 1000",
		"BDAT 2000 LAST", "BDAT 2000", "BDAT 2001", "BDAT 2001 LAST",
		"BDAT 18446744073709551615 LAST", "BDAT 18446744073709551615" };
	char much[1000], out[1000];
	size_t got, consumed;

	(void)state;
	memset(much, 'x', sizeof(much));
	for (size_t i = 0; i < sizeof(LINES) / sizeof(LINES[0]); i++) {
		bool huge = i >= 4, ended = false;
		struct talk t;

		talk_begin(&t, "");
		say(&t, "BDAT 1", SMTP_ASK_OPEN, NULL);
		answer(&t, SMTP_ANSWER_YES, SMTP_ASK_NOTHING, NULL);
		octets(&t, "x", "x", SMTP_ASK_NOTHING, "250 ");
		if (huge) {
			say(&t, LINES[i], SMTP_ASK_CLOSE, "552 5.3.4 ");
			assert_string_equal(t.request.refused, "chunk-too-big");
			assert_false(smtp_dialogue_in_message(t.d));
			talk_end(&t);
			continue;
		}
		say(&t, LINES[i], SMTP_ASK_NOTHING, NULL);
		while (!ended) {
			ended = smtp_dialogue_message(
				t.d, much, sizeof(much), out, &got, &consumed);
			assert_int_equal(got, 0);
			assert_int_equal(consumed, sizeof(much));
		}
		smtp_dialogue_message_end(t.d, SMTP_DATA_FINE, &t.replies, &t.request);
		assert_string_equal(t.request.refused, "too-big");
		check(&t, SMTP_ASK_DISCARD, "552 5.3.4 ");
		talk_end(&t);
	}
}

static void
test_the_limit_is_exact(void **state)
{
	char much[1000], out[1000];
	size_t got, consumed;
	struct talk t;

	(void)state;
	memset(much, 'x', sizeof(much));
	talk_begin(&t, "");
	say(&t, "BDAT 1000 LAST", SMTP_ASK_OPEN, NULL);
	answer(&t, SMTP_ANSWER_YES, SMTP_ASK_NOTHING, NULL);
	assert_true(smtp_dialogue_message(t.d, much, sizeof(much), out, &got, &consumed));
	assert_int_equal(got, sizeof(much));
	smtp_dialogue_message_end(t.d, SMTP_DATA_FINE, &t.replies, &t.request);
	check(&t, SMTP_ASK_FINISH, NULL);
	talk_end(&t);
}

/* Where nobody can tell how many octets follow, nothing more is read. */
static void
test_no_number(void **state)
{
	static const char *const LINES[] = { "BDAT", "BDAT LAST", "BDAT x", "BDAT -1",
		"BDAT 18446744073709551616 LAST" };

	(void)state;
	for (size_t i = 0; i < sizeof(LINES) / sizeof(LINES[0]); i++) {
		struct talk t;

		talk_begin(&t, "");
		smtp_dialogue_line(t.d, SMTP_LINE_FINE, LINES[i], strlen(LINES[i]),
			&t.replies, &t.request);
		assert_non_null(
			strstr(buffer_string(&t.replies), "\r\n421 4.7.0 447.edu "));
		assert_string_equal(t.request.refused, "bad-chunk");
		check(&t, SMTP_ASK_CLOSE, "501 5.5.4 ");
		say(&t, "NOOP", SMTP_ASK_CLOSE, NULL);
		talk_end(&t);
	}
}

static void
test_what_ends_a_message_between_chunks(void **state)
{
	static const struct {
		const char *line;
		enum smtp_ask ask;
		const char *begin;
	} CASES[] = { { "RSET", SMTP_ASK_DISCARD, "250 2.0.0 " },
		{ "EHLO me", SMTP_ASK_DISCARD, "250-447.edu " },
		{ "HELO me", SMTP_ASK_DISCARD, "250 447.edu " },
		{ "QUIT", SMTP_ASK_CLOSE, "221 2.0.0 " },
		{ "BDAT", SMTP_ASK_CLOSE, "501 5.5.4 " },
		{ "NOOP", SMTP_ASK_NOTHING, "250 " },
		{ "VRFY x", SMTP_ASK_NOTHING, "252 " },
		{ "HELP", SMTP_ASK_NOTHING, "214" },
		{ "DATA", SMTP_ASK_NOTHING, "503 5.5.1 " },
		{ "MAIL FROM:<>", SMTP_ASK_NOTHING, "503 5.5.1 " },
		{ "RCPT TO:<b@447.edu>", SMTP_ASK_NOTHING, "503 5.5.1 " },
		{ "AUTH PLAIN", SMTP_ASK_NOTHING, "503 5.5.1 " },
		{ "nonsense", SMTP_ASK_NOTHING, "500 5.5.2 " } };

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		bool ends = CASES[i].ask != SMTP_ASK_NOTHING;
		struct talk t;

		talk_begin(&t, "");
		say(&t, "BDAT 1", SMTP_ASK_OPEN, NULL);
		answer(&t, SMTP_ANSWER_YES, SMTP_ASK_NOTHING, NULL);
		octets(&t, "x", "x", SMTP_ASK_NOTHING, "250 ");
		say(&t, CASES[i].line, CASES[i].ask, CASES[i].begin);
		assert_int_equal(smtp_dialogue_sender(t.d) == NULL, ends);
		assert_int_equal(
			strcmp(smtp_dialogue_state_name(t.d), "chunks") != 0, ends);
		talk_end(&t);
	}
}

/* Our own faults are told behind the octets, too. */
static void
test_faults_of_ours(void **state)
{
	struct talk t;

	(void)state;
	talk_begin(&t, "");
	say(&t, "BDAT 4", SMTP_ASK_OPEN, NULL);
	answer(&t, SMTP_ANSWER_FULL, SMTP_ASK_NOTHING, NULL);
	octets(&t, "QUIT", "", SMTP_ASK_NOTHING, "452 4.3.1 ");
	assert_null(smtp_dialogue_sender(t.d));
	begin_with(&t, "");
	say(&t, "BDAT 4 LAST", SMTP_ASK_OPEN, NULL);
	answer(&t, SMTP_ANSWER_FAULT, SMTP_ASK_NOTHING, NULL);
	octets(&t, "QUIT", "", SMTP_ASK_NOTHING, "451 4.3.0 ");
	begin_with(&t, "");
	say(&t, "BDAT 4 LAST", SMTP_ASK_OPEN, NULL);
	answer(&t, SMTP_ANSWER_YES, SMTP_ASK_NOTHING, NULL);
	assert_int_equal(smtp_dialogue_line(
				 t.d, SMTP_LINE_FINE, "QUIT", 4, &t.replies, &t.request),
		-EINVAL);
	octets(&t, "QUIT", "QUIT", SMTP_ASK_FINISH, NULL);
	answer(&t, SMTP_ANSWER_FAULT, SMTP_ASK_NOTHING, "451 4.3.0 ");
	talk_end(&t);
}

/* What could not be stored is said at the end of the chunk. */
static void
test_lost(void **state)
{
	char out[8];
	size_t got, consumed;
	struct talk t;

	(void)state;
	talk_begin(&t, "");
	assert_int_equal(
		smtp_dialogue_message_lost(t.d, SMTP_ANSWER_FULL, &t.replies, &t.request),
		-EINVAL);
	say(&t, "BDAT 1", SMTP_ASK_OPEN, NULL);
	answer(&t, SMTP_ANSWER_YES, SMTP_ASK_NOTHING, NULL);
	smtp_dialogue_message(t.d, "x", 1, out, &got, &consumed);
	assert_int_equal(
		smtp_dialogue_message_lost(t.d, SMTP_ANSWER_FULL, &t.replies, &t.request),
		0);
	check(&t, SMTP_ASK_NOTHING, "452 4.3.1 ");
	assert_null(smtp_dialogue_sender(t.d));
	say(&t, "BDAT 0 LAST", SMTP_ASK_NOTHING, NULL);
	octets(&t, "", "", SMTP_ASK_NOTHING, "503 5.5.1 ");
	begin_with(&t, "");
	say(&t, "DATA", SMTP_ASK_OPEN, NULL);
	answer(&t, SMTP_ANSWER_YES, SMTP_ASK_NOTHING, "354 ");
	assert_true(smtp_dialogue_message(t.d, ".\r\n", 3, out, &got, &consumed));
	smtp_dialogue_message_lost(t.d, SMTP_ANSWER_FAULT, &t.replies, &t.request);
	check(&t, SMTP_ASK_NOTHING, "451 4.3.0 ");
	assert_null(smtp_dialogue_sender(t.d));
	talk_end(&t);
}

/* What the caller finds wrong with a message counts where nothing else is. */
static void
test_faults_of_the_caller(void **state)
{
	char out[8];
	size_t got, consumed;
	struct talk t;

	(void)state;
	talk_begin(&t, "");
	say(&t, "BDAT 1 LAST", SMTP_ASK_OPEN, NULL);
	answer(&t, SMTP_ANSWER_YES, SMTP_ASK_NOTHING, NULL);
	smtp_dialogue_message(t.d, "x", 1, out, &got, &consumed);
	smtp_dialogue_message_end(t.d, SMTP_DATA_NUL, &t.replies, &t.request);
	assert_string_equal(t.request.refused, "nul");
	check(&t, SMTP_ASK_DISCARD, "550 5.6.0 ");
	begin_with(&t, "");
	say(&t, "BDAT 1 LAST", SMTP_ASK_OPEN, NULL);
	answer(&t, SMTP_ANSWER_YES, SMTP_ASK_NOTHING, NULL);
	smtp_dialogue_message(t.d, "\n", 1, out, &got, &consumed);
	smtp_dialogue_message_end(t.d, SMTP_DATA_NUL, &t.replies, &t.request);
	assert_string_equal(t.request.refused, "bare-lf");
	talk_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_chunks),
		cmocka_unit_test(test_no_octets),
		cmocka_unit_test(test_binary),
		cmocka_unit_test(test_refused_chunks),
		cmocka_unit_test(test_too_big),
		cmocka_unit_test(test_the_limit_is_exact),
		cmocka_unit_test(test_no_number),
		cmocka_unit_test(test_what_ends_a_message_between_chunks),
		cmocka_unit_test(test_faults_of_ours),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_faults_of_the_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
