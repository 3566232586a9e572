// SPDX-License-Identifier: ISC
/*
 * What the command line says made into a delivery: the message is read or composed before
 * anything is opened, so a slow writer keeps no server waiting. Refusals are said here.
 * Faults carry the exit status of what failed.
 */
#include "client/send.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "client/compose.h"
#include "client/deliver.h"

struct sending {
	const struct client_settings *settings;
	const struct client_options *options;
	struct client_fault *fault;
	struct client_message message;
	struct client_addresses recipients;
	struct client_verdict *verdicts;
	const char *from;
};

static void
sending_clear(struct sending *s)
{
	if (s->verdicts)
		client_verdicts_clear(s->verdicts, s->recipients.n);
	free(s->verdicts);
	client_message_close(&s->message);
	client_addresses_clear(&s->recipients);
}

static int
read_sender(struct sending *s)
{
	const char *given = s->options->from;

	s->from = given ? given : s->settings->user;
	if (!s->from)
		return client_fault_set(s->fault, EX_USAGE,
			"no sender is named: give the address with "
			"-f, or the user with --user");
	if (!given && !strchr(s->from, '@'))
		return client_fault_set(s->fault, EX_USAGE,
			"the user \"%.300s\" has no domain: give the "
			"sender's whole address with -f",
			s->from);
	if (*s->from != '\0' && !client_address_fits(s->from, strlen(s->from)))
		return client_fault_set(s->fault, EX_USAGE,
			"-f %.300s: expected an address, such as brad@447.edu", s->from);
	return 0;
}

static int
read_recipients(struct sending *s)
{
	const struct client_options *o = s->options;

	for (size_t i = 0; i < o->n_recipients; i++) {
		const char *name = o->recipients[i];
		int r = client_addresses_add(&s->recipients, name, strlen(name));

		if (r == -ENOMEM)
			return client_fault_memory(s->fault);
		if (r < 0)
			return client_fault_set(s->fault, EX_USAGE,
				"recipient %.300s: expected an address, such as "
				"brad@447.edu",
				name);
	}
	if (s->recipients.n == 0 && !o->read_headers)
		return client_fault_set(s->fault, EX_USAGE,
			"no recipient is named: give addresses, or -t "
			"to read them from the message");
	return 0;
}

static int
compose_message(struct sending *s)
{
	const struct client_options *o = s->options;
	struct client_composition c = { .from = s->from,
		.to = &s->recipients,
		.subject = o->subject,
		.text = o->text,
		.fd = STDIN_FILENO,
		.files = o->files,
		.n_files = o->n_files };

	if (o->read_headers)
		return client_fault_set(s->fault, EX_USAGE,
			"-t reads the recipients from a message that is there; with "
			"--subject, --text or --attach name them on the command line");
	if (*s->from == '\0')
		return client_fault_set(s->fault, EX_USAGE,
			"-f <>: a message made by --subject, --text or --attach needs "
			"a sender");
	return client_compose(&c, &s->message, s->fault);
}

static int
read_message(struct sending *s)
{
	const struct client_options *o = s->options;
	int r;

	if (o->subject || o->text || o->n_files > 0)
		return compose_message(s);
	r = client_message_read(STDIN_FILENO, o->read_headers ? &s->recipients : NULL,
		&s->message, s->fault);
	if (r < 0)
		return r;
	if (s->recipients.n == 0)
		return client_fault_set(s->fault, EX_USAGE,
			"no recipient is named, and none stands in "
			"the message's To, Cc or Bcc");
	return 0;
}

/* Names those who were refused, and counts all kinds. */
static void
say_refusals(const struct sending *s, size_t count[CLIENT_REFUSED + 1])
{
	for (size_t i = 0; i < s->recipients.n; i++) {
		const struct client_verdict *v = &s->verdicts[i];

		count[v->kind]++;
		if (v->kind == CLIENT_POSTPONED || v->kind == CLIENT_REFUSED)
			client_say("recipient %s refused: %s", s->recipients.items[i],
				v->words);
	}
}

static int
judge(struct sending *s, int r)
{
	size_t count[CLIENT_REFUSED + 1] = { 0 };
	size_t failed;
	char more[80];

	say_refusals(s, count);
	failed = count[CLIENT_REFUSED] + count[CLIENT_POSTPONED];
	if (r < 0 && count[CLIENT_DELIVERED] > 0) {
		snprintf(more, sizeof more,
			"; %zu of %zu recipients have the message already",
			count[CLIENT_DELIVERED], s->recipients.n);
		client_fault_more(s->fault, more);
	}
	if (r < 0 || failed == 0)
		return r;
	return client_fault_set(s->fault,
		count[CLIENT_REFUSED] > 0 ? EX_NOUSER : EX_TEMPFAIL,
		"%zu of %zu recipients refused; %s", failed, s->recipients.n,
		count[CLIENT_DELIVERED] > 0 ? "the message was accepted for the others"
					    : "the message is not sent");
}

static int
deliver(struct sending *s)
{
	const struct client_mail mail = {
		.from = s->from, .to = &s->recipients, .message = &s->message
	};

	/* One more, so that none at all is no special case. */
	s->verdicts = calloc(s->recipients.n + 1, sizeof *s->verdicts);
	if (!s->verdicts)
		return client_fault_memory(s->fault);
	return judge(s, client_deliver(s->settings, &mail, s->verdicts, s->fault));
}

int
client_send(const struct client_settings *settings, const struct client_options *o,
	struct client_fault *fault)
{
	CLEANUP(sending_clear)
	struct sending s = { .settings = settings,
		.options = o,
		.fault = fault,
		.message = { .fd = -1 } };
	int r;

	r = read_sender(&s);
	if (r == 0)
		r = read_recipients(&s);
	if (r == 0)
		r = read_message(&s);
	return r == 0 ? deliver(&s) : r;
}
