// SPDX-License-Identifier: ISC
/*
 * What transcripts cannot say of the dialogue: the requests themselves, answers that do
 * not fit or report our own faults, calls out of place, last words, limits of lines.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
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
talk_begin(struct talk *t, const struct smtp_policy *policy)
{
	*t = (struct talk){ .d = smtp_dialogue_new(policy) };
	assert_non_null(t->d);
	assert_int_equal(smtp_dialogue_banner(t->d, &t->replies), 0);
	assert_string_equal(
		buffer_string(&t->replies), "220 447.edu SMTP Services Ready.\r\n");
	buffer_consume(&t->replies, buffer_len(&t->replies));
}

static void
talk_end(struct talk *t)
{
	smtp_dialogue_free(t->d);
	buffer_free(&t->replies);
}

/* What is expected of the replies: that they begin so, or that there are none. */
static void
check_replies(struct talk *t, const char *begin)
{
	const char *replies = buffer_string(&t->replies);

	if (begin ? strncmp(replies, begin, strlen(begin)) != 0 : *replies != '\0')
		fail_msg("expected \"%s\", got \"%s\"", begin ? begin : "", replies);
	buffer_consume(&t->replies, buffer_len(&t->replies));
}

static void
say(struct talk *t, const char *line, enum smtp_ask ask, const char *begin)
{
	assert_int_equal(smtp_dialogue_line(t->d, SMTP_LINE_FINE, line, strlen(line),
				 &t->replies, &t->request),
		0);
	assert_int_equal(t->request.ask, ask);
	check_replies(t, begin);
}

static void
answer(struct talk *t, enum smtp_answer a, const char *text, enum smtp_ask ask,
	const char *begin)
{
	assert_int_equal(
		smtp_dialogue_answer(t->d, a, text, &t->replies, &t->request), 0);
	assert_int_equal(t->request.ask, ask);
	check_replies(t, begin);
}

static void
log_in(struct talk *t, const char *greeting)
{
	talk_begin(t, &POLICY);
	say(t, greeting, SMTP_ASK_NOTHING, "250");
	say(t, "AUTH PLAIN =", SMTP_ASK_AUTH, NULL);
	answer(t, SMTP_ANSWER_AUTH_DONE, "brad@447.edu", SMTP_ASK_NOTHING, "235");
}

static void
begin_message(struct talk *t)
{
	say(t, "MAIL FROM:<Brad@447.EDU>", SMTP_ASK_SENDER, NULL);
	assert_string_equal(t->request.address, "Brad@447.edu");
	answer(t, SMTP_ANSWER_YES, NULL, SMTP_ASK_NOTHING, "250 2.1.0 <Brad@447.EDU>");
	say(t, "RCPT TO:<SomeOne@447.EDU>", SMTP_ASK_RECIPIENT, NULL);
	assert_string_equal(t->request.address, "someone@447.edu");
	answer(t, SMTP_ANSWER_YES, NULL, SMTP_ASK_NOTHING, "250 2.1.5 <SomeOne@447.EDU>");
	say(t, "RCPT TO:<postmaster>", SMTP_ASK_RECIPIENT, NULL);
	assert_string_equal(t->request.address, "postmaster@447.edu");
	answer(t, SMTP_ANSWER_YES, NULL, SMTP_ASK_NOTHING, "250 2.1.5");
}

static void
test_what_is_asked(void **state)
{
	struct talk t;

	(void)state;
	talk_begin(&t, &POLICY);
	assert_string_equal(smtp_dialogue_helo(t.d), "");
	say(&t, "HELO me", SMTP_ASK_NOTHING, "250");
	assert_string_equal(smtp_dialogue_helo(t.d), "me");
	assert_false(smtp_dialogue_is_modern(t.d));
	say(&t, "AUTH", SMTP_ASK_AUTH, NULL);
	assert_true(t.request.auth_first);
	assert_null(t.request.mechanism);
	assert_null(t.request.line);
	answer(&t, SMTP_ANSWER_AUTH_CHALLENGE, "dXNl", SMTP_ASK_NOTHING, "334 dXNl\r\n");
	say(&t, "YnJhZA==", SMTP_ASK_AUTH, NULL);
	assert_false(t.request.auth_first);
	assert_string_equal(t.request.line, "YnJhZA==");
	answer(&t, SMTP_ANSWER_AUTH_WRONG, NULL, SMTP_ASK_NOTHING, "530 ");
	assert_int_equal(t.request.delay, 1000);
	say(&t, "auth Plain  =", SMTP_ASK_AUTH, NULL);
	assert_true(t.request.auth_first);
	assert_string_equal(t.request.mechanism, "Plain");
	assert_string_equal(t.request.line, "=");
	assert_null(smtp_dialogue_user(t.d));
	answer(&t, SMTP_ANSWER_AUTH_DONE, "brad@447.edu", SMTP_ASK_NOTHING, "235 ");
	assert_string_equal(smtp_dialogue_user(t.d), "brad@447.edu");
	talk_end(&t);
}

