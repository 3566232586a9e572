// SPDX-License-Identifier: ISC
/*
 * The dialogue as a person has it: one typed line, one reply, and so on, with a mode that
 * the last reply has set. Passwords are overwritten once they are sent. Faults: the
 * connection is lost or silent, the input ends inside a message, output is not taken.
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
#include "client/hello.h"
#include "client/password.h"
#include "client/prompt.h"
#include "client/show.h"
#include "host/clock.h"
#include "pki/digest.h"

enum { GOODBYE_MS = 2000, UNASKED_MAX = 100 };

enum mode {
	MODE_COMMAND,
	MODE_ANSWER,  /* at a 334 */
	MODE_MESSAGE, /* behind a 354 */
};

struct talk {
	struct client_converse *c;
	struct client_terminal *terminal;
	struct client_link *link;
	struct client_fault *fault;
	enum mode mode;
	enum client_prompt prompt; /* of MODE_ANSWER */
	bool greeted;              /* the banner has come whole */
	bool awaiting; /* a reply is due: until it is here, nothing typed is looked at */
	bool offered;  /* the last answer was a kept password */
	int64_t deadline;
	unsigned unasked; /* lines from the server since something was typed */
};

/* What a step answers when the dialogue goes on; an enum client_converse_end ends it. */
enum { GO_ON = 16 };

void
client_converse_clear(struct client_converse *c)
{
	free(c->user);
	free(c->told_user);
	secret_free(c->told_password);
	*c = (struct client_converse){ 0 };
}

/* A cancelled call is for the loop to look into: the signal is still there. */
static int
go_on(int r)
{
	return r < 0 ? r : GO_ON;
}

static int
say(struct talk *t, const char *line, size_t len)
{
	t->awaiting = true;
	t->deadline = client_link_deadline(t->link);
	return go_on(client_link_command(t->link, line, len, t->fault));
}

/* Shows what was answered at a 334 where no terminal does, and ends the line. */
static void
show_answer(struct talk *t, bool secret, const char *answer, size_t len)
{
	if (!t->terminal->echoed && secret)
		client_show_part("*", 1);
	else if (!t->terminal->echoed)
		client_show_part(answer, len);
	if (!t->terminal->echoed || secret)
		client_show_line("", 0);
}

static int
say_base64(struct talk *t, const char *answer, size_t len)
{
	CLEANUP_SECRET char *coded = NULL;
	int r;

	r = pki_base64_encode(answer, len, &coded);
	if (r < 0)
		return client_fault_memory(t->fault);
	return say(t, coded, strlen(coded));
}

/* The password that is known for the user who was named; 1, 0 or a negative number. */
static int
known_password(struct talk *t, char **ret)
{
	struct client_converse *c = t->c;
	struct client_fault fault = { 0 };
	int r;

	if (!c->user || c->distrusted)
		return 0;
	if (c->told_user && client_password_same_user(c->told_user, c->user)) {
		*ret = strdup(c->told_password);
		return *ret ? 1 : client_fault_memory(t->fault);
	}
	r = client_password_find(c->settings, c->user, ret, &fault);
	if (r < 0)
		client_say("%s", fault.text);
	return r > 0;
}

static int
take_prompt(struct talk *t, const struct smtp_server_line *line)
{
	CLEANUP_SECRET char *password = NULL;
	int r = 0;

	client_show_part(line->line, line->len);
	t->mode = MODE_ANSWER;
	t->prompt = client_prompt_read(line->text, line->text_len);
	if (t->prompt == CLIENT_PROMPT_PASSWORD)
		r = known_password(t, &password);
	if (r < 0)
		return r;
	if (r > 0) {
		t->offered = true;
		show_answer(t, true, NULL, 0);
		return say_base64(t, password, strlen(password));
	}
	if (t->prompt != CLIENT_PROMPT_USER)
		client_terminal_hide(t->terminal);
	return GO_ON;
}

