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

/* Bytes with CRLF. What each extension adds to the line of MAIL is in its RFC. */
enum {
	LINE_MAX_COMMAND = 512, /* RFC 5321 section 4.5.3.1.4 */
	LINE_MORE_SIZE = 26,    /* RFC 1870 section 3 */
	LINE_MORE_BODY = 17,    /* RFC 6152 section 3; RFC 3030 section 3 needs 16 */
	LINE_MORE_UTF8 = 10,    /* RFC 6531 section 3.1, of VRFY, too */
	LINE_MORE_AUTH = 500,   /* RFC 4954 section 3 */
	LINE_MAX_AUTH = 12288,  /* RFC 4954 section 4 */
};

/* A line as the rules see it. */
struct attempt {
	const struct smtp_dialogue *dialogue;
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
	if (permits(a, SMTP_ONLY_TO_ENROL) && !a->session->policy->enrols_only)
		return SMTP_REPLY_UNKNOWN;
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
rule_enrol(struct attempt *a)
{
	if (!a->session->policy->enrols_only || permits(a, SMTP_TO_ENROL))
		return SMTP_REPLY_NONE;
	return SMTP_REPLY_ENROL_ONLY;
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
		a->dialogue, a->command, a->text, a->len, &a->arguments);
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
	if (permits(a, SMTP_ONLY_MODERN) && !a->session->modern)
		return SMTP_REPLY_MODERN_ONLY;
	if (smtp_state_next(state, a->command->event) != SMTP_STATE_NONE)
		return SMTP_REPLY_NONE;
	if (a->command->misplaced)
		return a->command->misplaced;
	if (state == SMTP_STATE_CHUNKS)
		return SMTP_REPLY_CHUNKS_BEGUN;
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
		rule_enrol,
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

/* The reply to what came too early, and the end, so that none of it is read. */
static int
dialogue_too_early(struct smtp_turn *t, const struct smtp_command *command)
{
	int r = smtp_turn_reply(t, SMTP_REPLY_EARLY, command->name);

	if (r < 0 || t->request->ask == SMTP_ASK_CLOSE)
		return r;
	return smtp_turn_close(t, SMTP_REPLY_EARLY_BYE);
}

static int
dialogue_refuse(struct smtp_turn *t, const struct attempt *a, enum smtp_reply refusal)
{
	if (refusal == SMTP_REPLY_EARLY)
		return dialogue_too_early(t, a->command);
	if (a->command->verb == SMTP_VERB_BDAT)
		return smtp_chunk_refuse(t, refusal, a->text, a->len);
	return smtp_turn_reply(t, refusal, a->arguments.blame);
}

static int
dialogue_command(
	struct smtp_turn *t, enum smtp_line_fault fault, const char *line, size_t len)
{
	struct attempt a = {
		.dialogue = t->d,
		.session = &t->d->session,
		.command = smtp_command_of(SMTP_VERB_UNKNOWN),
		.fault = fault,
	};
	enum smtp_reply refusal;

	if (fault == SMTP_LINE_FINE)
		a.command = smtp_command_parse(line, len, &a.text, &a.len);
	else if (smtp_chunk_is_meant(line, len))
		/* Without a number: what follows may be octets or commands. */
		a.command = smtp_command_of(SMTP_VERB_BDAT);
	/* The log is told of an unreadable line whatever the reply to it is. */
	t->request->refused = smtp_reply_refused(smtp_line_refusal(fault));
	refusal = attempt_judge(&a);
	return refusal ? dialogue_refuse(t, &a, refusal)
		       : smtp_verb_run(t, a.command, &a.arguments);
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
	free(d->session.limit);
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

	int r;

