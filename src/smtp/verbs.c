// SPDX-License-Identifier: ISC
/*
 * Carries out commands that every rule permits: one function for each verb, which changes
 * the session, replies, or asks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/help.h"
#include "smtp/session.h"

static int
session_greet(struct smtp_dialogue *d, const struct smtp_arguments *a, bool modern)
{
	char *helo = strndup(a->text, a->len);

	if (!helo)
		return -ENOMEM;
	free(d->session.helo);
	d->session.helo = helo;
	d->session.modern = modern;
	smtp_dialogue_advance(d, SMTP_EVENT_GREETING);
	return 0;
}

static int
run_helo(struct smtp_turn *t, const struct smtp_arguments *a)
{
	int r = session_greet(t->d, a, false);

	if (r < 0)
		return r;
	return smtp_turn_reply(t, SMTP_REPLY_HELLO, t->d->session.policy->hostname);
}

static int
run_ehlo(struct smtp_turn *t, const struct smtp_arguments *a)
{
	int r = session_greet(t->d, a, true);

	return r < 0 ? r : smtp_offers_append(t->d->session.policy, t->replies);
}

static int
run_starttls(struct smtp_turn *t, const struct smtp_arguments *a)
{
	(void)a;
	smtp_dialogue_advance(t->d, SMTP_EVENT_CLOSE);
	t->request->ask = SMTP_ASK_STARTTLS;
	return smtp_turn_reply(t, SMTP_REPLY_TLS_READY, NULL);
}

/* The limits that a message meets before it is begun. */
static int
run_mail(struct smtp_turn *t, const struct smtp_arguments *a)
{
	struct smtp_session *s = &t->d->session;
	const struct smtp_policy *p = s->policy;

	if (s->messages >= p->max_messages)
		return smtp_turn_close(t, SMTP_REPLY_TOO_MANY_MESSAGES);
	if (p->max_message_size > 0 && a->parameters.size > p->max_message_size)
		return smtp_turn_reply(t, SMTP_REPLY_SIZE, NULL);
	t->d->path = a->path;
	t->d->parameters = a->parameters;
	t->request->address = t->d->path.address;
	smtp_turn_ask(t, SMTP_ASK_SENDER);
	return 0;
}

static int
run_rcpt(struct smtp_turn *t, const struct smtp_arguments *a)
{
	if (t->d->transaction.n_recipients >= t->d->session.policy->max_recipients)
		return smtp_turn_reply(t, SMTP_REPLY_RECIPIENTS_TOO_MANY, NULL);
	t->d->path = a->path;
	t->request->address = t->d->path.address;
	smtp_turn_ask(t, SMTP_ASK_RECIPIENT);
	return 0;
}

static int
run_data(struct smtp_turn *t, const struct smtp_arguments *a)
{
	struct smtp_dialogue *d = t->d;

	(void)a;
	if (d->transaction.body == SMTP_BODY_BINARY)
		return smtp_turn_reply(t, SMTP_REPLY_DATA_OF_BINARY, NULL);
	smtp_data_init(&d->incoming.data, d->session.policy->max_message_size);
	smtp_turn_ask(t, SMTP_ASK_OPEN);
	return 0;
}

static int
run_rset(struct smtp_turn *t, const struct smtp_arguments *a)
{
	(void)a;
	smtp_dialogue_advance(t->d, SMTP_EVENT_RESET);
	return smtp_turn_reply(t, SMTP_REPLY_OK, NULL);
}

static int
run_noop(struct smtp_turn *t, const struct smtp_arguments *a)
{
	(void)a;
	return smtp_turn_reply(t, SMTP_REPLY_OK, NULL);
}

static int
run_vrfy(struct smtp_turn *t, const struct smtp_arguments *a)
{
	(void)a;
	return smtp_turn_reply(t, SMTP_REPLY_VRFY, NULL);
}

static int
run_expn(struct smtp_turn *t, const struct smtp_arguments *a)
{
	(void)a;
	return smtp_turn_reply(t, SMTP_REPLY_NOT_IMPLEMENTED, NULL);
}

static int
run_help(struct smtp_turn *t, const struct smtp_arguments *a)
{
	bool modern = t->d->session.modern;
	const char *text = a->text, *word;
	const struct smtp_command *topic;
	size_t len = a->len, word_len;

	if (!smtp_command_word(&text, &len, &word, &word_len))
		return smtp_help_list(t->replies, modern);
	topic = smtp_command_find(word, word_len);
	if (topic->verb == SMTP_VERB_UNKNOWN)
		return smtp_turn_reply(t, SMTP_REPLY_NO_HELP, NULL);
	return smtp_help_explain(t->replies, modern, topic);
}

static int
run_quit(struct smtp_turn *t, const struct smtp_arguments *a)
{
	(void)a;
	return smtp_turn_close(t, SMTP_REPLY_BYE);
}

int
smtp_verb_run(struct smtp_turn *t, const struct smtp_command *command,
	const struct smtp_arguments *arguments)
{
	static int (*const RUN[SMTP_VERBS])(
		struct smtp_turn *, const struct smtp_arguments *) = {
		[SMTP_VERB_HELO] = run_helo,
		[SMTP_VERB_EHLO] = run_ehlo,
		[SMTP_VERB_STARTTLS] = run_starttls,
		[SMTP_VERB_AUTH] = smtp_login_begin,
		[SMTP_VERB_XENROL] = smtp_enrol_begin,
		[SMTP_VERB_MAIL] = run_mail,
		[SMTP_VERB_RCPT] = run_rcpt,
		[SMTP_VERB_DATA] = run_data,
		[SMTP_VERB_BDAT] = smtp_chunk_begin,
		[SMTP_VERB_RSET] = run_rset,
		[SMTP_VERB_NOOP] = run_noop,
		[SMTP_VERB_VRFY] = run_vrfy,
		[SMTP_VERB_EXPN] = run_expn,
		[SMTP_VERB_HELP] = run_help,
		[SMTP_VERB_QUIT] = run_quit,
	};

	return RUN[command->verb](t, arguments);
}
