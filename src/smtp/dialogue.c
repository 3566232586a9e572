// SPDX-License-Identifier: ISC
/*
 * Where calls from outside come in. A line meets the rules below in their order; the
 * first that refuses decides the reply, and a line that none refuses is carried out. That
 * order is the order in which replies win over each other: before a greeting 503, then
 * 500, 530, 501, and 503 for what is out of place.
 */
#include "smtp/dialogue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/session.h"

enum {
	LINE_MAX_COMMAND = 512,
	/* SIZE (RFC 1870), BODY (RFC 6152) and AUTH (RFC 4954) of MAIL. */
	LINE_MAX_MODERN = 512 + 26 + 17 + 500,
	LINE_MAX_AUTH = 12288,
};

/* A line as the rules see it. */
struct attempt {
	const struct smtp_session *session;
	const struct smtp_command *command;
	enum smtp_line_fault fault;
	const char *text; /* behind the verb */
	size_t len;
	struct smtp_arguments arguments;
};

static bool
permits(const struct attempt *a, enum smtp_permission permission)
{
	return a->command->permissions & permission;
}

static enum smtp_reply
rule_greeting(struct attempt *a)
{
	if (a->session->state != SMTP_STATE_CONNECTED)
		return SMTP_REPLY_NONE;
	return permits(a, SMTP_BEFORE_GREETING) ? SMTP_REPLY_NONE
						: SMTP_REPLY_GREET_FIRST;
}

static enum smtp_reply
rule_known(struct attempt *a)
{
	enum smtp_reply refusal = smtp_line_refusal(a->fault);

	if (refusal != SMTP_REPLY_NONE)
		return refusal;
	return permits(a, SMTP_KNOWN) ? SMTP_REPLY_NONE : SMTP_REPLY_UNKNOWN;
}

static enum smtp_reply
rule_tls(struct attempt *a)
{
	if (!a->session->policy->starttls || permits(a, SMTP_BEFORE_TLS))
		return SMTP_REPLY_NONE;
	return SMTP_REPLY_TLS_FIRST;
}

static enum smtp_reply
rule_login(struct attempt *a)
{
	enum smtp_state state = a->session->state;

	if (smtp_state_is_logged_in(state) || permits(a, SMTP_BEFORE_LOGIN))
		return SMTP_REPLY_NONE;
	if (permits(a, SMTP_BEFORE_LOGIN_WITH_ARGUMENT) &&
		(a->len > 0 || state == SMTP_STATE_CONNECTED))
		return SMTP_REPLY_NONE;
	if (permits(a, SMTP_ONLY_BEFORE_TLS) && a->session->policy->starttls)
		return SMTP_REPLY_NONE;
	return SMTP_REPLY_LOGIN_FIRST;
}

static enum smtp_reply
rule_arguments(struct attempt *a)
{
	return smtp_arguments_read(
		a->session, a->command, a->text, a->len, &a->arguments);
}

static enum smtp_reply
rule_transaction(struct attempt *a)
{
	if (!smtp_state_in_transaction(a->session->state))
		return SMTP_REPLY_NONE;
	return permits(a, SMTP_IN_TRANSACTION) ? SMTP_REPLY_NONE : a->command->misplaced;
}

static enum smtp_reply
rule_order(struct attempt *a)
{
	enum smtp_state state = a->session->state;

	if (permits(a, SMTP_ONLY_BEFORE_TLS) && !a->session->policy->starttls)
		return a->command->misplaced;
	if (smtp_state_next(state, a->command->event) != SMTP_STATE_NONE)
		return SMTP_REPLY_NONE;
	if (a->command->misplaced)
		return a->command->misplaced;
	return state == SMTP_STATE_SENDER ? SMTP_REPLY_RECIPIENT_FIRST
					  : SMTP_REPLY_SENDER_FIRST;
}

/* A person may type ahead; a program that does has not read RFC 2920 section 3.1. */
static enum smtp_reply
rule_group(struct attempt *a)
{
	bool modern = a->session->modern || a->command->verb == SMTP_VERB_EHLO;

	if (!modern || !a->session->more_behind || permits(a, SMTP_IN_GROUP))
		return SMTP_REPLY_NONE;
	return SMTP_REPLY_EARLY;
}