	*ret = (struct smtp_request){ .ask = SMTP_ASK_NOTHING };
	if (d->waiting != SMTP_ASK_NOTHING || smtp_dialogue_in_message(d))
		return -EINVAL;
	if (d->session.state == SMTP_STATE_CLOSED) {
		ret->ask = SMTP_ASK_CLOSE;
		return 0;
	}
	if (fault == SMTP_LINE_FINE && memchr(line, '\0', len))
		fault = SMTP_LINE_NUL;
	if (d->session.state == SMTP_STATE_AUTHENTICATING)
		return smtp_login_line(&t, fault, line, len);
	r = dialogue_command(&t, fault, line, len);
	smtp_turn_settle(&t);
	return r;
}

/* The reply may have to wait for octets that nobody wants to pass. */
static int
keep_limit(struct smtp_dialogue *d, const char *text)
{
	char *copy = strdup(text ? text : "");

	if (!copy)
		return -ENOMEM;
	free(d->session.limit);
	d->session.limit = copy;
	return 0;
}

int
smtp_dialogue_answer(struct smtp_dialogue *d, enum smtp_answer answer, const char *text,
	struct buffer *replies, struct smtp_request *ret)
{
	struct smtp_turn t = { .d = d, .replies = replies, .request = ret };
	enum smtp_ask ask = d->waiting;
	int r;

	*ret = (struct smtp_request){ .ask = SMTP_ASK_NOTHING };
	d->waiting = SMTP_ASK_NOTHING;
	if (answer == SMTP_ANSWER_LIMIT && (r = keep_limit(d, text)) < 0)
		return r;
	if (ask == SMTP_ASK_AUTH)
		return smtp_login_answer(&t, answer, text);
	if (ask == SMTP_ASK_ENROL)
		return smtp_enrol_answer(&t, answer, text);
	r = smtp_transaction_answer(&t, ask, answer);
	smtp_turn_settle(&t);
	return r;
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

int
smtp_dialogue_turn_away(struct smtp_dialogue *d, const char *text, struct buffer *replies)
{
	bool modern = d->session.modern || d->session.state == SMTP_STATE_CONNECTED;

	if (d->session.state == SMTP_STATE_CLOSED)
		return 0;
	smtp_dialogue_advance(d, SMTP_EVENT_CLOSE);
	d->incoming.in_chunk = false;
	d->waiting = SMTP_ASK_NOTHING;
	smtp_dialogue_count(d, SMTP_REPLY_TURNED_AWAY);
	return smtp_reply_append(replies, modern, SMTP_REPLY_TURNED_AWAY, text);
}

unsigned
smtp_dialogue_refusals(const struct smtp_dialogue *d, unsigned code)
{
	if (code < SMTP_REFUSAL_FIRST || code > SMTP_REFUSAL_LAST)
		return 0;
	return d->session.refusals[code - SMTP_REFUSAL_FIRST];
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

bool
smtp_dialogue_is_utf8(const struct smtp_dialogue *d)
{
	return d->transaction.utf8;
}

bool
smtp_dialogue_is_binary(const struct smtp_dialogue *d)
{
	return d->transaction.body == SMTP_BODY_BINARY;
}

const char *const *
smtp_dialogue_recipients(const struct smtp_dialogue *d, size_t *ret_n)
{
	*ret_n = d->transaction.n_recipients;
	return (const char *const *)d->transaction.recipients;
}

enum smtp_state
smtp_dialogue_state(const struct smtp_dialogue *d)
{
	return d->session.state;
}

const char *
smtp_dialogue_state_name(const struct smtp_dialogue *d)
{
	return smtp_state_name(d->session.state);
}

size_t
smtp_dialogue_line_limit(const struct smtp_dialogue *d)
{
	size_t limit = LINE_MAX_COMMAND;

	if (d->session.state == SMTP_STATE_AUTHENTICATING)
		return LINE_MAX_AUTH;
	if (!d->session.modern)
		return limit;
	limit += LINE_MORE_SIZE + LINE_MORE_BODY + LINE_MORE_UTF8;
	return smtp_offers_auth(d->session.policy) ? limit + LINE_MORE_AUTH : limit;
}