static int
take_enrolment(struct talk *t, const struct smtp_server_line *line)
{
	CLEANUP_SECRET char *password = NULL;
	struct client_converse *c = t->c;
	struct client_fault fault = { 0 };

	password = client_prompt_told(line->text, line->text_len);
	if (!password || !c->user)
		return GO_ON;
	if (client_password_keep(c->settings, c->user, password, &fault) < 0)
		client_say("%s", fault.text);
	free(c->told_user);
	secret_free(c->told_password);
	c->told_user = strdup(c->user);
	c->told_password = TAKE_PTR(password);
	c->distrusted = false;
	if (!c->told_user)
		return client_fault_memory(t->fault);
	return CLIENT_CONVERSE_RESTART;
}

static void
show_reply_line(const struct smtp_server_line *line)
{
	if (line->code == 214)
		client_show_line(line->text, line->text_len);
	else
		client_show_line(line->line, line->len);
}

/* The last line of the first reply decides whether we are connected. */
static int
take_banner(struct talk *t, const struct smtp_server_line *line)
{
	t->greeted = true;
	if (line->code == 220)
		return GO_ON;
	return client_fault_set(t->fault,
		line->code >= 500   ? EX_UNAVAILABLE
		: line->code >= 400 ? EX_TEMPFAIL
				    : EX_PROTOCOL,
		"%s does not serve us", t->c->settings->host);
}

/* A line that nobody has asked for: a server that is about to leave, most likely. A
 * message that is being typed stays one, or its lines would go out as commands. */
static int
take_interjection(struct talk *t, const struct smtp_server_line *line)
{
	if (++t->unasked > UNASKED_MAX)
		return client_fault_set(t->fault, EX_PROTOCOL,
			"%s goes on talking without being asked", t->c->settings->host);
	client_terminal_reveal(t->terminal);
	if (t->mode == MODE_ANSWER)
		client_show_line("", 0);
	if (t->mode != MODE_MESSAGE)
		t->mode = MODE_COMMAND;
	client_show_line(line->line, line->len);
	return GO_ON;
}

static int
take_line(struct talk *t, const struct smtp_server_line *line)
{
	bool naming = t->mode == MODE_ANSWER && t->prompt == CLIENT_PROMPT_USER;
	bool offered = t->offered;

	if (!t->awaiting)
		return take_interjection(t, line);
	if (!line->last) {
		show_reply_line(line);
		return GO_ON;
	}
	t->awaiting = false;
	t->offered = false;
	if (line->code == 334 && t->greeted)
		return take_prompt(t, line);
	show_reply_line(line);
	t->mode = line->code == 354 ? MODE_MESSAGE : MODE_COMMAND;
	if (offered && line->code >= 500)
		t->c->distrusted = true;
	if (!t->greeted)
		return take_banner(t, line);
	if (line->code == 330 && naming)
		return take_enrolment(t, line);
	return line->code == 221 ? CLIENT_CONVERSE_QUIT : GO_ON;
}

static int
send_answer(struct talk *t, struct buffer *typed)
{
	bool secret = t->prompt != CLIENT_PROMPT_USER;

	client_terminal_reveal(t->terminal);
	show_answer(t, secret, buffer_data(typed), buffer_len(typed));
	/* A lone star gives the exchange up (RFC 4954 section 4). */
	if (buffer_len(typed) == 1 && *buffer_data(typed) == '*')
		return say(t, "*", 1);
	if (!secret) {
		free(t->c->user);
		t->c->user = buffer_string(typed) ? strdup(buffer_string(typed)) : NULL;
		if (!t->c->user)
			return client_fault_memory(t->fault);
	}
	return say_base64(t, buffer_data(typed), buffer_len(typed));
}

/* A line of the message: a dot in front is doubled (RFC 5321 section 4.5.2), but for the
 * one that ends it. */
static int
send_message_line(struct talk *t, struct buffer *typed)
{
	CLEANUP(buffer_free) struct buffer line = { 0 };
	bool dot = buffer_len(typed) > 0 && *buffer_data(typed) == '.';

	if (dot && buffer_len(typed) == 1)
		return say(t, ".", 1);
	if ((dot && buffer_puts(&line, ".") < 0) ||
		buffer_append(&line, buffer_data(typed), buffer_len(typed)) < 0 ||
		buffer_puts(&line, "\r\n") < 0)
		return client_fault_memory(t->fault);
	return go_on(client_link_send(
		t->link, buffer_data(&line), buffer_len(&line), t->fault));
}