static enum smtp_reply
attempt_judge(struct attempt *a)
{
	static enum smtp_reply (*const RULES[])(struct attempt *) = {
		rule_greeting,
		rule_known,
		rule_tls,
		rule_login,
		rule_arguments,
		rule_transaction,
		rule_order,
		rule_group,
	};
	size_t n = sizeof(RULES) / sizeof(RULES[0]);
	enum smtp_reply refusal = SMTP_REPLY_NONE;

	for (size_t i = 0; i < n && refusal == SMTP_REPLY_NONE; i++)
		refusal = RULES[i](a);
	return refusal;
}

static int
dialogue_refuse(struct smtp_turn *t, const struct attempt *a, enum smtp_reply refusal)
{
	int r = smtp_turn_reply(t, refusal, a->arguments.blame);

	if (r < 0)
		return r;
	if (refusal == SMTP_REPLY_EARLY && t->request->ask != SMTP_ASK_CLOSE)
		r = smtp_turn_close(t, SMTP_REPLY_EARLY_BYE);
	return r;
}

static int
dialogue_command(
	struct smtp_turn *t, enum smtp_line_fault fault, const char *line, size_t len)
{
	struct attempt a = {
		.session = &t->d->session,
		.command = smtp_command_of(SMTP_VERB_UNKNOWN),
		.fault = fault,
	};
	enum smtp_reply refusal;

	if (fault == SMTP_LINE_FINE)
		a.command = smtp_command_parse(line, len, &a.text, &a.len);
	/* The log is told of an unreadable line whatever the reply to it is. */
	t->request->refused = smtp_reply_refused(smtp_line_refusal(fault));
	refusal = attempt_judge(&a);
	if (refusal != SMTP_REPLY_NONE)
		return dialogue_refuse(t, &a, refusal);
	return smtp_verb_run(t, a.command, &a.arguments);
}

struct smtp_dialogue *
smtp_dialogue_new(const struct smtp_policy *policy)
{
	struct smtp_dialogue *d = calloc(1, sizeof(*d));

	if (d)
		d->session.policy = policy;
	return d;
}

void
smtp_dialogue_free(struct smtp_dialogue *d)
{
	if (!d)
		return;
	smtp_transaction_drop(&d->transaction);
	buffer_wipe(&d->words);
	free(d->session.helo);
	free(d->session.user);
	free(d);
}

int
smtp_dialogue_banner(struct smtp_dialogue *d, struct buffer *replies)
{
	return smtp_reply_append(
		replies, false, SMTP_REPLY_BANNER, d->session.policy->hostname);
}

void
smtp_dialogue_more_behind(struct smtp_dialogue *d, bool more)
{
	d->session.more_behind = more;
}

int
smtp_dialogue_line(struct smtp_dialogue *d, enum smtp_line_fault fault, const char *line,
	size_t len, struct buffer *replies, struct smtp_request *ret)
{
	struct smtp_turn t = { .d = d, .replies = replies, .request = ret };

	*ret = (struct smtp_request){ .ask = SMTP_ASK_NOTHING };
	if (d->waiting != SMTP_ASK_NOTHING || d->session.state == SMTP_STATE_MESSAGE)
		return -EINVAL;
	if (d->session.state == SMTP_STATE_CLOSED) {
		ret->ask = SMTP_ASK_CLOSE;
		return 0;
	}
	if (fault == SMTP_LINE_FINE && memchr(line, '\0', len))
		fault = SMTP_LINE_NUL;
	if (d->session.state == SMTP_STATE_AUTHENTICATING)
		return smtp_login_line(&t, fault, line, len);
	return dialogue_command(&t, fault, line, len);
}

int
smtp_dialogue_answer(struct smtp_dialogue *d, enum smtp_answer answer, const char *text,
	struct buffer *replies, struct smtp_request *ret)
{
	struct smtp_turn t = { .d = d, .replies = replies, .request = ret };
	enum smtp_ask ask = d->waiting;

	*ret = (struct smtp_request){ .ask = SMTP_ASK_NOTHING };
	d->waiting = SMTP_ASK_NOTHING;
	if (ask == SMTP_ASK_AUTH)
		return smtp_login_answer(&t, answer, text);
	return smtp_transaction_answer(&t, ask, answer);
}