static void
test_empty_answers_are_lines(void **state)
{
	struct talk t;

	(void)state;
	talk_begin(&t, &POLICY);
	say(&t, "EHLO me", SMTP_ASK_NOTHING, "250-447.edu says hello\r\n");
	say(&t, "AUTH SCRAM-SHA-256", SMTP_ASK_AUTH, NULL);
	assert_null(t.request.line);
	answer(&t, SMTP_ANSWER_AUTH_CHALLENGE, "", SMTP_ASK_NOTHING, "334 \r\n");
	say(&t, "", SMTP_ASK_AUTH, NULL);
	assert_string_equal(t.request.line, "");
	answer(&t, SMTP_ANSWER_FAULT, NULL, SMTP_ASK_NOTHING, "454 4.7.0 ");
	assert_string_equal(smtp_dialogue_state_name(t.d), "greeted");
	talk_end(&t);
}

static void
test_a_message(void **state)
{
	const char *const *to;
	struct talk t;
	size_t n;

	(void)state;
	log_in(&t, "EHLO me");
	begin_message(&t);
	assert_string_equal(smtp_dialogue_sender(t.d), "Brad@447.edu");
	to = smtp_dialogue_recipients(t.d, &n);
	assert_int_equal(n, 2);
	assert_string_equal(to[0], "someone@447.edu");
	say(&t, "DATA", SMTP_ASK_OPEN, NULL);
	assert_false(smtp_dialogue_in_message(t.d));
	answer(&t, SMTP_ANSWER_YES, NULL, SMTP_ASK_NOTHING, "354 ");
	assert_true(smtp_dialogue_in_message(t.d));
	assert_int_equal(
		smtp_dialogue_message_end(t.d, SMTP_DATA_FINE, &t.replies, &t.request),
		0);
	assert_int_equal(t.request.ask, SMTP_ASK_FINISH);
	assert_false(smtp_dialogue_in_message(t.d));
	assert_string_equal(smtp_dialogue_state_name(t.d), "delivery");
	smtp_dialogue_recipients(t.d, &n);
	assert_int_equal(n, 2);
	answer(&t, SMTP_ANSWER_YES, NULL, SMTP_ASK_NOTHING, "250 2.0.0 ");
	assert_null(smtp_dialogue_sender(t.d));
	smtp_dialogue_recipients(t.d, &n);
	assert_int_equal(n, 0);
	talk_end(&t);
}

/* Whatever is answered but yes and no, and what becomes of the state. */
static void
test_faults_of_ours(void **state)
{
	struct talk t;

	(void)state;
	log_in(&t, "EHLO me");
	say(&t, "MAIL FROM:<a@447.edu>", SMTP_ASK_SENDER, NULL);
	answer(&t, SMTP_ANSWER_FAULT, NULL, SMTP_ASK_NOTHING, "451 4.3.0 ");
	assert_string_equal(smtp_dialogue_state_name(t.d), "ready");
	begin_message(&t);
	say(&t, "RCPT TO:<a@447.edu>", SMTP_ASK_RECIPIENT, NULL);
	answer(&t, SMTP_ANSWER_AUTH_DONE, "x", SMTP_ASK_NOTHING, "451 4.3.0 ");
	say(&t, "DATA", SMTP_ASK_OPEN, NULL);
	answer(&t, SMTP_ANSWER_FULL, NULL, SMTP_ASK_NOTHING, "452 4.3.1 ");
	assert_false(smtp_dialogue_in_message(t.d));
	say(&t, "DATA", SMTP_ASK_OPEN, NULL);
	answer(&t, SMTP_ANSWER_YES, NULL, SMTP_ASK_NOTHING, "354 ");
	smtp_dialogue_message_end(t.d, SMTP_DATA_FINE, &t.replies, &t.request);
	answer(&t, SMTP_ANSWER_FULL, NULL, SMTP_ASK_NOTHING, "452 4.3.1 ");
	assert_string_equal(smtp_dialogue_state_name(t.d), "ready");
	begin_message(&t);
	say(&t, "DATA", SMTP_ASK_OPEN, NULL);
	answer(&t, SMTP_ANSWER_YES, NULL, SMTP_ASK_NOTHING, "354 ");
	smtp_dialogue_message_end(t.d, SMTP_DATA_FINE, &t.replies, &t.request);
	answer(&t, SMTP_ANSWER_NO, NULL, SMTP_ASK_NOTHING, "451 4.3.0 ");
	talk_end(&t);
}

