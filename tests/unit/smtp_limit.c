// SPDX-License-Identifier: ISC
/*
 * Answers that say "over a limit", at each place where one may come, and the counting of
 * what was refused.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
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

static const char TEXT[] = "Too many of them, come back in 7 seconds";

struct talk {
	struct smtp_dialogue *d;
	struct buffer replies;
	struct smtp_request request;
};

static void
expect(struct talk *t, enum smtp_ask ask, const char *replies)
{
	assert_int_equal(t->request.ask, ask);
	assert_string_equal(buffer_string(&t->replies), replies);
	buffer_consume(&t->replies, buffer_len(&t->replies));
}

static void
say(struct talk *t, const char *line)
{
	buffer_consume(&t->replies, buffer_len(&t->replies));
	assert_int_equal(smtp_dialogue_line(t->d, SMTP_LINE_FINE, line, strlen(line),
				 &t->replies, &t->request),
		0);
}

static void
answer(struct talk *t, enum smtp_answer a, const char *text)
{
	buffer_consume(&t->replies, buffer_len(&t->replies));
	assert_int_equal(
		smtp_dialogue_answer(t->d, a, text, &t->replies, &t->request), 0);
}

/* Up to a state with these lines, each of which is answered with yes where it asks. */
static void
begin_as(const struct smtp_policy *policy, struct talk *t, const char *const *lines)
{
	*t = (struct talk){ .d = smtp_dialogue_new(policy) };
	for (; *lines; lines++) {
		say(t, *lines);
		if (t->request.ask == SMTP_ASK_AUTH)
			answer(t, SMTP_ANSWER_AUTH_DONE, "brad@447.edu");
		else if (t->request.ask != SMTP_ASK_NOTHING)
			answer(t, SMTP_ANSWER_YES, NULL);
	}
}

static void
begin(struct talk *t, const char *const *lines)
{
	begin_as(&POLICY, t, lines);
}

static void
end(struct talk *t)
{
	smtp_dialogue_free(t->d);
	buffer_free(&t->replies);
}

#define LOGIN "EHLO me", "AUTH PLAIN ="
#define MAIL  "MAIL FROM:<brad@447.edu>"
#define RCPT  "RCPT TO:<brad@447.edu>"