static enum smtp_reply
message_refusal(enum smtp_data_fault fault)
{
	switch (fault) {
	case SMTP_DATA_FINE:
		return SMTP_REPLY_NONE;
	case SMTP_DATA_BARE_CR:
		return SMTP_REPLY_MESSAGE_BARE_CR;
	case SMTP_DATA_BARE_LF:
		return SMTP_REPLY_MESSAGE_BARE_LF;
	case SMTP_DATA_NUL:
		return SMTP_REPLY_MESSAGE_NUL;
	case SMTP_DATA_LINE_TOO_LONG:
		return SMTP_REPLY_MESSAGE_LINE;
	case SMTP_DATA_TOO_BIG:
		return SMTP_REPLY_MESSAGE_TOO_BIG;
	case SMTP_DATA_LOOP:
		return SMTP_REPLY_MESSAGE_LOOP;
	case SMTP_DATA_HEADER_TOO_BIG:
		return SMTP_REPLY_HEADER_TOO_BIG;
	case SMTP_DATA_HEADER_LINE:
		return SMTP_REPLY_HEADER_LINE;
	case SMTP_DATA_HEADER_NAME:
		return SMTP_REPLY_HEADER_NAME;
	}
	return SMTP_REPLY_FAULT;
}

int
smtp_dialogue_message_end(struct smtp_dialogue *d, enum smtp_data_fault fault,
	struct buffer *replies, struct smtp_request *ret)
{
	struct smtp_turn t = { .d = d, .replies = replies, .request = ret };
	enum smtp_reply refusal = message_refusal(fault);

	*ret = (struct smtp_request){ .ask = SMTP_ASK_NOTHING };
	if (d->session.state != SMTP_STATE_MESSAGE)
		return -EINVAL;
	if (refusal == SMTP_REPLY_NONE) {
		smtp_dialogue_advance(d, SMTP_EVENT_WHOLE);
		smtp_turn_ask(&t, SMTP_ASK_FINISH);
		return 0;
	}
	smtp_dialogue_advance(d, SMTP_EVENT_DONE);
	ret->ask = SMTP_ASK_DISCARD;
	return smtp_turn_reply(&t, refusal, NULL);
}

int
smtp_dialogue_goodbye(
	struct smtp_dialogue *d, enum smtp_goodbye why, struct buffer *replies)
{
	static const enum smtp_reply WORDS[] = {
		[SMTP_GOODBYE_TIMEOUT] = SMTP_REPLY_TIMEOUT,
		[SMTP_GOODBYE_SHUTDOWN] = SMTP_REPLY_SHUTDOWN,
		[SMTP_GOODBYE_FAULT] = SMTP_REPLY_OUR_FAULT,
		[SMTP_GOODBYE_EARLY] = SMTP_REPLY_EARLY_BYE,
	};
	struct smtp_request unused = { .ask = SMTP_ASK_NOTHING };
	struct smtp_turn t = { .d = d, .replies = replies, .request = &unused };

	if (d->session.state == SMTP_STATE_CLOSED)
		return 0;
	return smtp_turn_close(&t, WORDS[why]);
}

bool
smtp_dialogue_in_message(const struct smtp_dialogue *d)
{
	return d->session.state == SMTP_STATE_MESSAGE;
}

bool
smtp_dialogue_is_modern(const struct smtp_dialogue *d)
{
	return d->session.modern;
}

const char *
smtp_dialogue_helo(const struct smtp_dialogue *d)
{
	return d->session.helo ? d->session.helo : "";
}

const char *
smtp_dialogue_user(const struct smtp_dialogue *d)
{
	return d->session.user;
}

const char *
smtp_dialogue_sender(const struct smtp_dialogue *d)
{
	return d->transaction.sender;
}

const char *const *
smtp_dialogue_recipients(const struct smtp_dialogue *d, size_t *ret_n)
{
	*ret_n = d->transaction.n_recipients;
	return (const char *const *)d->transaction.recipients;
}

const char *
smtp_dialogue_state_name(const struct smtp_dialogue *d)
{
	return smtp_state_name(d->session.state);
}

size_t
smtp_dialogue_line_limit(const struct smtp_dialogue *d)
{
	if (d->session.state == SMTP_STATE_AUTHENTICATING)
		return LINE_MAX_AUTH;
	return d->session.modern ? LINE_MAX_MODERN : LINE_MAX_COMMAND;
}