static int
take_typed(struct talk *t, struct buffer *typed)
{
	t->unasked = 0;
	switch (t->mode) {
	case MODE_ANSWER:
		return send_answer(t, typed);
	case MODE_MESSAGE:
		return send_message_line(t, typed);
	case MODE_COMMAND:
		break;
	}
	return say(t, buffer_data(typed), buffer_len(typed));
}

/* The input has ended: leave as politely as the dialogue allows. */
static int
take_end(struct talk *t)
{
	switch (t->mode) {
	case MODE_MESSAGE:
		return client_fault_set(t->fault, EX_DATAERR,
			"the input has ended before a line with a lone dot: the message "
			"is "
			"not sent");
	case MODE_ANSWER:
		client_terminal_reveal(t->terminal);
		client_show_line("", 0);
		return say(t, "*", 1);
	case MODE_COMMAND:
		break;
	}
	return say(t, "QUIT", 4);
}

/* The person leaves by a signal. */
static int
take_signal(struct talk *t, int number)
{
	struct client_fault ignored = { 0 };
	struct smtp_server_line line;
	int64_t end = host_clock_ms() + GOODBYE_MS;

	client_terminal_reveal(t->terminal);
	if (t->terminal->echoed)
		client_show_line("", 0);
	if (t->mode == MODE_MESSAGE)
		client_say("the message is not sent");
	if (number != SIGINT)
		return client_fault_set(
			t->fault, 128 + number, "ended by signal %d", number);
	t->link->cancel = -1;
	if (t->mode != MODE_COMMAND || t->awaiting || !t->greeted)
		return CLIENT_CONVERSE_QUIT;
	if (client_link_command(t->link, "QUIT", 4, &ignored) == 0 &&
		client_link_line(t->link, end, &line, &ignored) == 0)
		show_reply_line(&line);
	return CLIENT_CONVERSE_QUIT;
}

/* Waits for the server, a signal, or, unless a reply is due, somebody who types. */
static int
wait_for_news(struct talk *t)
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
	if (poll(fds, 3, t->awaiting ? (int)left : -1) < 0 && errno != EINTR)
		return client_fault_set(
			t->fault, EX_OSERR, "cannot wait: %s", strerror(errno));
	if (fds[1].revents) {
		number = client_terminal_signal(t->terminal);
		if (number != 0)
			return take_signal(t, number);
	}
	if (fds[2].revents)
		client_terminal_fill(t->terminal);
	return GO_ON;
}

/* One step: what the server has said comes first, then what was typed. */
static int
step(struct talk *t)
{
	CLEANUP(buffer_wipe) struct buffer typed = { 0 };
	struct smtp_server_line line;
	int r;

	r = client_link_line(t->link, 0, &line, t->fault);
	if (r == 0)
		return take_line(t, &line);
	if (r < 0)
		return r;
	if (ferror(stdout))
		return client_fault_set(
			t->fault, EX_IOERR, "cannot write what the server says");
	if (!t->awaiting && client_terminal_line(t->terminal, &typed))
		return take_typed(t, &typed);
	if (!t->awaiting && t->terminal->ended)
		return take_end(t);
	return wait_for_news(t);
}

/* With STARTTLS the banner comes in the clear; it is shown once TLS has proved the server
 * and the server has admitted us. */
static int
open_talk(struct talk *t)
{
	CLEANUP(buffer_free) struct buffer banner = { 0 };
	int r;

	t->awaiting = true;
	t->deadline = client_link_deadline(t->link);
	if (t->c->settings->tls != CLIENT_TLS_STARTTLS)
		return GO_ON;
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
	return GO_ON;
}

int
client_converse(
	struct client_converse *c, struct client_link *l, struct client_fault *fault)
{
	struct talk t = { .c = c, .terminal = c->terminal, .link = l, .fault = fault };
	int r;

	r = open_talk(&t);
	while (r == GO_ON)
		r = step(&t);
	client_terminal_reveal(t.terminal);
	return r;
}
