// SPDX-License-Identifier: ISC
/*
 * A login as the dialogue sees it: AUTH begins an exchange that somebody else carries on,
 * its challenges and answers pass through, its verdict becomes a reply (RFC 4954 section
 * 4). What the peer sent is wiped as soon as it is answered.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/session.h"

enum {
	WRONG_LOGINS_MAX = 3,
	DELAY_FIRST = 1000, /* milliseconds */
	DELAY_MAX = 8000,
};

int
smtp_words_keep(struct buffer *words, const char *text, size_t len, size_t *ret_at)
{
	int r;

	*ret_at = buffer_len(words);
	r = buffer_append(words, text, len);
	return r < 0 ? r : buffer_append(words, "", 1);
}

static const char *
kept_string(const struct buffer *words, bool present, size_t at)
{
	return present ? buffer_data(words) + at : NULL;
}

int
smtp_login_begin(struct smtp_turn *t, const struct smtp_arguments *a)
{
	struct buffer *words = &t->d->words;
	size_t mechanism = 0, initial = 0;
	int r = 0;

	buffer_wipe(words);
	if (a->mechanism)
		r = smtp_words_keep(words, a->mechanism, a->mechanism_len, &mechanism);
	if (r == 0 && a->initial)
		r = smtp_words_keep(words, a->initial, a->initial_len, &initial);
	if (r < 0)
		return r;
	smtp_dialogue_advance(t->d, SMTP_EVENT_AUTH);
	t->request->auth_first = true;
	t->request->mechanism = kept_string(words, a->mechanism, mechanism);
	t->request->line = kept_string(words, a->initial, initial);
	smtp_turn_ask(t, SMTP_ASK_AUTH);
	return 0;
}

int
smtp_login_refuse(struct smtp_turn *t, enum smtp_reply reply)
{
	struct smtp_session *s = &t->d->session;
	unsigned delay = DELAY_FIRST;
	int r;

	for (unsigned i = 0; i < s->wrong_logins && delay < DELAY_MAX; i++)
		delay *= 2;
	s->wrong_logins++;
	t->request->delay = delay;
	r = smtp_turn_reply(t, reply, NULL);
	if (r < 0 || s->wrong_logins < WRONG_LOGINS_MAX)
		return r;
	return smtp_turn_close(t, SMTP_REPLY_TOO_MANY_LOGINS);
}

static int
login_wrong(struct smtp_turn *t)
{
	smtp_dialogue_advance(t->d, SMTP_EVENT_NO_LOGIN);
	return smtp_login_refuse(t, SMTP_REPLY_AUTH_WRONG);
}

/* An exchange that ends without a verdict on a password. */
static int
login_ends(struct smtp_turn *t, enum smtp_reply reply)
{
	smtp_dialogue_advance(t->d, SMTP_EVENT_NO_LOGIN);
	return smtp_turn_reply(t, reply, "AUTH");
}

/* In the classic voice what cannot be read is a wrong password. */
static int
login_unreadable(struct smtp_turn *t, enum smtp_reply reply)
{
	if (!t->d->session.modern)
		return login_wrong(t);
	return login_ends(t, reply);
}

static int
login_done(struct smtp_turn *t, const char *user)
{
	char *copy = strdup(user);

	if (!copy)
		return -ENOMEM;
	free(t->d->session.user);
	t->d->session.user = copy;
	smtp_dialogue_advance(t->d, SMTP_EVENT_LOGIN);
	return smtp_turn_reply(t, SMTP_REPLY_AUTH_DONE, NULL);
}

/* 330 is followed by the end, as the peer is to begin again with the password. */
static int
login_enrolled(struct smtp_turn *t, const char *password)
{
	smtp_dialogue_advance(t->d, SMTP_EVENT_CLOSE);
	t->request->ask = SMTP_ASK_CLOSE;
	return smtp_turn_reply(t, SMTP_REPLY_AUTH_ENROLLED, password);
}

/* What overtakes the reply to an answer does not know whether it is heard by somebody who
 * is logged in. */
static int
login_overtaken(struct smtp_turn *t)
{
	int r = login_ends(t, SMTP_REPLY_EARLY);

	if (r < 0 || t->request->ask == SMTP_ASK_CLOSE)
		return r;
	return smtp_turn_close(t, SMTP_REPLY_EARLY_BYE);
}

int
smtp_login_line(
	struct smtp_turn *t, enum smtp_line_fault fault, const char *line, size_t len)
{
	struct buffer *words = &t->d->words;
	size_t at = 0;
	int r;

	t->request->refused = smtp_reply_refused(smtp_line_refusal(fault));
	if (t->d->session.modern && t->d->session.more_behind)
		return login_overtaken(t);
	if (fault == SMTP_LINE_TOO_LONG)
		return login_unreadable(t, SMTP_REPLY_AUTH_LINE_TOO_LONG);
	if (fault != SMTP_LINE_FINE)
		return login_unreadable(t, SMTP_REPLY_AUTH_BROKEN);
	if (len == 1 && line[0] == '*')
		return login_ends(t, SMTP_REPLY_AUTH_CANCELLED);
	buffer_wipe(words);
	r = smtp_words_keep(words, line, len, &at);
	if (r < 0)
		return r;
	t->request->line = kept_string(words, true, at);
	smtp_turn_ask(t, SMTP_ASK_AUTH);
	return 0;
}

int
smtp_login_answer(struct smtp_turn *t, enum smtp_answer answer, const char *text)
{
	buffer_wipe(&t->d->words);
	switch (answer) {
	case SMTP_ANSWER_AUTH_CHALLENGE:
		return smtp_turn_reply(t, SMTP_REPLY_AUTH_CHALLENGE, text);
	case SMTP_ANSWER_AUTH_DONE:
		return text && *text ? login_done(t, text)
				     : login_ends(t, SMTP_REPLY_AUTH_FAULT);
	case SMTP_ANSWER_AUTH_ENROLLED:
		return login_enrolled(t, text);
	case SMTP_ANSWER_AUTH_WRONG:
		return login_wrong(t);
	case SMTP_ANSWER_AUTH_BROKEN:
		return login_unreadable(t, SMTP_REPLY_AUTH_BROKEN);
	case SMTP_ANSWER_AUTH_UNKNOWN:
		return login_ends(t, SMTP_REPLY_AUTH_UNKNOWN);
	case SMTP_ANSWER_AUTH_WEAK:
		return login_ends(t, SMTP_REPLY_AUTH_WEAK);
	case SMTP_ANSWER_LIMIT:
		t->request->ask = SMTP_ASK_CLOSE;
		return smtp_dialogue_turn_away(t->d, text, t->replies);
	default:
		return login_ends(t, SMTP_REPLY_AUTH_FAULT);
	}
}
