// SPDX-License-Identifier: ISC
/*
 * A server in memory around the dialogue: users, mailboxes, AUTH exchanges, and the loop
 * that carries bytes to it and its requests to them. A world outlives its wires, as a
 * server outlives its connections.
 */
#ifndef TESTS_SMTP_WORLD_H
#define TESTS_SMTP_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "pki/idna.h"
#include "smtp/dialogue.h"
#include "smtp/header.h"
#include "transcript.h"

enum { NAME_SIZE = 320, MANY = 32 };

struct account {
	char name[NAME_SIZE];
	char password[NAME_SIZE];
};

struct letter {
	char to[NAME_SIZE];
	struct buffer text; /* as it is stored */
};

struct world {
	struct smtp_policy policy;
	char hostname[NAME_SIZE], mechanisms[NAME_SIZE], certificate[NAME_SIZE];
	char domain_text[NAME_SIZE], *domains[MANY];
	char **domains_utf8;
	bool starttls, any_recipient, own_sender, enrol;
	char token_for[256]; /* the peer has that user's token, and a key of
				      nobody's */
	bool token_used;
	bool no_disk, no_mail, no_users; /* what is broken */
	unsigned limit_messages, opened; /* that the user may send; 0: any number */
	struct account accounts[MANY];
	size_t n_accounts;
	struct letter letters[MANY * 8];
	size_t n_letters;
};

struct exchange {
	enum { CLASSIC, EXTERNAL, PLAIN, LOGIN } kind;
	int step;
	char name[NAME_SIZE];
};

struct wire {
	struct world *world;
	struct smtp_dialogue *d;
	struct smtp_line line;
	struct smtp_header header;
	struct exchange exchange;
	struct buffer in;   /* not yet read */
	struct buffer held; /* read, with no line end yet */
	struct buffer out;  /* replies */
	struct buffer message;
	bool closed, tls_asked;
	unsigned delay;
	char refused[64];
};

static inline const struct account *
world_find(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->n_accounts; i++)
		if (strcmp(w->accounts[i].name, name) == 0)
			return &w->accounts[i];
	return NULL;
}

static inline void
world_add(struct world *w, const char *name, const char *password)
{
	struct account *a = &w->accounts[w->n_accounts++];

	snprintf(a->name, sizeof(a->name), "%s", name);
	snprintf(a->password, sizeof(a->password), "%s", password);
}

static inline void
world_domains(struct world *w, const char *text)
{
	char *at, *rest;

	pki_idna_free(w->domains_utf8, w->policy.n_domains);
	snprintf(w->domain_text, sizeof(w->domain_text), "%s", text);
	w->policy.n_domains = 0;
	for (at = strtok_r(w->domain_text, " ", &rest); at;
		at = strtok_r(NULL, " ", &rest))
		w->domains[w->policy.n_domains++] = at;
	w->policy.domains = w->domains;
	assert_int_equal(
		pki_idna_all(w->domains, w->policy.n_domains, &w->domains_utf8), 0);
	w->policy.domains_utf8 = w->domains_utf8;
}

static inline void
world_init(struct world *w)
{
	*w = (struct world){ .enrol = true };
	w->policy = (struct smtp_policy){ .hostname = w->hostname,
		.mechanisms = w->mechanisms,
		.max_message_size = 36700160,
		.max_recipients = 100,
		.max_messages = 100,
		.max_errors = 10 };
	strcpy(w->hostname, "447.edu");
	strcpy(w->mechanisms, "PLAIN LOGIN");
	strcpy(w->certificate, "brad@447.edu");
	world_domains(w, "447.edu");
}

static inline void
world_free(struct world *w)
{
	for (size_t i = 0; i < w->n_letters; i++)
		buffer_free(&w->letters[i].text);
	pki_idna_free(w->domains_utf8, w->policy.n_domains);
}

/* The last message for an address, or NULL. */
static inline const struct buffer *
world_letter(const struct world *w, const char *to)
{
	for (size_t i = w->n_letters; i > 0; i--)
		if (strcmp(w->letters[i - 1].to, to) == 0)
			return &w->letters[i - 1].text;
	return NULL;
}

/* Takes away, or gives back, what the server needs. */
static inline bool
world_break(struct world *w, const char *what, bool broken)
{
	bool *which = strcmp(what, "disk") == 0    ? &w->no_disk
		      : strcmp(what, "mail") == 0  ? &w->no_mail
		      : strcmp(what, "users") == 0 ? &w->no_users
						   : NULL;

	if (which)
		*which = broken;
	return which != NULL;
}