/* Nothing but that command is refused, and it may be given again. */
static void
test_for_now(void **state)
{
	static const struct {
		const char *lines[6];
		const char *refused;
		const char *state;
	} CASES[] = {
		{ { LOGIN }, MAIL, "ready" },
		{ { LOGIN, MAIL }, RCPT, "sender" },
		{ { LOGIN, MAIL, RCPT }, RCPT, "recipients" },
		{ { LOGIN, MAIL, RCPT }, "DATA", "recipients" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct talk t;

		begin(&t, CASES[i].lines);
		for (int again = 0; again < 20; again++) {
			say(&t, CASES[i].refused);
			answer(&t, SMTP_ANSWER_LIMIT, TEXT);
			expect(&t, SMTP_ASK_NOTHING,
				"450 4.7.1 Too many of them, come back in 7 seconds\r\n");
			assert_string_equal(
				smtp_dialogue_state_name(t.d), CASES[i].state);
		}
		assert_int_equal(smtp_dialogue_refusals(t.d, 450), 20);
		say(&t, CASES[i].refused);
		answer(&t, SMTP_ANSWER_YES, NULL);
		assert_true(strncmp(buffer_string(&t.replies), "250", 3) == 0 ||
			    strncmp(buffer_string(&t.replies), "354", 3) == 0);
		end(&t);
	}
}

static void
test_classic_voice(void **state)
{
	static const char *const LINES[] = { "HELO me", "AUTH PLAIN =", NULL };
	struct talk t;

	(void)state;
	begin(&t, LINES);
	say(&t, MAIL);
	answer(&t, SMTP_ANSWER_LIMIT, TEXT);
	expect(&t, SMTP_ASK_NOTHING, "450 Too many of them, come back in 7 seconds\r\n");
	end(&t);
}

/* The octets of a chunk pass first, and none of them is a command. */
static void
test_chunk(void **state)
{
	static const char *const LINES[] = { LOGIN, MAIL, RCPT, NULL };
	size_t out, consumed;
	char octets[8];
	struct talk t;

	(void)state;
	begin(&t, LINES);
	say(&t, "BDAT 6 LAST");
	assert_int_equal(t.request.ask, SMTP_ASK_OPEN);
	answer(&t, SMTP_ANSWER_LIMIT, TEXT);
	expect(&t, SMTP_ASK_NOTHING, "");
	assert_true(smtp_dialogue_in_message(t.d));
	assert_true(
		smtp_dialogue_message(t.d, "QUIT\r\nNOOP", 10, octets, &out, &consumed));
	assert_int_equal(consumed, 6);
	assert_int_equal(out, 0);
	assert_int_equal(
		smtp_dialogue_message_end(t.d, SMTP_DATA_FINE, &t.replies, &t.request),
		0);
	expect(&t, SMTP_ASK_NOTHING,
		"450 4.7.1 Too many of them, come back in 7 seconds\r\n");
	end(&t);
}

static void
test_login(void **state)
{
	static const char *const GREETINGS[][2] = { { "EHLO me", NULL },
		{ "HELO me", NULL } };
	static const char *const REPLIES[] = {
		"421 4.7.0 Too many of them, come back in 7 seconds\r\n",
		"421 Too many of them, come back in 7 seconds\r\n"
	};
	struct smtp_policy enrols = POLICY;

	(void)state;
	enrols.enrols_only = true;
	for (size_t i = 0; i < 4; i++) {
		bool token = i / 2 == 1;
		struct talk t;

		begin_as(token ? &enrols : &POLICY, &t, GREETINGS[i % 2]);
		say(&t, token ? "XENROL abc" : "AUTH PLAIN =");
		assert_int_equal(t.request.ask, token ? SMTP_ASK_ENROL : SMTP_ASK_AUTH);
		answer(&t, SMTP_ANSWER_LIMIT, TEXT);
		expect(&t, SMTP_ASK_CLOSE, REPLIES[i % 2]);
		assert_null(smtp_dialogue_user(t.d));
		assert_int_equal(smtp_dialogue_state(t.d), SMTP_STATE_CLOSED);
		assert_int_equal(smtp_dialogue_refusals(t.d, 421), 1);
		end(&t);
	}
}

static void
test_turned_away(void **state)
{
	struct talk t = { .d = smtp_dialogue_new(&POLICY) };

	(void)state;
	assert_int_equal(smtp_dialogue_turn_away(t.d, TEXT, &t.replies), 0);
	assert_string_equal(buffer_string(&t.replies),
		"421 4.7.0 Too many of them, come back in 7 seconds\r\n");
	/* Once. */
	assert_int_equal(smtp_dialogue_turn_away(t.d, TEXT, &t.replies), 0);
	assert_int_equal(smtp_dialogue_refusals(t.d, 421), 1);
	say(&t, "NOOP");
	expect(&t, SMTP_ASK_CLOSE, "");
	end(&t);
}

/* By code, as the voice has it; what is no refusal is not among them. */
static void
test_refusals(void **state)
{
	static const char *const LINES[] = { "NONSENSE", "HELO me", "NONSENSE", "MAIL",
		"EHLO me", "MAIL", "NOOP", "HELP", NULL };
	struct talk t;

	(void)state;
	begin(&t, LINES);
	assert_int_equal(smtp_dialogue_refusals(t.d, 503), 1);
	assert_int_equal(smtp_dialogue_refusals(t.d, 500), 1);
	assert_int_equal(smtp_dialogue_refusals(t.d, 530), 2);
	assert_int_equal(smtp_dialogue_refusals(t.d, 250), 0);
	assert_int_equal(smtp_dialogue_refusals(t.d, 399), 0);
	assert_int_equal(smtp_dialogue_refusals(t.d, 600), 0);
	assert_int_equal(smtp_dialogue_goodbye(t.d, SMTP_GOODBYE_TIMEOUT, &t.replies), 0);
	assert_int_equal(smtp_dialogue_refusals(t.d, 421), 1);
	end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_for_now),
		cmocka_unit_test(test_classic_voice),
		cmocka_unit_test(test_chunk),
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_turned_away),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
