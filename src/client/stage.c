// SPDX-License-Identifier: ISC
/*
 * The table of verbs says where each fits and what stands behind it. Items of endings are
 * owned by whoever asked; the one fault is a lack of memory.
 */
#include "client/stage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

enum {
	AT_START = 1 << CLIENT_STAGE_CONNECTED,
	AT_GREETED = 1 << CLIENT_STAGE_GREETED,
	AT_LOGGED_IN = 1 << CLIENT_STAGE_LOGGED_IN,
	AT_SENDER = 1 << CLIENT_STAGE_SENDER,
	AT_RECIPIENT = 1 << CLIENT_STAGE_RECIPIENT,
	ANYWHERE = (1 << (CLIENT_STAGE_RECIPIENT + 1)) - 1,
	BEHIND_HELLO = ANYWHERE & ~AT_START,
};

static const struct verb {
	const char *text;  /* up to where an argument begins */
	const char *close; /* behind an address; NULL: the verb takes none */
	unsigned stages;   /* where it is offered */
	const char *syntax;
} verbs[] = {
	{ "EHLO ", "", AT_START, "EHLO host" },
	{ "HELO ", "", AT_START, "HELO host, or HELO address" },
	{ "AUTH", NULL, AT_GREETED, "AUTH, or AUTH mechanism [=]" },
	{ "MAIL FROM:<", ">", AT_LOGGED_IN, "MAIL FROM:<address> [SIZE=bytes]" },
	{ "RCPT TO:<", ">", AT_SENDER | AT_RECIPIENT, "RCPT TO:<address>" },
	{ "DATA", NULL, AT_RECIPIENT, "DATA, then the message" },
	{ "RSET", NULL, BEHIND_HELLO, "RSET: forgets sender and recipients" },
	{ "VRFY ", "", AT_LOGGED_IN | AT_SENDER | AT_RECIPIENT, "VRFY address" },
	{ "NOOP", NULL, ANYWHERE, "NOOP: nothing, but an answer" },
	{ "HELP", NULL, ANYWHERE, "HELP [verb]" },
	{ "QUIT", NULL, ANYWHERE, "QUIT" },
};

static const char *const stage_hints[] = {
	[CLIENT_STAGE_CONNECTED] = "EHLO host, HELP, QUIT",
	[CLIENT_STAGE_GREETED] = "AUTH, HELP, QUIT",
	[CLIENT_STAGE_LOGGED_IN] = "MAIL FROM:<address>, QUIT",
	[CLIENT_STAGE_SENDER] = "RCPT TO:<address>, RSET",
	[CLIENT_STAGE_RECIPIENT] = "RCPT TO:<address>, DATA, RSET",
};

enum { N_VERBS = sizeof verbs / sizeof *verbs, VERB_LEN = 4 };

static size_t
verb_length(const char *line, size_t len)
{
	size_t n = 0;

	while (n < len && line[n] != ' ' && line[n] != '\t' && line[n] != ':')
		n++;
	return n;
}

void
client_stage_said(struct client_stage *s, const char *line, size_t len)
{
	size_t n = verb_length(line, len);

	if (n >= sizeof s->verb)
		n = 0;
	for (size_t i = 0; i < n; i++)
		s->verb[i] = line[i] >= 'a' && line[i] <= 'z' ? (char)(line[i] - 32)
							      : line[i];
	s->verb[n] = '\0';
}

static void
begin_anew(struct client_stage *s)
{
	s->name = s->logged_in ? CLIENT_STAGE_LOGGED_IN : CLIENT_STAGE_GREETED;
	s->recipients = 0;
}

static bool
is_verb(const struct client_stage *s, const char *verb)
{
	return strcmp(s->verb, verb) == 0;
}

void
client_stage_heard(struct client_stage *s, unsigned code)
{
	bool yes = code >= 200 && code < 300;

	if (code == 334 || code == 354)
		return;
	if (is_verb(s, "AUTH") && code == 235)
		s->logged_in = true;
	if ((is_verb(s, "HELO") || is_verb(s, "EHLO") || is_verb(s, "AUTH")) && yes)
		begin_anew(s);
	else if ((is_verb(s, "RSET") && s->name != CLIENT_STAGE_CONNECTED && yes) ||
		 (is_verb(s, "DATA") && (yes || s->name == CLIENT_STAGE_RECIPIENT)))
		begin_anew(s);
	else if (is_verb(s, "MAIL") && yes)
		s->name = CLIENT_STAGE_SENDER;
	else if (is_verb(s, "RCPT") && yes) {
		s->name = CLIENT_STAGE_RECIPIENT;
		s->recipients++;
	}
	s->verb[0] = '\0';
}