/* A setting of postern.conf; false for one that means nothing here. */
static inline bool
world_set(struct world *w, const char *key, const char *value)
{
	struct smtp_policy *p = &w->policy;
	const struct {
		const char *key;
		unsigned *number;
	} limits[] = { { "max_recipients", &p->max_recipients },
		{ "max_messages", &p->max_messages }, { "max_errors", &p->max_errors },
		{ "limit_user_messages", &w->limit_messages } };
	uint64_t number = 0;

	if (number_parse(value, strlen(value), 0, UINT32_MAX, &number) == 0)
		for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
			if (strcmp(key, limits[i].key) == 0) {
				*limits[i].number = (unsigned)number;
				return true;
			}
	if (strcmp(key, "max_message_size") == 0)
		p->max_message_size = number;
	else if (strcmp(key, "hostname") == 0)
		snprintf(w->hostname, sizeof(w->hostname), "%s", value);
	else if (strcmp(key, "domains") == 0)
		world_domains(w, value);
	else if (strcmp(key, "mechanisms") == 0)
		snprintf(w->mechanisms, sizeof(w->mechanisms), "%s", value);
	else if (strcmp(key, "tls") == 0)
		w->starttls = strcmp(value, "starttls") == 0;
	else if (strcmp(key, "recipients") == 0)
		w->any_recipient = strcmp(value, "any") == 0;
	else if (strcmp(key, "timeout_command") == 0 || strcmp(key, "timeout_data") == 0)
		return number > 0;
	else if (strcmp(key, "enrol") == 0)
		w->enrol = strcmp(value, "certificate") == 0;
	else if (strcmp(key, "senders") == 0) {
		p->any_sender = strcmp(value, "any") == 0;
		w->own_sender = strcmp(value, "own") == 0;
	} else
		return false;
	return true;
}

static inline void
wire_open(struct wire *wire, struct world *world)
{
	*wire = (struct wire){ .world = world };
	world->policy.starttls = world->starttls;
	world->policy.enrols_only = *world->token_for && !world->token_used;
	wire->d = smtp_dialogue_new(&world->policy);
	smtp_dialogue_banner(wire->d, &wire->out);
}

static inline void
wire_start_tls(struct wire *wire)
{
	smtp_dialogue_free(wire->d);
	wire->world->policy.starttls = false;
	wire->d = smtp_dialogue_new(&wire->world->policy);
	buffer_free(&wire->in);
	buffer_free(&wire->held);
	wire->tls_asked = false;
}

static inline void
wire_close(struct wire *wire)
{
	smtp_dialogue_free(wire->d);
	buffer_free(&wire->in);
	buffer_free(&wire->held);
	buffer_free(&wire->out);
	buffer_free(&wire->message);
}

/* "name" or "name@domain", as the store's key. */
static inline void
exchange_name(struct wire *wire, const char *text)
{
	snprintf(wire->exchange.name, NAME_SIZE, "%s%s%s", text,
		strchr(text, '@') ? "" : "@",
		strchr(text, '@') ? "" : wire->world->domains[0]);
	text_lower(wire->exchange.name, strlen(wire->exchange.name));
}

static inline enum smtp_answer
exchange_verdict(struct wire *wire, const char *password, const char **ret_text)
{
	const struct account *a = world_find(wire->world, wire->exchange.name);

	*ret_text = wire->exchange.name;
	if (!a || strcmp(a->password, password) != 0)
		return SMTP_ANSWER_AUTH_WRONG;
	return SMTP_ANSWER_AUTH_DONE;
}

static inline enum smtp_answer
exchange_enrol(struct wire *wire, const char **ret_text)
{
	static char password[32];

	snprintf(password, sizeof(password), "generated-%zu", wire->world->n_accounts);
	world_add(wire->world, wire->exchange.name, password);
	*ret_text = password;
	return SMTP_ANSWER_AUTH_ENROLLED;
}

static inline enum smtp_answer
exchange_decoded(struct wire *wire, const char *text, size_t len, const char **ret_text)
{
	struct exchange *x = &wire->exchange;
	struct world *w = wire->world;
	const char *user;

	if (w->no_users)
		return SMTP_ANSWER_FAULT;
	if (x->kind == PLAIN) {
		user = memchr(text, '\0', len);
		if (!user || !memchr(user + 1, '\0', (size_t)(text + len - user - 1)))
			return SMTP_ANSWER_AUTH_BROKEN;
		exchange_name(wire, user + 1);
		return exchange_verdict(wire, user + 1 + strlen(user + 1) + 1, ret_text);
	}
	if (x->kind == EXTERNAL) {
		if (len > 0)
			exchange_name(wire, text);
		else
			strcpy(x->name, w->certificate);
		*ret_text = x->name;
		return strcmp(x->name, w->certificate) == 0 && world_find(w, x->name)
			       ? SMTP_ANSWER_AUTH_DONE
			       : SMTP_ANSWER_AUTH_WRONG;
	}
	if (x->step++ > 0)
		return exchange_verdict(wire, text, ret_text);
	exchange_name(wire, text);
	if (x->kind == CLASSIC && !world_find(w, x->name) && w->enrol &&
		strcmp(x->name, w->certificate) == 0)
		return exchange_enrol(wire, ret_text);
	*ret_text = x->kind == CLASSIC ? "cGFzc3dvcmQ=" : "UGFzc3dvcmQ6";
	return SMTP_ANSWER_AUTH_CHALLENGE;
}