static void
test_nobody_logs_in_by_a_wrong_answer(void **state)
{
	static const enum smtp_answer ANSWERS[] = { SMTP_ANSWER_YES, SMTP_ANSWER_NO,
		SMTP_ANSWER_FULL, SMTP_ANSWER_FAULT, SMTP_ANSWER_AUTH_WRONG,
		SMTP_ANSWER_AUTH_BROKEN, SMTP_ANSWER_AUTH_UNKNOWN, SMTP_ANSWER_AUTH_DONE,
		SMTP_ANSWER_AUTH_CHALLENGE, SMTP_ANSWER_AUTH_ENROLLED };

	(void)state;
	for (size_t i = 0; i < sizeof(ANSWERS) / sizeof(ANSWERS[0]); i++) {
		struct talk t;

		talk_begin(&t, &POLICY);
		say(&t, "EHLO me", SMTP_ASK_NOTHING, "250");
		say(&t, "AUTH PLAIN", SMTP_ASK_AUTH, NULL);
		assert_int_equal(smtp_dialogue_answer(
					 t.d, ANSWERS[i], NULL, &t.replies, &t.request),
			0);
		assert_null(smtp_dialogue_user(t.d));
		assert_null(strstr(buffer_string(&t.replies), "235"));
		talk_end(&t);
	}
}

static void
test_enrolled(void **state)
{
	struct talk t;

	(void)state;
	talk_begin(&t, &POLICY);
	say(&t, "HELO me", SMTP_ASK_NOTHING, "250");
	say(&t, "AUTH", SMTP_ASK_AUTH, NULL);
	answer(&t, SMTP_ANSWER_AUTH_ENROLLED, "q7wm-x", SMTP_ASK_CLOSE,
		"330 New username stored. Here is your password: q7wm-x\r\n");
	assert_null(smtp_dialogue_user(t.d));
	say(&t, "NOOP", SMTP_ASK_CLOSE, NULL);
	talk_end(&t);
}

static void
test_message_faults(void **state)
{
	static const struct {
		enum smtp_data_fault fault;
		const char *begin, *word;
	} CASES[] = {
		{ SMTP_DATA_BARE_CR, "550 5.6.0 ", "bare-cr" },
		{ SMTP_DATA_BARE_LF, "550 5.6.0 ", "bare-lf" },
		{ SMTP_DATA_NUL, "550 5.6.0 ", "nul" },
		{ SMTP_DATA_LINE_TOO_LONG, "550 5.6.0 ", "message-line-too-long" },
		{ SMTP_DATA_TOO_BIG, "552 5.3.4 ", "too-big" },
	};
	struct talk t;

	(void)state;
	log_in(&t, "EHLO me");
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		begin_message(&t);
		say(&t, "DATA", SMTP_ASK_OPEN, NULL);
		answer(&t, SMTP_ANSWER_YES, NULL, SMTP_ASK_NOTHING, "354 ");
		smtp_dialogue_message_end(t.d, CASES[i].fault, &t.replies, &t.request);
		assert_int_equal(t.request.ask, SMTP_ASK_DISCARD);
		assert_string_equal(t.request.refused, CASES[i].word);
		check_replies(&t, CASES[i].begin);
		assert_string_equal(smtp_dialogue_state_name(t.d), "ready");
	}
	talk_end(&t);
}

static void
test_calls_out_of_place(void **state)
{
	struct talk t;

	(void)state;
	log_in(&t, "EHLO me");
	assert_int_equal(
		smtp_dialogue_message_end(t.d, SMTP_DATA_FINE, &t.replies, &t.request),
		-EINVAL);
	assert_int_equal(
		smtp_dialogue_answer(t.d, SMTP_ANSWER_YES, NULL, &t.replies, &t.request),
		-EINVAL);
	say(&t, "MAIL FROM:<>", SMTP_ASK_SENDER, NULL);
	assert_string_equal(t.request.address, "");
	assert_int_equal(smtp_dialogue_line(
				 t.d, SMTP_LINE_FINE, "NOOP", 4, &t.replies, &t.request),
		-EINVAL);
	answer(&t, SMTP_ANSWER_YES, NULL, SMTP_ASK_NOTHING, "250");
	talk_end(&t);
}