/* The verb that the line begins with, as far as an argument can begin; or NULL. */
static const struct verb *
find_verb(const char *line, size_t len)
{
	size_t n = verb_length(line, len);

	for (size_t i = 0; i < N_VERBS; i++) {
		if (n == VERB_LEN && strncasecmp(verbs[i].text, line, VERB_LEN) == 0)
			return &verbs[i];
	}
	return NULL;
}

const char *
client_stage_hint(const struct client_stage *s, const char *line, size_t len)
{
	const struct verb *verb = find_verb(line, len);

	return verb ? verb->syntax : stage_hints[s->name];
}

static int
add_ending(struct client_endings *e, const char *text, const char *close)
{
	char *item;

	if (e->n == CLIENT_ENDINGS_MAX)
		return 0;
	if (asprintf(&item, "%s%s", text, close) < 0)
		return -ENOMEM;
	e->items[e->n++] = item;
	return 0;
}

/* Words of a list that begin with what is typed. */
static int
add_fitting(struct client_endings *e, const char *word, const char *typed, size_t len,
	const char *close)
{
	if (strlen(word) < len || strncasecmp(word, typed, len) != 0)
		return 0;
	return add_ending(e, word, close);
}

static int
end_verb(const struct client_stage *s, const char *line, size_t len, unsigned stages,
	struct client_endings *ret)
{
	int r = 0;

	ret->typed = len;
	for (size_t i = 0; r == 0 && i < N_VERBS; i++) {
		if (stages == ANYWHERE || (verbs[i].stages & 1u << s->name))
			r = add_fitting(ret, verbs[i].text, line, len, "");
	}
	return r;
}

static int
end_address(const struct verb *verb, const char *line, size_t len,
	const struct client_addresses *known, struct client_endings *ret)
{
	const char *close = memchr(line, '<', len) ? verb->close : "";
	size_t start = len;
	int r = 0;

	while (start > 0 && !strchr(" \t<:", line[start - 1]))
		start--;
	ret->typed = len - start;
	for (size_t i = 0; r == 0 && i < known->n; i++)
		r = add_fitting(ret, known->items[i], line + start, len - start, close);
	return r;
}

static int
end_mechanism(const char *line, size_t len, struct client_endings *ret)
{
	static const char *const names[] = { "EXTERNAL =", "LOGIN", "PLAIN" };
	size_t start = verb_length(line, len) + 1;
	int r = 0;

	ret->typed = len - start;
	for (size_t i = 0; r == 0 && i < sizeof names / sizeof *names; i++)
		r = add_fitting(ret, names[i], line + start, len - start, "");
	return r;
}

int
client_stage_endings(const struct client_stage *s, const char *line, size_t len,
	const struct client_addresses *known, struct client_endings *ret)
{
	const struct verb *verb = find_verb(line, len);
	size_t n = verb_length(line, len);
	int r;

	*ret = (struct client_endings){ 0 };
	if (n == len || !verb) {
		r = end_verb(s, line, len, 0, ret);
		/* What does not fit now may be wanted all the same. */
		if (r == 0 && ret->n == 0)
			r = end_verb(s, line, len, ANYWHERE, ret);
	} else if (verb->close && memchr(line, '<', len) == NULL && *verb->close) {
		/* "mail fr": the words before an address belong to the verb. */
		r = end_verb(s, line, len, ANYWHERE, ret);
		if (r == 0 && ret->n == 0)
			r = end_address(verb, line, len, known, ret);
	} else if (verb->close)
		r = end_address(verb, line, len, known, ret);
	else if (strcmp(verb->text, "AUTH") == 0)
		r = end_mechanism(line, len, ret);
	else
		r = 0;
	if (r < 0)
		client_endings_clear(ret);
	return r;
}

void
client_endings_clear(struct client_endings *e)
{
	for (size_t i = 0; i < e->n; i++)
		free(e->items[i]);
	*e = (struct client_endings){ 0 };
}

size_t
client_endings_common(const struct client_endings *e)
{
	size_t n = e->n > 0 ? strlen(e->items[0]) : 0;

	for (size_t i = 1; i < e->n; i++) {
		size_t same = 0;

		while (same < n && text_lower_char(e->items[i][same]) ==
					   text_lower_char(e->items[0][same]))
			same++;
		n = same;
	}
	return n;
}