static inline enum smtp_answer
exchange_begin(struct wire *wire, const struct smtp_request *request)
{
	/* In order of strength. */
	static const char *const KINDS[] = {
		[EXTERNAL] = "EXTERNAL", [PLAIN] = "PLAIN", [LOGIN] = "LOGIN"
	};
	const char *name = request->mechanism;
	bool stronger = false;

	wire->exchange = (struct exchange){ .kind = CLASSIC };
	if (!name)
		return SMTP_ANSWER_YES;
	for (size_t i = EXTERNAL; i <= LOGIN; i++) {
		bool offered = strstr(wire->world->mechanisms, KINDS[i]);

		if (text_equal(name, strlen(name), KINDS[i])) {
			wire->exchange.kind = i;
			return offered    ? SMTP_ANSWER_YES
			       : stronger ? SMTP_ANSWER_AUTH_WEAK
					  : SMTP_ANSWER_AUTH_UNKNOWN;
		}
		stronger |= offered;
	}
	return SMTP_ANSWER_AUTH_UNKNOWN;
}

static inline enum smtp_answer
exchange_step(
	struct wire *wire, const struct smtp_request *request, const char **ret_text)
{
	static const char *const FIRST[] = { [CLASSIC] = "dXNlcm5hbWU=",
		[EXTERNAL] = "",
		[PLAIN] = "",
		[LOGIN] = "VXNlcm5hbWU6" };
	struct buffer decoded = { 0 };
	enum smtp_answer answer;

	if (request->auth_first) {
		answer = exchange_begin(wire, request);
		if (answer != SMTP_ANSWER_YES)
			return answer;
	}
	if (!request->line) {
		*ret_text = FIRST[wire->exchange.kind];
		return SMTP_ANSWER_AUTH_CHALLENGE;
	}
	answer = SMTP_ANSWER_AUTH_BROKEN;
	if (base64_decode(&decoded, strcmp(request->line, "=") == 0 ? "" : request->line))
		answer = exchange_decoded(
			wire, buffer_string(&decoded), buffer_len(&decoded), ret_text);
	buffer_free(&decoded);
	return answer;
}

static inline enum smtp_answer
world_redeem(struct wire *wire, const struct smtp_request *request, const char **ret_text)
{
	struct world *w = wire->world;

	if (w->no_users)
		return SMTP_ANSWER_FAULT;
	if (w->token_used || strcmp(request->token, TRANSCRIPT_TOKEN) != 0)
		return SMTP_ANSWER_NO;
	exchange_name(wire, request->name ? request->name : w->token_for);
	if (strcmp(wire->exchange.name, w->token_for) != 0)
		return SMTP_ANSWER_NO;
	w->token_used = true;
	strcpy(w->certificate, w->token_for);
	*ret_text = w->token_for;
	return SMTP_ANSWER_YES;
}

static inline enum smtp_answer
world_sender(const struct wire *wire, const char *address, const char **ret_text)
{
	const char *user = smtp_dialogue_user(wire->d);
	const struct world *w = wire->world;

	if (w->no_users)
		return SMTP_ANSWER_FAULT;
	*ret_text = "Too many messages of this user, come back in 1800 seconds";
	if (w->limit_messages > 0 && w->opened >= w->limit_messages)
		return SMTP_ANSWER_LIMIT;
	if (!wire->world->own_sender || *address == '\0' || strcmp(user, address) == 0)
		return SMTP_ANSWER_YES;
	return SMTP_ANSWER_NO;
}

static inline enum smtp_answer
world_recipient(const struct world *w, const char *address)
{
	bool postmaster = strncmp(address, "postmaster@", 11) == 0;

	if (w->any_recipient || postmaster)
		return SMTP_ANSWER_YES;
	if (w->no_users)
		return SMTP_ANSWER_FAULT;
	if (world_find(w, address))
		return SMTP_ANSWER_YES;
	return SMTP_ANSWER_NO;
}

static inline enum smtp_answer
world_deliver(struct wire *wire)
{
	struct world *w = wire->world;
	const char *const *to;
	size_t n;

	to = smtp_dialogue_recipients(wire->d, &n);
	if (w->no_disk)
		n = 0;
	for (size_t i = 0; i < n; i++) {
		struct letter *l = &w->letters[w->n_letters++];

		snprintf(l->to, sizeof(l->to), "%s", to[i]);
		l->text = (struct buffer){ 0 };
		buffer_append(&l->text, buffer_data(&wire->message),
			buffer_len(&wire->message));
	}
	buffer_free(&wire->message);
	return w->no_disk ? SMTP_ANSWER_FULL : SMTP_ANSWER_YES;
}

