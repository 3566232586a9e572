// SPDX-License-Identifier: ISC
/*
 * The transition table and the command table, against the few sentences that they have to
 * keep, in every state.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "smtp/command.h"
#include "smtp/state.h"

static const enum smtp_state NONE = SMTP_STATE_NONE;

static enum smtp_state
next(enum smtp_state state, enum smtp_event event)
{
	return smtp_state_next(state, event);
}

static bool
awaits_commands(enum smtp_state s)
{
	return s != SMTP_STATE_AUTHENTICATING && s != SMTP_STATE_MESSAGE &&
	       s != SMTP_STATE_DELIVERY && s != SMTP_STATE_CLOSED;
}

static void
test_every_state_and_event(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SMTP_STATES; i++) {
		enum smtp_state s = (enum smtp_state)i;
		bool in = smtp_state_is_logged_in(s);
		enum smtp_state rest = in ? SMTP_STATE_READY : SMTP_STATE_GREETED;

		assert_int_equal(next(s, SMTP_EVENT_CLOSE), SMTP_STATE_CLOSED);
		assert_int_equal(
			next(s, SMTP_EVENT_NOTHING), awaits_commands(s) ? s : NONE);
		assert_int_equal(
			next(s, SMTP_EVENT_GREETING), awaits_commands(s) ? rest : NONE);
		if (s != SMTP_STATE_CONNECTED)
			assert_int_equal(next(s, SMTP_EVENT_RESET),
				awaits_commands(s) ? rest : NONE);
		assert_int_equal(next(s, SMTP_EVENT_AUTH),
			s == SMTP_STATE_GREETED ? SMTP_STATE_AUTHENTICATING : NONE);
		assert_int_equal(next(s, SMTP_EVENT_LOGIN),
			s == SMTP_STATE_AUTHENTICATING ? SMTP_STATE_READY : NONE);
		assert_int_equal(next(s, SMTP_EVENT_SENDER),
			s == SMTP_STATE_READY ? SMTP_STATE_SENDER : NONE);
		assert_int_equal(next(s, SMTP_EVENT_DATA),
			s == SMTP_STATE_RECIPIENTS ? SMTP_STATE_MESSAGE : NONE);
		assert_int_equal(next(s, SMTP_EVENT_CHUNK),
			s == SMTP_STATE_RECIPIENTS || s == SMTP_STATE_CHUNKS
				? SMTP_STATE_CHUNKS
				: NONE);
		assert_int_equal(next(s, SMTP_EVENT_WHOLE),
			s == SMTP_STATE_MESSAGE || s == SMTP_STATE_CHUNKS
				? SMTP_STATE_DELIVERY
				: NONE);
		assert_non_null(smtp_state_name(s));
	}
	assert_int_equal(
		next(SMTP_STATE_CONNECTED, SMTP_EVENT_RESET), SMTP_STATE_CONNECTED);
	assert_int_equal(next(SMTP_STATES, SMTP_EVENT_CLOSE), NONE);
	assert_int_equal(next(SMTP_STATE_READY, SMTP_EVENTS), NONE);
}

/* Nobody gets from before the login to behind it but by LOGIN. */
static void
test_login_is_the_only_way_in(void **state)
{
	(void)state;
	for (unsigned s = 0; s < SMTP_STATES; s++)
		for (unsigned e = 0; e < SMTP_EVENTS; e++) {
			enum smtp_state to = next((enum smtp_state)s, (enum smtp_event)e);

			if (to == NONE || !smtp_state_is_logged_in(to))
				continue;
			assert_true(smtp_state_is_logged_in((enum smtp_state)s) ||
				    e == SMTP_EVENT_LOGIN);
		}
}

static void
test_commands(void **state)
{
	(void)state;
	for (unsigned v = 1; v < SMTP_VERBS; v++) {
		const struct smtp_command *c = smtp_command_of((enum smtp_verb)v);
		bool fits = next(SMTP_STATE_SENDER, c->event) != NONE ||
			    next(SMTP_STATE_RECIPIENTS, c->event) != NONE;

		assert_int_equal(c->verb, v);
		assert_ptr_equal(smtp_command_find(c->name, strlen(c->name)), c);
		assert_true(c->permissions & SMTP_KNOWN);
		assert_non_null(c->help);
		/* Both tables say the same of transactions. */
		if (!(c->permissions & SMTP_ONLY_BEFORE_TLS))
			assert_int_equal(
				fits, (c->permissions & SMTP_IN_TRANSACTION) != 0);
		if (!fits)
			assert_int_not_equal(c->misplaced, SMTP_REPLY_NONE);
	}
	assert_int_equal(smtp_command_of(SMTP_VERB_UNKNOWN)->permissions, 0);
	assert_int_equal(smtp_command_find("", 0)->verb, SMTP_VERB_UNKNOWN);
}

static void
test_parse(void **state)
{
	static const struct {
		const char *line;
		enum smtp_verb verb;
		const char *text;
	} CASES[] = {
		{ "", SMTP_VERB_UNKNOWN, "" },
		{ "   ", SMTP_VERB_UNKNOWN, "" },
		{ "quit", SMTP_VERB_QUIT, "" },
		{ "QuIt \t ", SMTP_VERB_QUIT, "" },
		{ " QUIT", SMTP_VERB_UNKNOWN, "QUIT" },
		{ "QUITS", SMTP_VERB_UNKNOWN, "" },
		{ "QUI", SMTP_VERB_UNKNOWN, "" },
		{ "HELO  a  b ", SMTP_VERB_HELO, "a  b" },
		{ "NOOP\tx", SMTP_VERB_NOOP, "x" },
		{ "MAIL FROM:<>", SMTP_VERB_MAIL, "FROM:<>" },
		{ "MAIL:FROM", SMTP_VERB_UNKNOWN, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		const struct smtp_command *c;
		const char *text;
		size_t len;

		c = smtp_command_parse(CASES[i].line, strlen(CASES[i].line), &text, &len);
		assert_int_equal(c->verb, CASES[i].verb);
		assert_int_equal(len, strlen(CASES[i].text));
		assert_memory_equal(text, CASES[i].text, len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_state_and_event),
		cmocka_unit_test(test_login_is_the_only_way_in),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
