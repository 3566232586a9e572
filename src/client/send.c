// SPDX-License-Identifier: ISC
/*
 * The course of one message: read it, connect, log in, MAIL, RCPT for each recipient,
 * DATA, QUIT. The message is read before anything is opened, so a slow writer keeps no
 * server waiting. Faults carry the exit status of what failed.
 */
#include "client/send.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "client/hello.h"
#include "client/login.h"
#include "client/message.h"
#include "client/password.h"
#include "host/clock.h"

enum { COMMAND_SIZE = CLIENT_ADDRESS_MAX + 128, GOODBYE_MS = 5000 };

struct delivery {
	const struct client_settings *settings;
	struct client_fault *fault;
	struct client_link link;
	struct client_message message;
	struct client_addresses recipients;
	const char *from;
	char *password; /* NULL: none is known */
	struct smtp_server_offers offers;
	size_t accepted, refused, postponed; /* recipients */
};

static void
delivery_clear(struct delivery *d)
{
	client_link_close(&d->link);
	client_message_close(&d->message);
	client_addresses_clear(&d->recipients);
	secret_free(d->password);
}

static int
read_sender(struct delivery *d, const struct client_options *o)
{
	d->from = o->from ? o->from : d->settings->user;
	if (!d->from)
		return client_fault_set(d->fault, EX_USAGE,
			"no sender is named: give the address with "
			"-f, or the user with --user");
	if (!o->from && !strchr(d->from, '@'))
		return client_fault_set(d->fault, EX_USAGE,
			"the user \"%.300s\" has no domain: give the "
			"sender's whole address with -f",
			d->from);
	if (*d->from != '\0' && !client_address_fits(d->from, strlen(d->from)))
		return client_fault_set(d->fault, EX_USAGE,
			"-f %.300s: expected an address of ASCII, such as brad@447.edu",
			d->from);
	return 0;
}

static int
read_recipients(struct delivery *d, const struct client_options *o)
{
	for (size_t i = 0; i < o->n_recipients; i++) {
		const char *name = o->recipients[i];
		int r = client_addresses_add(&d->recipients, name, strlen(name));

		if (r == -ENOMEM)
			return client_fault_memory(d->fault);
		if (r < 0)
			return client_fault_set(d->fault, EX_USAGE,
				"recipient %.300s: expected an address of ASCII, such as "
				"brad@447.edu",
				name);
	}
	if (d->recipients.n == 0 && !o->read_headers)
		return client_fault_set(d->fault, EX_USAGE,
			"no recipient is named: give addresses, or -t "
			"to read them from the message");
	return 0;
}

static int
read_message(struct delivery *d, const struct client_options *o)
{
	int r = client_message_read(STDIN_FILENO, o->read_headers ? &d->recipients : NULL,
		&d->message, d->fault);

	if (r < 0)
		return r;
	if (d->recipients.n == 0)
		return client_fault_set(d->fault, EX_USAGE,
			"no recipient is named, and none stands in "
			"the message's To, Cc or Bcc");
	return 0;
}

static int
read_password(struct delivery *d)
{
	const struct client_settings *s = d->settings;
	int r;

	if (s->password_file && !s->user)
		return client_fault_set(d->fault, EX_USAGE,
			"--password-file is named without --user: expected both");
	if (s->password_file)
		return client_password_read(s->password_file, &d->password, d->fault);
	r = s->user ? client_password_find(s, s->user, &d->password, d->fault) : 0;
	return r < 0 ? r : 0;
}

/* By the certificate, unless a password's file is named; where the server does not take
 * it, by the password that is known. Who names no user may do without a login. */