static inline enum smtp_answer
world_open(struct wire *wire)
{
	const struct smtp_policy *p = &wire->world->policy;
	struct smtp_header_facts facts = { .id = "1", .time = 784111777 };

	wire->world->opened++;
	facts.ours = (struct smtp_authres_names){ p->hostname, p->domains, p->n_domains };
	facts.crlf = smtp_dialogue_is_binary(wire->d);
	smtp_header_init(&wire->header, &facts);
	return wire->world->no_mail ? SMTP_ANSWER_FAULT : SMTP_ANSWER_YES;
}

static inline void
wire_store(struct wire *wire, const char *data, size_t len)
{
	size_t taken;

	smtp_header_feed(&wire->header, data, len, &wire->message, &taken);
	buffer_append(&wire->message, data + taken, len - taken);
}

static inline enum smtp_data_fault
wire_fault(struct wire *wire)
{
	if (smtp_dialogue_message_is_whole(wire->d))
		smtp_header_finish(&wire->header, &wire->message);
	return wire->header.fault;
}

static inline enum smtp_answer
wire_answer(struct wire *wire, const struct smtp_request *request, const char **ret_text)
{
	switch (request->ask) {
	case SMTP_ASK_AUTH:
		return exchange_step(wire, request, ret_text);
	case SMTP_ASK_ENROL:
		return world_redeem(wire, request, ret_text);
	case SMTP_ASK_SENDER:
		return world_sender(wire, request->address, ret_text);
	case SMTP_ASK_RECIPIENT:
		return world_recipient(wire->world, request->address);
	case SMTP_ASK_OPEN:
		return world_open(wire);
	case SMTP_ASK_FINISH:
		return world_deliver(wire);
	default:
		return SMTP_ANSWER_FAULT;
	}
}

/* Carries a request out, and those that its answer brings. */
static inline void
wire_serve(struct wire *wire, struct smtp_request *request)
{
	for (;;) {
		const char *text = NULL;
		enum smtp_answer answer;

		wire->delay = request->delay ? request->delay : wire->delay;
		if (request->refused)
			snprintf(wire->refused, sizeof(wire->refused), "%s",
				request->refused);
		wire->closed |= request->ask == SMTP_ASK_CLOSE;
		wire->tls_asked |= request->ask == SMTP_ASK_STARTTLS;
		if (request->ask == SMTP_ASK_DISCARD)
			buffer_free(&wire->message);
		if (request->ask == SMTP_ASK_NOTHING || request->ask >= SMTP_ASK_DISCARD)
			return;
		answer = wire_answer(wire, request, &text);
		smtp_dialogue_answer(wire->d, answer, text, &wire->out, request);
	}
}

/* One message or line out of what is held; false where more is needed. */
static inline bool
wire_step(struct wire *wire)
{
	size_t len = buffer_len(&wire->held), text_len, consumed, stored;
	char *data = buffer_string(&wire->held);
	struct smtp_request request = { .ask = SMTP_ASK_NOTHING };
	enum smtp_line_fault fault;
	bool found;

	if (smtp_dialogue_in_message(wire->d)) {
		found = smtp_dialogue_message(
			wire->d, data, len, data, &stored, &consumed);
		wire_store(wire, data, stored);
		if (found)
			smtp_dialogue_message_end(
				wire->d, wire_fault(wire), &wire->out, &request);
	} else {
		found = smtp_line_next(&wire->line, data, len,
			smtp_dialogue_line_limit(wire->d), &text_len, &consumed, &fault);
		smtp_dialogue_more_behind(
			wire->d, consumed < len || (found && buffer_len(&wire->in) > 0));
		if (found && fault == SMTP_LINE_TOO_LONG) {
			data = wire->line.head;
			text_len = wire->line.head_len;
		}
		if (found)
			smtp_dialogue_line(
				wire->d, fault, data, text_len, &wire->out, &request);
	}
	buffer_consume(&wire->held, consumed);
	wire_serve(wire, &request);
	return found;
}

/* Reads what has come in pieces of that many bytes, until there is no more to do. */
static inline void
wire_run(struct wire *wire, size_t piece)
{
	while (!wire->closed && !wire->tls_asked && buffer_len(&wire->in) > 0) {
		size_t n = buffer_len(&wire->in);

		n = n < piece ? n : piece;
		buffer_append(&wire->held, buffer_data(&wire->in), n);
		buffer_consume(&wire->in, n);
		while (!wire->closed && !wire->tls_asked && wire_step(wire))
			;
	}
}

#endif