static void
test_nul_in_a_line_that_is_called_fine(void **state)
{
	struct talk t;

	(void)state;
	talk_begin(&t, &POLICY);
	say(&t, "EHLO me", SMTP_ASK_NOTHING, "250");
	smtp_dialogue_line(t.d, SMTP_LINE_FINE, "NOOP\0x", 6, &t.replies, &t.request);
	assert_string_equal(t.request.refused, "nul");
	check_replies(&t, "500 5.5.2 ");
	talk_end(&t);
}

static void
test_last_words(void **state)
{
	static const char *const WORDS[2][3] = {
		[false] = { [SMTP_GOODBYE_TIMEOUT] = "421 447.edu ",
			[SMTP_GOODBYE_SHUTDOWN] = "421 447.edu ",
			[SMTP_GOODBYE_FAULT] = "421 447.edu " },
		[true] = { [SMTP_GOODBYE_TIMEOUT] = "421 4.4.2 447.edu ",
			[SMTP_GOODBYE_SHUTDOWN] = "421 4.3.2 447.edu ",
			[SMTP_GOODBYE_FAULT] = "421 4.3.0 447.edu " },
	};

	(void)state;
	for (int modern = 0; modern < 2; modern++)
		for (int why = 0; why < 3; why++) {
			struct talk t;

			talk_begin(&t, &POLICY);
			say(&t, modern ? "EHLO me" : "HELO me", SMTP_ASK_NOTHING, "250");
			say(&t, "AUTH PLAIN", SMTP_ASK_AUTH, NULL);
			smtp_dialogue_goodbye(t.d, (enum smtp_goodbye)why, &t.replies);
			check_replies(&t, WORDS[modern][why]);
			assert_string_equal(smtp_dialogue_state_name(t.d), "closed");
			smtp_dialogue_goodbye(t.d, (enum smtp_goodbye)why, &t.replies);
			check_replies(&t, NULL);
			talk_end(&t);
		}
}

static void
test_line_limits(void **state)
{
	struct talk t;

	(void)state;
	talk_begin(&t, &POLICY);
	assert_int_equal(smtp_dialogue_line_limit(t.d), 512);
	say(&t, "HELO me", SMTP_ASK_NOTHING, "250");
	assert_int_equal(smtp_dialogue_line_limit(t.d), 512);
	say(&t, "EHLO me", SMTP_ASK_NOTHING, "250");
	assert_int_equal(smtp_dialogue_line_limit(t.d), 512 + 26 + 17 + 10 + 500);
	say(&t, "AUTH PLAIN", SMTP_ASK_AUTH, NULL);
	answer(&t, SMTP_ANSWER_AUTH_CHALLENGE, "", SMTP_ASK_NOTHING, "334 ");
	assert_int_equal(smtp_dialogue_line_limit(t.d), 12288);
	talk_end(&t);
}

static void
test_no_limit_of_size(void **state)
{
	struct smtp_policy policy = POLICY;
	struct talk t;

	(void)state;
	policy.max_message_size = 0;
	talk_begin(&t, &policy);
	say(&t, "HELO me", SMTP_ASK_NOTHING, "250");
	say(&t, "AUTH PLAIN =", SMTP_ASK_AUTH, NULL);
	answer(&t, SMTP_ANSWER_AUTH_DONE, "brad@447.edu", SMTP_ASK_NOTHING, "235");
	say(&t, "MAIL FROM:<> SIZE=99999999999", SMTP_ASK_SENDER, NULL);
	talk_end(&t);
}

static void
test_no_mechanisms(void **state)
{
	struct smtp_policy policy = POLICY;
	struct talk t;

	(void)state;
	policy.mechanisms = "";
	talk_begin(&t, &policy);
	say(&t, "EHLO me", SMTP_ASK_NOTHING,
		"250-447.edu says hello\r\n250-PIPELINING\r\n250-SIZE 1000\r\n"
		"250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250-BINARYMIME\r\n"
		"250-ENHANCEDSTATUSCODES\r\n250-LIMITS RCPTMAX=100 MAILMAX=100\r\n"
		"250 HELP\r\n");
	assert_int_equal(smtp_dialogue_line_limit(t.d), 512 + 26 + 17 + 10);
	talk_end(&t);
}

