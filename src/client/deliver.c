// SPDX-License-Identifier: ISC
/*
 * The course of a delivery: connect, log in, a transaction for as many recipients as the
 * server takes at once, then for the others, QUIT. It owns the link and the password.
 * Faults carry the exit status of what failed.
 */
#include "client/deliver.h"

#include <errno.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "client/deliver_parts.h"
#include "client/hello.h"
#include "client/login.h"
#include "client/password.h"
#include "host/clock.h"

enum { GOODBYE_MS = 5000 };

static void
delivery_clear(struct client_delivery *d)
{
	client_link_close(&d->link);
	secret_free(d->password);
}

static int
read_password(struct client_delivery *d)
{
	const struct client_settings *s = d->settings;
	int r;

	if (client_settings_has_password(s) && !s->user)
		return client_fault_set(d->fault, EX_USAGE,
			"--password-file is named without --user, or a password in "
			"another way: expected both");
	if (client_settings_has_password(s))
		return client_password_read(s, &d->password, d->fault);
	r = s->user ? client_password_find(s, s->user, &d->password, d->fault) : 0;
	return r < 0 ? r : 0;
}

/* By the certificate, unless a password's source is named; where the server does not take
 * it, by the password that is known. Who names no user may do without a login. */
static int
log_in(struct client_delivery *d)
{
	const struct client_settings *s = d->settings;
	bool in = false;
	int r = 0;

	if (!client_settings_has_password(s) &&
		client_login_has_external(&d->link, &d->offers)) {
		r = client_login_external(&d->link, s->user, &in, d->fault);
		if (r != 0 || in)
			return r;
		if (s->user && !d->password)
			return -EACCES;
		if (s->verbose)
			client_say("%s", d->fault->text);
		*d->fault = (struct client_fault){ 0 };
	}
	if (!d->password)
		return 0;
	return client_login(&d->link, &d->offers, s->user, d->password, d->fault);
}

/* Up to where mail may be handed over. */
static int
open_session(struct client_delivery *d)
{
	CLEANUP(buffer_free) struct buffer lines = { 0 };
	int r;

	r = client_link_open(&d->link, d->fault);
	if (r == 0)
		r = client_hello_banner(&d->link, &lines, d->fault);
	if (r == 0 && d->settings->tls == CLIENT_TLS_STARTTLS)
		r = client_hello_upgrade(&d->link, d->fault);
	if (r == 0)
		r = client_hello_ehlo(&d->link, &d->offers, d->fault);
	return r == 0 ? log_in(d) : r;
}

/* Nothing that goes wrong here changes what has been said before. */
static void
say_goodbye(struct client_delivery *d)
{
	CLEANUP(buffer_free) struct buffer lines = { 0 };
	struct client_fault ignored = { 0 };
	unsigned code;

	if (client_link_command(&d->link, "QUIT", 4, &ignored) == 0)
		client_link_reply(
			&d->link, host_clock_ms() + GOODBYE_MS, &code, &lines, &ignored);
}

static int
check_size(struct client_delivery *d)
{
	const struct smtp_server_offers *o = &d->offers;
	uint64_t size = d->mail->message->size;

	if (!o->size || o->max_size == 0 || size <= o->max_size)
		return 0;
	return client_fault_set(d->fault, EX_DATAERR,
		"the message has %llu bytes, and %s takes at most %llu",
		(unsigned long long)size, d->settings->host,
		(unsigned long long)o->max_size);
}

/* Whose turn it is: the places of those who are still to be asked for. */
static size_t
list_pending(const struct client_delivery *d, size_t *which)
{
	size_t n = 0;

	for (size_t i = 0; i < d->mail->to->n; i++) {
		enum client_verdict_kind kind = d->verdicts[i].kind;

		if (kind == CLIENT_PENDING || kind == CLIENT_POSTPONED)
			which[n++] = i;
	}
	return n;
}

/* Takes those who were asked for off the front of the list, but for those who are to be
 * asked for again, who stay at its front. */
static size_t
drop_asked(size_t *which, size_t n, const bool *again, size_t asked)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (i >= asked || again[i])
			which[kept++] = which[i];
	}
	return kept;
}

static int
transact_all(struct client_delivery *d, size_t *which, bool *again)
{
	size_t left = list_pending(d, which);
	uint64_t rounds = 0;
	int r = check_size(d);

	while (r == 0 && left > 0) {
		uint64_t most = d->offers.max_recipients;
		size_t n = most > 0 && most < left ? (size_t)most : left;

		if (rounds > 0 && rounds == d->offers.max_messages)
			return client_fault_set(d->fault, EX_TEMPFAIL,
				"%s takes no more messages now: send the rest again "
				"later",
				d->settings->host);
		for (size_t i = 0; i < n; i++)
			again[i] = false;
		r = client_transact(d, which, n, again);
		left = drop_asked(which, left, again, n);
		rounds++;
	}
	return r;
}

static int
hold_session(struct client_delivery *d)
{
	CLEANUP_FREE size_t *which = calloc(d->mail->to->n, sizeof *which);
	CLEANUP_FREE bool *again = calloc(d->mail->to->n, sizeof *again);
	int r;

	if (!which || !again)
		return client_fault_memory(d->fault);
	r = open_session(d);
	if (r != 0)
		return r;
	r = transact_all(d, which, again);
	if (!d->link.broken)
		say_goodbye(d);
	return r;
}

int
client_deliver(const struct client_settings *s, const struct client_mail *mail,
	struct client_verdict *verdicts, struct client_fault *fault)
{
	CLEANUP(delivery_clear)
	struct client_delivery d = { .settings = s,
		.mail = mail,
		.verdicts = verdicts,
		.fault = fault,
		.link = { .fd = -1, .cancel = -1, .traced = s->verbose || s->trace } };
	int r = read_password(&d);

	if (r == 0)
		r = client_link_load(&d.link, s, fault);
	return r == 0 ? hold_session(&d) : r;
}

void
client_verdicts_clear(struct client_verdict *verdicts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(verdicts[i].words);
		verdicts[i] = (struct client_verdict){ 0 };
	}
}
