// SPDX-License-Identifier: ISC
/*
 * Sender and recipients of one transaction, and the message behind them. With PIPELINING
 * (RFC 2920) all go out in groups, the message with them where it is short and BDAT takes
 * it; without, one by one. It owns nothing but what waits to be sent. Faults: the sender
 * or the message is refused (data, temporary, or login), a reply that makes no sense
 * (protocol), and those of the connection.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "client/deliver_parts.h"
#include "client/hello.h"

/* A recipient as this server takes it. */
struct asked {
	size_t at;     /* in the list of the caller */
	char *address; /* owned */
};

/* One command behind the other: MAIL, n times RCPT, and, where it is pipelined, DATA or
 * BDAT. */
struct transaction {
	struct client_delivery *d;
	const size_t *which; /* places in the mail */
	bool *again;
	struct asked *asked;
	size_t n;
	bool utf8;          /* this message is sent with SMTPUTF8 */
	bool pipelined;     /* what begins the message goes out behind the recipients */
	bool by_bdat;       /* and is the whole message */
	size_t said, heard; /* commands */
	size_t accepted;    /* recipients */
	bool over;          /* the message was answered */
	bool data;          /* DATA was, by 354 */
};

static void
transaction_clear(struct transaction *t)
{
	for (size_t i = 0; t->asked && i < t->n; i++)
		free(t->asked[i].address);
	free(t->asked);
}

static const char *
recipient(const struct transaction *t, size_t at)
{
	return t->d->mail->to->items[t->which[at]];
}

static bool
needs_utf8(const struct transaction *t, size_t n)
{
	const struct client_mail *m = t->d->mail;

	if (m->message->utf8 || utf8_has_more_than_ascii(m->from, strlen(m->from)))
		return true;
	for (size_t i = 0; i < n; i++) {
		const char *address = recipient(t, i);

		if (utf8_has_more_than_ascii(address, strlen(address)))
			return true;
	}
	return false;
}

/* The address as this server takes it; -EILSEQ where there is no such form. */
static int
write_address(const struct transaction *t, const char *address, char **ret)
{
	if (!t->utf8)
		return client_address_in_ascii(address, ret);
	*ret = strdup(address);
	return *ret ? 0 : -ENOMEM;
}

static int
queue(struct transaction *t, struct buffer *command)
{
	return client_link_queue(
		&t->d->link, buffer_data(command), buffer_len(command), t->d->fault);
}

static int
queue_mail(struct transaction *t)
{
	CLEANUP(buffer_free) struct buffer command = { 0 };
	CLEANUP_FREE char *address = NULL;
	struct client_delivery *d = t->d;
	const struct client_message *m = d->mail->message;
	int r = write_address(t, d->mail->from, &address);

	if (r == -EILSEQ)
		return client_fault_set(d->fault, EX_DATAERR,
			"%s does not offer SMTPUTF8, which the sender %s needs: give "
			"another with -f",
			d->settings->host, d->mail->from);
	if (r == 0)
		r = buffer_printf(&command, "MAIL FROM:<%s>", address);
	if (r == 0 && d->offers.size)
		r = buffer_printf(&command, " SIZE=%llu", (unsigned long long)m->size);
	if (r == 0 && d->offers.eight_bit && m->eight_bit)
		r = buffer_puts(&command, " BODY=8BITMIME");
	if (r == 0 && t->utf8)
		r = buffer_puts(&command, " SMTPUTF8");
	return r < 0 ? client_fault_memory(d->fault) : queue(t, &command);
}

static int
decide(struct transaction *t, size_t at, enum client_verdict_kind kind, const char *words)
{
	struct client_verdict *v = &t->d->verdicts[t->which[at]];

	v->kind = kind;
	free(v->words);
	v->words = words ? strdup(words) : NULL;
	return !words || v->words ? 0 : client_fault_memory(t->d->fault);
}

/* Whom to ask for, each address in its form for this server; who has none is refused
 * here. */
