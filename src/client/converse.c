// SPDX-License-Identifier: ISC
/*
 * The dialogue as a person has it: one typed line, one reply, and so on, with a mode that
 * the last reply has set. Passwords are overwritten once they are sent. Faults: the
 * connection is lost or silent, which says what is lost with it; output is not taken.
 */
#include "client/converse.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "client/converse_parts.h"
#include "client/hello.h"
#include "client/show.h"
#include "host/clock.h"

enum { GOODBYE_MS = 2000 };

void
client_converse_clear(struct client_converse *c)
{
	free(c->user);
	free(c->told_user);
	secret_free(c->told_password);
	*c = (struct client_converse){ 0 };
}

/* The person leaves by a signal. */
static int
leave(struct client_talk *t, int number)
{
	struct client_fault ignored = { 0 };
	struct smtp_server_line line;
	int64_t end = host_clock_ms() + GOODBYE_MS;

	client_terminal_drop_line(t->terminal);
	client_terminal_reveal(t->terminal);
	if (t->terminal->echoed && !t->terminal->edit)
		client_show_line("", 0);
	if (t->mode == CLIENT_TALK_MESSAGE || t->mode == CLIENT_TALK_DRAFT)
		client_say("the message is not sent");
	if (number != SIGINT)
		return client_fault_set(
			t->fault, 128 + number, "ended by signal %d", number);
	t->link->cancel = -1;
	if (t->mode != CLIENT_TALK_COMMAND || t->awaiting || !t->greeted)
		return CLIENT_CONVERSE_QUIT;
	if (client_link_command(t->link, "QUIT", 4, &ignored) == 0 &&
		client_link_line(t->link, end, &line, &ignored) == 0)
		client_talk_show(t, &line);
	return CLIENT_CONVERSE_QUIT;
}

/* An interrupt gives up what is being typed, and leaves where nothing is. */
static int
take_signal(struct client_talk *t, int number)
{
	bool given_up = false;
	int r = CLIENT_TALK_ON;

	if (number == SIGINT)
		r = client_talk_give_up(t, &given_up);
	return given_up ? r : leave(t, number);
}

/* Where lines are edited, one begins. */
static void
want_line(struct client_talk *t)
{
	if (t->mode == CLIENT_TALK_COMMAND)
		client_terminal_want(t->terminal, "> ", true);
	else if (t->mode == CLIENT_TALK_ANSWER)
		client_terminal_want(t->terminal, "Username: ", false);
	else
		client_terminal_want(t->terminal, "", false);
}

/* Waits for the server, a signal, or, unless a reply is due, somebody who types. */
static int
wait_for_news(struct client_talk *t)
{
	bool listen = !t->awaiting && !t->terminal->ended;
	struct pollfd fds[3] = {
		{ .fd = t->link->fd, .events = POLLIN },
		{ .fd = t->terminal->signals, .events = POLLIN },
		{ .fd = listen ? 0 : -1, .events = POLLIN },
	};
	int64_t left = t->deadline - host_clock_ms();
	int number;

	if (t->awaiting && left <= 0)
		return client_fault_set(t->fault, EX_TEMPFAIL,
			"%s has not answered in time", t->c->settings->host);
	if (listen)
		want_line(t);
	if (poll(fds, 3, t->awaiting ? (int)left : -1) < 0 && errno != EINTR)
		return client_fault_set(
			t->fault, EX_OSERR, "cannot wait: %s", strerror(errno));
	if (fds[0].revents)
		client_terminal_hide_line(t->terminal);
	if (fds[1].revents) {
		number = client_terminal_signal(t->terminal);
		if (number != 0)
			return take_signal(t, number);
	}
	if (fds[2].revents & POLLIN)
		client_terminal_fill(t->terminal);
	else if (fds[2].revents)
		t->terminal->ended = true;
	return CLIENT_TALK_ON;
}

/* One step: what the server has said comes first, then what was typed. */
static int
step(struct client_talk *t)
{
	CLEANUP(buffer_wipe) struct buffer typed = { 0 };
	struct smtp_server_line line;
	int r;

	r = client_link_line(t->link, 0, &line, t->fault);
	if (r == 0)
		return client_talk_heard(t, &line);
	if (r < 0)
		return r;
	if (ferror(stdout))
		return client_fault_set(
			t->fault, EX_IOERR, "cannot write what the server says");
	if (!t->awaiting && client_terminal_line(t->terminal, &typed))
		return client_talk_typed(t, &typed);
	if (!t->awaiting && t->terminal->ended)
		return client_talk_input_ended(t);
	return wait_for_news(t);
}

/* With STARTTLS the banner comes in the clear; it is shown once TLS has proved the server
 * and the server has admitted us. */
static int
open_talk(struct client_talk *t)
{
	CLEANUP(buffer_free) struct buffer banner = { 0 };
	int r;

	t->awaiting = true;
	t->deadline = client_link_deadline(t->link);
	if (t->c->settings->tls != CLIENT_TLS_STARTTLS)
		return CLIENT_TALK_ON;
	r = client_hello_banner(t->link, &banner, t->fault);
	if (r == 0)
		r = client_hello_upgrade(t->link, t->fault);
	if (r == 0)
		r = client_hello_probe(t->link, t->fault);
	if (r == CLIENT_LINK_CANCELLED)
		return take_signal(t, client_terminal_signal(t->terminal));
	if (r < 0)
		return r;
	t->greeted = true;
	t->awaiting = false;
	client_show_lines(buffer_data(&banner), buffer_len(&banner));
	return CLIENT_TALK_ON;
}

/* The connection has gone, and something with it. */
static void
say_loss(struct client_talk *t)
{
	char words[160] = "";

	if (t->ended)
		snprintf(words, sizeof words,
			"; whether it has taken the message is not known");
	else if (t->mode == CLIENT_TALK_MESSAGE || t->mode == CLIENT_TALK_DRAFT ||
		 buffer_len(&t->draft) > 0)
		snprintf(words, sizeof words,
			"; the message being typed (%u line%s) is lost, the server has "
			"not taken it",
			t->lines, t->lines == 1 ? "" : "s");
	else if (t->stage.name == CLIENT_STAGE_RECIPIENT)
		snprintf(words, sizeof words,
			"; the message that was begun, for %u recipient%s, is lost",
			t->stage.recipients, t->stage.recipients == 1 ? "" : "s");
	else if (t->stage.name == CLIENT_STAGE_SENDER)
		snprintf(words, sizeof words,
			"; the message that was begun, with its sender, is lost");
	client_fault_more(t->fault, words);
}

static void
talk_clear(struct client_talk *t)
{
	client_terminal_drop_line(t->terminal);
	client_terminal_reveal(t->terminal);
	if (t->terminal->edit)
		client_edit_follow(t->terminal->edit, NULL);
	buffer_wipe(&t->draft);
}

int
client_converse(
	struct client_converse *c, struct client_link *l, struct client_fault *fault)
{
	CLEANUP(talk_clear)
	struct client_talk t = {
		.c = c, .terminal = c->terminal, .link = l, .fault = fault
	};
	int r;

	if (t.terminal->edit)
		client_edit_follow(t.terminal->edit, &t.stage);
	r = open_talk(&t);
	while (r == CLIENT_TALK_ON)
		r = step(&t);
	if (r < 0 && l->broken)
		say_loss(&t);
	return r;
}
