// SPDX-License-Identifier: ISC
/*
 * Reads what stands behind a verb, command by command. A check that only answers: nothing
 * of the session changes.
 */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"
#include "smtp/session.h"

enum { HELO_NAME_MAX = 255, MECHANISM_MAX = 20 };

/* ASCII in any session: nothing was agreed upon yet (RFC 6531 section 3.7.1). */
static enum smtp_reply
read_name(struct smtp_arguments *a)
{
	if (a->len == 0 || a->len > HELO_NAME_MAX)
		return SMTP_REPLY_BAD_NAME;
	for (size_t i = 0; i < a->len; i++)
		if (a->text[i] <= ' ' || a->text[i] > '~')
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

/* The name by which a domain is served that may be spelled otherwise, or NULL. Names are
 * compared byte by byte: U-labels have one spelling (RFC 5890 section 2.3.2.1). */
static const char *
served_name(const struct smtp_policy *policy, const char *domain)
{
	for (size_t i = 0; i < policy->n_domains; i++) {
		const char *other = policy->domains_utf8 ? policy->domains_utf8[i] : NULL;

		if (strcmp(policy->domains[i], domain) == 0)
			return policy->domains[i];
		if (other && strcmp(other, domain) == 0)
			return policy->domains[i];
	}
	return NULL;
}

/* How a kind of path is called in refusals. */
struct path_words {
	const char *keyword; /* in front of it */
	enum smtp_reply syntax;
	enum smtp_reply address;
	enum smtp_reply foreign;
};

static const struct path_words WORDS[] = {
	[SMTP_PATH_REVERSE] = { "FROM", SMTP_REPLY_MAIL_SYNTAX, SMTP_REPLY_MAIL_ADDRESS,
		SMTP_REPLY_SENDER_FOREIGN },
	[SMTP_PATH_FORWARD] = { "TO", SMTP_REPLY_RCPT_SYNTAX, SMTP_REPLY_RCPT_ADDRESS,
		SMTP_REPLY_RECIPIENT_FOREIGN },
};

static enum smtp_reply
read_path(
	const struct smtp_session *s, enum smtp_path_kind kind, struct smtp_arguments *a)
{
	const struct path_words *words = &WORDS[kind];
	bool loose = !s->modern;
	const char *text = a->text;
	size_t len = a->len, n = strlen(words->keyword);

	if (!text_begins(text, len, words->keyword))
		return words->syntax;
	text += n;
	len -= n;
	if (smtp_path_parse(text, len, kind, loose, s->policy->domains[0], &a->path) < 0)
		return (loose ? len > 0 : text_begins(text, len, ":<")) ? words->address
									: words->syntax;
	if (!a->path.bracketed && a->path.rest_len > 0)
		return words->syntax;
	return SMTP_REPLY_NONE;
}

static enum smtp_reply
parameters_refusal(int r)
{
	if (r == 0)
		return SMTP_REPLY_NONE;
	return r == -ENOTSUP ? SMTP_REPLY_PARAMETER_UNKNOWN : SMTP_REPLY_PARAMETER_BAD;
}

/* Whether the path's letters may be used, and its domain, which gets the spelling by
 * which it is served. */
static enum smtp_reply
judge_path(const struct smtp_policy *policy, enum smtp_path_kind kind, bool utf8,
	struct smtp_arguments *a)
{
	const char *domain = smtp_path_domain(&a->path), *served;

	if (a->path.utf8 && !utf8)
		return SMTP_REPLY_NOT_ASCII;
	a->blame = domain;
	served = served_name(policy, domain);
	if (!served)
		return WORDS[kind].foreign;
	if (smtp_path_set_domain(&a->path, served) < 0)
		return WORDS[kind].address;
	return SMTP_REPLY_NONE;
}

static enum smtp_reply
read_reverse(const struct smtp_session *s, struct smtp_arguments *a)
{
	enum smtp_reply refusal = read_path(s, SMTP_PATH_REVERSE, a);
	const char *domain = smtp_path_domain(&a->path);

	if (refusal == SMTP_REPLY_NONE)
		refusal = parameters_refusal(smtp_parameters_of_mail(
			a->path.rest, a->path.rest_len, s->modern, &a->parameters));
	if (refusal || !*a->path.address)
		return refusal;
	refusal = judge_path(s->policy, SMTP_PATH_REVERSE, a->parameters.utf8, a);
	if (refusal == SMTP_REPLY_SENDER_FOREIGN && s->policy->any_sender &&
		*domain != '[')
		return SMTP_REPLY_NONE;
	return refusal;
}

static enum smtp_reply
read_forward(const struct smtp_dialogue *d, struct smtp_arguments *a)
{
	enum smtp_reply refusal = read_path(&d->session, SMTP_PATH_FORWARD, a);

	if (refusal == SMTP_REPLY_NONE)
		refusal = parameters_refusal(
			smtp_parameters_of_rcpt(a->path.rest, a->path.rest_len));
	if (refusal)
		return refusal;
	text_lower(a->path.address, strlen(a->path.address));
	return judge_path(d->session.policy, SMTP_PATH_FORWARD, d->transaction.utf8, a);
}

static enum smtp_reply
read_chunk(struct smtp_arguments *a)
{
	return smtp_chunk_parse(a->text, a->len, &a->chunk) < 0 ? SMTP_REPLY_CHUNK_SYNTAX
								: SMTP_REPLY_NONE;
}

/* RFC 6531 section 3.7.4.2. */
static enum smtp_reply
read_mailbox(const struct smtp_session *s, struct smtp_arguments *a)
{
	bool utf8 = s->modern && smtp_parameter_of_vrfy(a->text, &a->len);

	if (a->len == 0)
		return SMTP_REPLY_ONE_ARGUMENT;
	if (!utf8 && utf8_has_more_than_ascii(a->text, a->len))
		return SMTP_REPLY_NOT_ASCII;
	return utf8_is_valid(a->text, a->len) ? SMTP_REPLY_NONE : SMTP_REPLY_RCPT_ADDRESS;
}

enum smtp_reply
smtp_arguments_read(const struct smtp_dialogue *d, const struct smtp_command *command,
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
	case SMTP_ARGUMENT_NAME:
		return read_name(ret);
	case SMTP_ARGUMENT_AUTH:
		return read_auth(&d->session, ret);
	case SMTP_ARGUMENT_REVERSE:
		return read_reverse(&d->session, ret);
	case SMTP_ARGUMENT_FORWARD:
		return read_forward(d, ret);
	case SMTP_ARGUMENT_CHUNK:
		return read_chunk(ret);
	case SMTP_ARGUMENT_MAILBOX:
		return read_mailbox(&d->session, ret);
	case SMTP_ARGUMENT_TOKEN:
		return smtp_enrol_read(ret);
	}
	return SMTP_REPLY_UNKNOWN;
}
