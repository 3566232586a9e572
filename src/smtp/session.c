// SPDX-License-Identifier: ISC
/*
 * What all verbs use: the one function for changes of state, replies that count as
 * errors, the end of the session. Owns nothing. The one fault is -ENOMEM.
 */
#include "smtp/session.h"

void
smtp_dialogue_advance(struct smtp_dialogue *d, enum smtp_event event)
{
	enum smtp_state next = smtp_state_next(d->session.state, event);

	if (next == SMTP_STATE_NONE)
		next = SMTP_STATE_CLOSED;
	if (!smtp_state_in_transaction(next))
		smtp_transaction_drop(&d->transaction);
	d->session.state = next;
}

void
smtp_dialogue_count(struct smtp_dialogue *d, enum smtp_reply reply)
{
	unsigned code = smtp_reply_code(d->session.modern, reply);

	if (code >= SMTP_REFUSAL_FIRST && code <= SMTP_REFUSAL_LAST)
		d->session.refusals[code - SMTP_REFUSAL_FIRST]++;
}

int
smtp_turn_close(struct smtp_turn *t, enum smtp_reply reply)
{
	const struct smtp_session *s = &t->d->session;

	smtp_dialogue_advance(t->d, SMTP_EVENT_CLOSE);
	t->d->incoming.in_chunk = false;
	t->d->waiting = SMTP_ASK_NOTHING;
	t->request->ask = SMTP_ASK_CLOSE;
	if (smtp_reply_refused(reply))
		t->request->refused = smtp_reply_refused(reply);
	smtp_dialogue_count(t->d, reply);
	return smtp_reply_append(t->replies, s->modern, reply, s->policy->hostname);
}

int
smtp_turn_reply(struct smtp_turn *t, enum smtp_reply reply, const char *argument)
{
	struct smtp_session *s = &t->d->session;
	int r;

	if (reply == SMTP_REPLY_LIMIT)
		argument = s->limit;
	r = smtp_reply_append(t->replies, s->modern, reply, argument);

	if (r < 0)
		return r;
	smtp_dialogue_count(t->d, reply);
	if (smtp_reply_refused(reply))
		t->request->refused = smtp_reply_refused(reply);
	if (!smtp_reply_is_error(reply))
		return 0;
	s->errors++;
	if (s->errors < s->policy->max_errors)
		return 0;
	return smtp_turn_close(t, SMTP_REPLY_TOO_MANY_ERRORS);
}

void
smtp_turn_ask(struct smtp_turn *t, enum smtp_ask ask)
{
	t->request->ask = ask;
	t->d->waiting = ask;
}

enum smtp_reply
smtp_answer_refusal(enum smtp_answer answer)
{
	if (answer == SMTP_ANSWER_LIMIT)
		return SMTP_REPLY_LIMIT;
	return answer == SMTP_ANSWER_FULL ? SMTP_REPLY_FULL : SMTP_REPLY_FAULT;
}

void
smtp_turn_settle(struct smtp_turn *t)
{
	struct smtp_dialogue *d = t->d;

	if (!d->incoming.open || smtp_state_in_transaction(d->session.state))
		return;
	d->incoming.open = false;
	if (t->request->ask == SMTP_ASK_NOTHING)
		t->request->ask = SMTP_ASK_DISCARD;
}

enum smtp_reply
smtp_line_refusal(enum smtp_line_fault fault)
{
	switch (fault) {
	case SMTP_LINE_FINE:
		return SMTP_REPLY_NONE;
	case SMTP_LINE_TOO_LONG:
		return SMTP_REPLY_LINE_TOO_LONG;
	case SMTP_LINE_BARE_CR:
		return SMTP_REPLY_LINE_BARE_CR;
	case SMTP_LINE_BARE_LF:
		return SMTP_REPLY_LINE_BARE_LF;
	case SMTP_LINE_NUL:
		return SMTP_REPLY_LINE_NUL;
	}
	return SMTP_REPLY_UNKNOWN;
}
