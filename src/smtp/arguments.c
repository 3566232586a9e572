// SPDX-License-Identifier: ISC
/*
 * Reads what stands behind a verb, command by command. A check that only answers: nothing
 * of the session changes.
 */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "smtp/session.h"

enum { HELO_NAME_MAX = 255, MECHANISM_MAX = 20 };

static enum smtp_reply
read_name(struct smtp_arguments *a)
{
	if (a->len == 0 || a->len > HELO_NAME_MAX)
		return SMTP_REPLY_BAD_NAME;
	for (size_t i = 0; i < a->len; i++)
		if ((unsigned char)a->text[i] <= ' ' || a->text[i] == 0x7f)
			return SMTP_REPLY_BAD_NAME;
	return SMTP_REPLY_NONE;
}

/* RFC 4422 section 3.1. */
static bool
is_mechanism(const char *text, size_t len)
{
	if (len == 0 || len > MECHANISM_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = text_lower_char(text[i]);
		bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (!alnum && c != '-' && c != '_')
			return false;
	}
	return true;
}

static enum smtp_reply
read_auth(const struct smtp_session *s, struct smtp_arguments *a)
{
	const char *text = a->text;
	size_t len = a->len;

	if (!smtp_command_word(&text, &len, &a->mechanism, &a->mechanism_len)) {
		a->mechanism = NULL;
		return s->modern ? SMTP_REPLY_AUTH_SYNTAX : SMTP_REPLY_NONE;
	}
	if (!is_mechanism(a->mechanism, a->mechanism_len))
		return SMTP_REPLY_AUTH_SYNTAX;
	if (!smtp_command_word(&text, &len, &a->initial, &a->initial_len))
		a->initial = NULL;
	return len > 0 ? SMTP_REPLY_AUTH_SYNTAX : SMTP_REPLY_NONE;
}

static bool
is_served(const struct smtp_policy *policy, const char *domain)
{
	for (size_t i = 0; i < policy->n_domains; i++)
		if (strcmp(policy->domains[i], domain) == 0)
			return true;
	return false;
}

/* What is wrong with the path itself, of the two replies that fit. */
static enum smtp_reply
path_refusal(int r, const char *opening, size_t len, bool loose, enum smtp_reply syntax,
	enum smtp_reply address)
{
	if (r == -EILSEQ)
		return SMTP_REPLY_NOT_ASCII;
	if (loose)
		return len == 0 ? syntax : address;
	return text_begins(opening, len, ":<") ? address : syntax;
}

static enum smtp_reply
parameters_refusal(int r)
{
	if (r == 0)
		return SMTP_REPLY_NONE;
	return r == -ENOTSUP ? SMTP_REPLY_PARAMETER_UNKNOWN : SMTP_REPLY_PARAMETER_BAD;
}

static enum smtp_reply
read_reverse(const struct smtp_session *s, struct smtp_arguments *a)
{
	const struct smtp_policy *policy = s->policy;
	const char *text, *domain;
	size_t len;
	enum smtp_reply refusal;
	int r;

	if (!text_begins(a->text, a->len, "FROM"))
		return SMTP_REPLY_MAIL_SYNTAX;
	text = a->text + strlen("FROM");
	len = a->len - strlen("FROM");
	r = smtp_path_parse(
		text, len, SMTP_PATH_REVERSE, !s->modern, policy->domains[0], &a->path);
	if (r < 0)
		return path_refusal(r, text, len, !s->modern, SMTP_REPLY_MAIL_SYNTAX,
			SMTP_REPLY_MAIL_ADDRESS);
	if (!a->path.bracketed && a->path.rest_len > 0)
		return SMTP_REPLY_MAIL_SYNTAX;
	refusal = parameters_refusal(
		smtp_parameters_of_mail(a->path.rest, a->path.rest_len, &a->parameters));
	if (refusal)
		return refusal;
	domain = smtp_path_domain(&a->path);
	a->blame = domain;
	if (*domain == '[')
		return SMTP_REPLY_SENDER_FOREIGN;
	if (*domain && !policy->any_sender && !is_served(policy, domain))
		return SMTP_REPLY_SENDER_FOREIGN;
	return SMTP_REPLY_NONE;
}

static enum smtp_reply
read_forward(const struct smtp_session *s, struct smtp_arguments *a)
{
	const struct smtp_policy *policy = s->policy;
	const char *text;
	size_t len;
	enum smtp_reply refusal;
	int r;

	if (!text_begins(a->text, a->len, "TO"))
		return SMTP_REPLY_RCPT_SYNTAX;
	text = a->text + strlen("TO");
	len = a->len - strlen("TO");
	r = smtp_path_parse(
		text, len, SMTP_PATH_FORWARD, !s->modern, policy->domains[0], &a->path);
	if (r < 0)
		return path_refusal(r, text, len, !s->modern, SMTP_REPLY_RCPT_SYNTAX,
			SMTP_REPLY_RCPT_ADDRESS);
	if (!a->path.bracketed && a->path.rest_len > 0)
		return SMTP_REPLY_RCPT_SYNTAX;
	refusal = parameters_refusal(
		smtp_parameters_of_rcpt(a->path.rest, a->path.rest_len));
	if (refusal)
		return refusal;
	text_lower(a->path.address, strlen(a->path.address));
	a->blame = smtp_path_domain(&a->path);
	if (!is_served(policy, a->blame))
		return SMTP_REPLY_RECIPIENT_FOREIGN;
	return SMTP_REPLY_NONE;
}

enum smtp_reply
smtp_arguments_read(const struct smtp_session *s, const struct smtp_command *command,
	const char *text, size_t len, struct smtp_arguments *ret)
{
	*ret = (struct smtp_arguments){
		.text = text, .len = len, .blame = command->name
	};
	switch (command->argument) {
	case SMTP_ARGUMENT_ANY:
		return SMTP_REPLY_NONE;
	case SMTP_ARGUMENT_NONE:
		return len > 0 ? SMTP_REPLY_NO_ARGUMENT : SMTP_REPLY_NONE;
	case SMTP_ARGUMENT_NEEDED:
		return len == 0 ? SMTP_REPLY_ONE_ARGUMENT : SMTP_REPLY_NONE;
	case SMTP_ARGUMENT_NAME:
		return read_name(ret);
	case SMTP_ARGUMENT_AUTH:
		return read_auth(s, ret);
	case SMTP_ARGUMENT_REVERSE:
		return read_reverse(s, ret);
	case SMTP_ARGUMENT_FORWARD:
		return read_forward(s, ret);
	}
	return SMTP_REPLY_UNKNOWN;
}