/* LIMITS has numbers of at most six digits (RFC 9422 section 4). */
static void
test_limits_are_told(void **state)
{
	struct smtp_policy policy = POLICY;
	struct talk t;

	(void)state;
	policy.max_messages = 1000000;
	policy.max_recipients = 1;
	talk_begin(&t, &policy);
	smtp_dialogue_line(t.d, SMTP_LINE_FINE, "EHLO me", 7, &t.replies, &t.request);
	assert_non_null(strstr(buffer_string(&t.replies),
		"\r\n250-LIMITS RCPTMAX=1 MAILMAX=999999\r\n"));
	talk_end(&t);
}

/* RFC 2920 section 3.1, in the modern voice and where it begins; the classic one is also
 * typed from files. */
static void
test_commands_that_end_a_group(void **state)
{
	static const struct {
		const char *line;
		bool last;
	} CASES[] = { { "EHLO again", true }, { "HELO again", true }, { "DATA", true },
		{ "NOOP", false }, { "RSET", false }, { "RCPT TO:<a@447.edu>", false },
		{ "VRFY a", false }, { "HELP", false }, { "BDAT 5 LAST", false },
		{ "QUIT", false } };

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		const char *line = CASES[i].line;
		struct talk t;

		log_in(&t, "EHLO me");
		begin_message(&t);
		smtp_dialogue_more_behind(t.d, true);
		smtp_dialogue_line(
			t.d, SMTP_LINE_FINE, line, strlen(line), &t.replies, &t.request);
		if (CASES[i].last) {
			assert_string_equal(t.request.refused, "early-command");
			assert_int_equal(t.request.ask, SMTP_ASK_CLOSE);
			assert_non_null(
				strstr(buffer_string(&t.replies), "503 5.5.1 Wait "));
			assert_non_null(
				strstr(buffer_string(&t.replies), "\r\n421 4.7.0 "));
			check_replies(&t, "503 5.5.1 ");
		} else {
			assert_null(t.request.refused);
		}
		talk_end(&t);
		if (strncmp(line, "BDAT", 4) == 0)
			continue;
		log_in(&t, "HELO me");
		smtp_dialogue_more_behind(t.d, true);
		smtp_dialogue_line(
			t.d, SMTP_LINE_FINE, line, strlen(line), &t.replies, &t.request);
		assert_true(!t.request.refused == (strcmp(line, "EHLO again") != 0));
		talk_end(&t);
	}
}

/* An answer that is not the last of what came is none, whatever it says. */
static void
test_answers_end_a_group(void **state)
{
	static const char *const ANSWERS[] = { "YnJhZA==", "*", "", "not base64!" };

	(void)state;
	for (size_t i = 0; i < sizeof(ANSWERS) / sizeof(ANSWERS[0]); i++) {
		struct talk t;

		talk_begin(&t, &POLICY);
		say(&t, "EHLO me", SMTP_ASK_NOTHING, "250");
		say(&t, "AUTH LOGIN", SMTP_ASK_AUTH, NULL);
		answer(&t, SMTP_ANSWER_AUTH_CHALLENGE, "VXNlcm5hbWU6", SMTP_ASK_NOTHING,
			"334 ");
		smtp_dialogue_more_behind(t.d, true);
		say(&t, ANSWERS[i], SMTP_ASK_CLOSE, "503 5.5.1 ");
		assert_string_equal(t.request.refused, "early-command");
		talk_end(&t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_asked),
		cmocka_unit_test(test_empty_answers_are_lines),
		cmocka_unit_test(test_a_message),
		cmocka_unit_test(test_faults_of_ours),
		cmocka_unit_test(test_nobody_logs_in_by_a_wrong_answer),
		cmocka_unit_test(test_enrolled),
		cmocka_unit_test(test_message_faults),
		cmocka_unit_test(test_calls_out_of_place),
		cmocka_unit_test(test_nul_in_a_line_that_is_called_fine),
		cmocka_unit_test(test_last_words),
		cmocka_unit_test(test_line_limits),
		cmocka_unit_test(test_no_limit_of_size),
		cmocka_unit_test(test_no_mechanisms),
		cmocka_unit_test(test_limits_are_told),
		cmocka_unit_test(test_commands_that_end_a_group),
		cmocka_unit_test(test_answers_end_a_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
