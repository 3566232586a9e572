// SPDX-License-Identifier: ISC
/*
 * XENROL, the one command of a session whose peer holds a key that nobody knows: the
 * token that stands behind it is somebody else's to judge, and the session ends once it
 * is right. A wrong one is a wrong login, whatever is wrong with it. What the peer sent
 * is wiped as soon as it is answered.
 */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "smtp/session.h"

enum { WORD_LEN_MAX = 320 };

/* Printable ASCII, as the line has it. */
static bool
is_word(const char *text, size_t len)
{
	if (len == 0 || len > WORD_LEN_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return true;
}

/* KEYWORD=VALUE, for the first time. */
static bool
take_parameter(const char *word, size_t len, const char *keyword, const char **ret_value,
	size_t *ret_len)
{
	size_t n = strlen(keyword);

	if (*ret_value || !text_begins(word, len, keyword) || len == n)
		return false;
	*ret_value = word + n;
	*ret_len = len - n;
	return true;
}

enum smtp_reply
smtp_enrol_read(struct smtp_arguments *a)
{
	const char *text = a->text, *word;
	size_t len = a->len, n;

	if (!smtp_command_word(&text, &len, &a->token, &a->token_len) ||
		!is_word(a->token, a->token_len))
		return SMTP_REPLY_TOKEN_SYNTAX;
	while (smtp_command_word(&text, &len, &word, &n)) {
		if (!is_word(word, n) ||
			(!take_parameter(word, n, "FOR=", &a->name, &a->name_len) &&
				!take_parameter(
					word, n, "LABEL=", &a->label, &a->label_len)))
			return SMTP_REPLY_TOKEN_SYNTAX;
	}
	return SMTP_REPLY_NONE;
}

int
smtp_enrol_begin(struct smtp_turn *t, const struct smtp_arguments *a)
{
	struct buffer *words = &t->d->words;
	size_t token = 0, name = 0, label = 0;
	int r;

	buffer_wipe(words);
	r = smtp_words_keep(words, a->token, a->token_len, &token);
	if (r == 0 && a->name)
		r = smtp_words_keep(words, a->name, a->name_len, &name);
	if (r == 0 && a->label)
		r = smtp_words_keep(words, a->label, a->label_len, &label);
	if (r < 0)
		return r;
	t->request->token = buffer_data(words) + token;
	t->request->name = a->name ? buffer_data(words) + name : NULL;
	t->request->label = a->label ? buffer_data(words) + label : NULL;
	smtp_turn_ask(t, SMTP_ASK_ENROL);
	return 0;
}

/* The peer comes back as what it is now. */
static int
enrolled(struct smtp_turn *t, const char *user)
{
	smtp_dialogue_advance(t->d, SMTP_EVENT_CLOSE);
	t->request->ask = SMTP_ASK_CLOSE;
	return smtp_turn_reply(t, SMTP_REPLY_TOKEN_TAKEN, user);
}

int
smtp_enrol_answer(struct smtp_turn *t, enum smtp_answer answer, const char *text)
{
	buffer_wipe(&t->d->words);
	switch (answer) {
	case SMTP_ANSWER_YES:
		return text && *text ? enrolled(t, text)
				     : smtp_turn_reply(t, SMTP_REPLY_AUTH_FAULT, NULL);
	case SMTP_ANSWER_NO:
		return smtp_login_refuse(t, SMTP_REPLY_TOKEN_WRONG);
	case SMTP_ANSWER_LIMIT:
		t->request->ask = SMTP_ASK_CLOSE;
		return smtp_dialogue_turn_away(t->d, text, t->replies);
	default:
		return smtp_turn_reply(t, SMTP_REPLY_AUTH_FAULT, NULL);
	}
}