static int
log_in(struct delivery *d)
{
	const struct client_settings *s = d->settings;
	bool in = false;
	int r = 0;

	if (!s->password_file && client_login_has_external(&d->link, &d->offers)) {
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
open_session(struct delivery *d)
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

static int
mail_fault(struct delivery *d, unsigned code, struct buffer *lines)
{
	CLEANUP(buffer_free) struct buffer words = { 0 };

	if (code == 530 && !d->password)
		return client_fault_set(d->fault, EX_NOPERM,
			"%s wants a login (%.1000s): name the user with --user and the "
			"password's file with --password-file",
			d->settings->host, client_hello_quote(lines, &words));
	if (code == 530)
		return client_hello_refused(
			&d->link, "MAIL", EX_NOPERM, code, lines, d->fault);
	return client_hello_refused(&d->link, "MAIL", EX_DATAERR, code, lines, d->fault);
}

static int
say_sender(struct delivery *d)
{
	CLEANUP(buffer_free) struct buffer lines = { 0 };
	const struct smtp_server_offers *o = &d->offers;
	char command[COMMAND_SIZE];
	char size[40] = "";
	unsigned code;
	int r;

	if (o->size && o->max_size > 0 && d->message.size > o->max_size)
		return client_fault_set(d->fault, EX_DATAERR,
			"the message has %llu bytes, and %s takes at most %llu",
			(unsigned long long)d->message.size, d->settings->host,
			(unsigned long long)o->max_size);
	if (o->size)
		snprintf(size, sizeof size, " SIZE=%llu",
			(unsigned long long)d->message.size);
	snprintf(command, sizeof command, "MAIL FROM:<%s>%s%s", d->from, size,
		o->eight_bit && d->message.eight_bit ? " BODY=8BITMIME" : "");
	r = client_hello_ask(&d->link, command, &code, &lines, d->fault);
	if (r != 0)
		return r;
	return code == 250 ? 0 : mail_fault(d, code, &lines);
}

static int
say_recipient(struct delivery *d, const char *address)
{
	CLEANUP(buffer_free) struct buffer lines = { 0 };
	CLEANUP(buffer_free) struct buffer words = { 0 };
	char command[COMMAND_SIZE];
	unsigned code;
	int r;

	snprintf(command, sizeof command, "RCPT TO:<%s>", address);
	r = client_hello_ask(&d->link, command, &code, &lines, d->fault);
	if (r != 0)
		return r;
	if (code >= 300 && code < 400)
		return client_hello_refused(
			&d->link, "RCPT", EX_PROTOCOL, code, &lines, d->fault);
	if (code == 421)
		return client_hello_refused(
			&d->link, "RCPT", EX_TEMPFAIL, code, &lines, d->fault);
	if (code < 300) {
		d->accepted++;
		return 0;
	}
	*(code < 500 ? &d->postponed : &d->refused) += 1;
	client_say(
		"recipient %s refused: %s", address, client_hello_quote(&lines, &words));
	return 0;
}

static int
say_message(struct delivery *d)
{
	CLEANUP(buffer_free) struct buffer lines = { 0 };
	unsigned code;
	int r;

	r = client_hello_ask(&d->link, "DATA", &code, &lines, d->fault);
	if (r != 0)
		return r;
	if (code != 354)
		return client_hello_refused(
			&d->link, "DATA", EX_DATAERR, code, &lines, d->fault);
	r = client_message_send(&d->message, &d->link, d->fault);
	if (r != 0)
		return r;
	/* The server has longer for this than for anything else: RFC 5321 section
	 * 4.5.3.2.6. */
	r = client_link_reply(&d->link,
		client_link_deadline(&d->link) + (int64_t)d->settings->timeout * 1000,
		&code, &lines, d->fault);
	if (r != 0)
		return r;
	if (code != 250)
		return client_hello_refused(
			&d->link, "the message", EX_DATAERR, code, &lines, d->fault);
	return 0;
}

/* Nothing that goes wrong here changes what has been said before. */
static void
say_goodbye(struct delivery *d)
{
	CLEANUP(buffer_free) struct buffer lines = { 0 };
	struct client_fault ignored = { 0 };
	unsigned code;

	if (client_link_command(&d->link, "QUIT", 4, &ignored) == 0)
		client_link_reply(
			&d->link, host_clock_ms() + GOODBYE_MS, &code, &lines, &ignored);
}

static int
judge_recipients(struct delivery *d)
{
	size_t failed = d->refused + d->postponed;

	if (failed == 0)
		return 0;
	return client_fault_set(d->fault, d->refused > 0 ? EX_NOUSER : EX_TEMPFAIL,
		"%zu of %zu recipients refused; %s", failed, d->recipients.n,
		d->accepted > 0 ? "the message was accepted for the others"
				: "the message is not sent");
}

static int
transact(struct delivery *d)
{
	int r = say_sender(d);

	for (size_t i = 0; r == 0 && i < d->recipients.n; i++)
		r = say_recipient(d, d->recipients.items[i]);
	if (r == 0 && d->accepted > 0)
		r = say_message(d);
	if (r == 0)
		r = judge_recipients(d);
	if (!d->link.broken)
		say_goodbye(d);
	return r;
}

int
client_send(const struct client_settings *s, const struct client_options *o,
	struct client_fault *fault)
{
	CLEANUP(delivery_clear)
	struct delivery d = { .settings = s,
		.fault = fault,
		.link = { .fd = -1, .cancel = -1, .traced = s->verbose },
		.message = { .fd = -1 } };
	int r;

	r = read_sender(&d, o);
	if (r == 0)
		r = read_recipients(&d, o);
	if (r == 0)
		r = read_password(&d);
	if (r == 0)
		r = client_link_load(&d.link, s, fault);
	if (r == 0)
		r = read_message(&d, o);
	if (r == 0)
		r = open_session(&d);
	return r == 0 ? transact(&d) : r;
}