static int
prepare(struct transaction *t, size_t n)
{
	CLEANUP(buffer_free) struct buffer words = { 0 };

	t->utf8 = t->d->offers.utf8 && needs_utf8(t, n);
	t->asked = calloc(n, sizeof *t->asked);
	if (!t->asked ||
		buffer_printf(&words,
			"%s does not offer SMTPUTF8, which this address needs",
			t->d->settings->host) < 0 ||
		!buffer_string(&words))
		return client_fault_memory(t->d->fault);
	for (size_t i = 0; i < n; i++) {
		int r = write_address(t, recipient(t, i), &t->asked[t->n].address);

		if (r == 0)
			t->asked[t->n++].at = i;
		else if (r == -EILSEQ)
			r = decide(t, i, CLIENT_REFUSED, buffer_string(&words));
		if (r == -ENOMEM)
			return client_fault_memory(t->d->fault);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
queue_recipient(struct transaction *t, size_t i)
{
	CLEANUP(buffer_free) struct buffer command = { 0 };

	if (buffer_printf(&command, "RCPT TO:<%s>", t->asked[i].address) < 0)
		return client_fault_memory(t->d->fault);
	return queue(t, &command);
}

static int
queue_message(struct transaction *t)
{
	if (t->by_bdat)
		return client_hand_over_queue(t->d);
	return client_link_queue(&t->d->link, "DATA", 4, t->d->fault);
}

static size_t
commands(const struct transaction *t)
{
	return 1 + t->n + t->pipelined;
}

/* Says as many commands as may be on their way. */
static int
say_more(struct transaction *t)
{
	size_t window = t->d->offers.pipelining ? CLIENT_WINDOW : 1;
	int r = 0;

	while (r == 0 && t->said < commands(t) && t->said - t->heard < window) {
		if (t->said == 0)
			r = queue_mail(t);
		else if (t->said <= t->n)
			r = queue_recipient(t, t->said - 1);
		else
			r = queue_message(t);
		t->said++;
	}
	return r == 0 ? client_link_flush(&t->d->link, t->d->fault) : r;
}

static int
refused_sender(struct transaction *t, unsigned code, struct buffer *lines)
{
	CLEANUP(buffer_free) struct buffer words = { 0 };
	struct client_delivery *d = t->d;

	if (code == 530 && !d->password)
		return client_fault_set(d->fault, EX_NOPERM,
			"%s wants a login (%.1000s): name the user with --user and the "
			"password's file with --password-file",
			d->settings->host, client_hello_quote(lines, &words));
	return client_hello_refused(&d->link, "MAIL",
		code == 530 ? EX_NOPERM : EX_DATAERR, code, lines, d->fault);
}

static int
judge_recipient(struct transaction *t, size_t i, unsigned code, struct buffer *lines)
{
	CLEANUP(buffer_free) struct buffer words = { 0 };
	struct client_delivery *d = t->d;
	size_t at = t->asked[i].at;

	if (code >= 300 && code < 400)
		return client_hello_refused(
			&d->link, "RCPT", EX_PROTOCOL, code, lines, d->fault);
	if (code == 421)
		return client_hello_refused(
			&d->link, "RCPT", EX_TEMPFAIL, code, lines, d->fault);
	if (code < 300) {
		t->accepted++;
		return decide(t, at, CLIENT_PENDING, NULL);
	}
	/* Too many for one message, not for good (RFC 5321 section 4.5.3.1.10). */
	t->again[at] = code == 452 && t->accepted > 0;
	return decide(t, at, code < 500 ? CLIENT_POSTPONED : CLIENT_REFUSED,
		client_hello_quote(lines, &words));
}

/* What was said behind the recipients. Where none of them was accepted it is refused, as
 * it should be. */
static int
judge_message(struct transaction *t, unsigned code, struct buffer *lines)
{
	struct client_delivery *d = t->d;

	t->data = !t->by_bdat && code == 354;
	t->over = !t->data;
	if (t->data || (t->accepted == 0 && code != 421))
		return 0;
	if (t->by_bdat)
		return client_hand_over_judge(d, code, lines);
	return client_hello_refused(&d->link, "DATA", EX_DATAERR, code, lines, d->fault);
}

static int
judge(struct transaction *t, size_t i, unsigned code, struct buffer *lines)
{
	if (i == 0 && code != 250)
		return refused_sender(t, code, lines);
	if (i == 0) {
		t->d->begun = true;
		return 0;
	}
	return i <= t->n ? judge_recipient(t, i - 1, code, lines)
			 : judge_message(t, code, lines);
}

/* The replies to what was said before something was refused for good: nobody minds what
 * they say, but the next command's reply comes behind them. DATA may have begun. */
static void
drain(struct transaction *t)
{
	CLEANUP(buffer_free) struct buffer lines = { 0 };
	struct client_link *l = &t->d->link;
	struct client_fault ignored = { 0 };
	unsigned code = 0;

	while (!l->broken && t->heard < t->said) {
		if (client_link_reply(
			    l, client_link_deadline(l), &code, &lines, &ignored) != 0)
			return;
		t->heard++;
	}
	if (code == 354)
		l->broken = true;
}

static int
converse(struct transaction *t)
{
	CLEANUP(buffer_free) struct buffer lines = { 0 };
	struct client_delivery *d = t->d;
	unsigned code;
	int r = 0;

	while (r == 0 && t->heard < commands(t)) {
		if (t->said == t->heard)
			r = client_link_expect_silence(&d->link, d->fault);
		if (r == 0)
			r = say_more(t);
		if (r == 0)
			r = client_link_reply(&d->link, client_link_deadline(&d->link),
				&code, &lines, d->fault);
		if (r != 0)
			return r;
		r = judge(t, t->heard++, code, &lines);
	}
	if (r != 0)
		drain(t);
	return r;
}

/* Nobody gets the message, but the server waits for it: it gets none. */
static int
end_empty(struct transaction *t)
{
	CLEANUP(buffer_free) struct buffer lines = { 0 };
	struct client_delivery *d = t->d;
	unsigned code;

	return client_hello_ask(&d->link, ".", &code, &lines, d->fault);
}

static int
reset(struct client_delivery *d)
{
	CLEANUP(buffer_free) struct buffer lines = { 0 };
	unsigned code;
	int r;

	d->begun = false;
	r = client_hello_ask(&d->link, "RSET", &code, &lines, d->fault);
	if (r != 0 || code == 250)
		return r;
	return client_hello_refused(
		&d->link, "RSET", EX_UNAVAILABLE, code, &lines, d->fault);
}

/* The message has arrived for everybody who was accepted. */
static int
confirm(struct transaction *t)
{
	t->d->begun = false;
	for (size_t i = 0; i < t->n; i++) {
		size_t at = t->asked[i].at;

		if (t->d->verdicts[t->which[at]].kind == CLIENT_PENDING)
			decide(t, at, CLIENT_DELIVERED, NULL);
	}
	return 0;
}

int
client_transact(struct client_delivery *d, const size_t *which, size_t n, bool *again)
{
	CLEANUP(transaction_clear)
	struct transaction t = { .d = d, .which = which, .again = again };
	int r = prepare(&t, n);

	if (r == 0 && d->begun)
		r = reset(d);
	if (r < 0 || t.n == 0)
		return r;
	t.by_bdat = d->offers.chunking && client_hand_over_is_short(d);
	t.pipelined = d->offers.pipelining && (t.by_bdat || !d->offers.chunking);
	r = converse(&t);
	if (r != 0)
		return r;
	if (t.accepted == 0)
		return t.data ? end_empty(&t) : 0;
	if (!t.over)
		r = client_hand_over(d, t.data);
	return r == 0 ? confirm(&t) : r;
}
