// SPDX-License-Identifier: ISC
/*
 * What the server says: shown, and taken for what comes next. Passwords that are kept
 * are sent from here. Faults: a first reply that is no welcome, a server that talks
 * without end, and those of sending.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "client/converse_parts.h"
#include "client/password.h"
#include "client/show.h"

enum { UNASKED_MAX = 100 };

/* The password that is known for the user who was named; 1, 0 or a negative number. */
static int
known_password(struct client_talk *t, char **ret)
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

void
client_talk_show(struct client_talk *t, const struct smtp_server_line *line)
{
	const struct client_edit *edit = t->terminal->edit;
	bool help = line->code == 214;
	const char *text = help ? line->text : line->line;
	size_t len = help ? line->text_len : line->len;

	if (edit && client_edit_has_colour(edit))
		client_show_reply(line->code, text, len);
	else
		client_show_line(text, len);
}

static int
take_prompt(struct client_talk *t, const struct smtp_server_line *line)
{
	CLEANUP_SECRET char *password = NULL;
	int r = 0;

	if (t->terminal->edit)
		client_talk_show(t, line);
	else
		client_show_part(line->line, line->len);
	t->mode = CLIENT_TALK_ANSWER;
	t->prompt = client_prompt_read(line->text, line->text_len);
	if (t->prompt == CLIENT_PROMPT_PASSWORD)
		r = known_password(t, &password);
	if (r < 0)
		return r;
	if (r > 0) {
		t->offered = true;
		client_talk_show_answer(t, true, NULL, 0);
		return client_talk_say_base64(t, password, strlen(password));
	}
	if (t->prompt == CLIENT_PROMPT_USER)
		return CLIENT_TALK_ON;
	client_terminal_hide(t->terminal);
	if (t->terminal->edit)
		client_show_part("Password: ", 10);
	return CLIENT_TALK_ON;
}

static int
take_enrolment(struct client_talk *t, const struct smtp_server_line *line)
{
	CLEANUP_SECRET char *password = NULL;
	struct client_converse *c = t->c;
	struct client_fault fault = { 0 };

	password = client_prompt_told(line->text, line->text_len);
	if (!password || !c->user)
		return CLIENT_TALK_ON;
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

/* The last line of the first reply decides whether we are connected. */
static int
take_banner(struct client_talk *t, const struct smtp_server_line *line)
{
	t->greeted = true;
	if (line->code == 220)
		return CLIENT_TALK_ON;
	return client_fault_set(t->fault,
		line->code >= 500   ? EX_UNAVAILABLE
		: line->code >= 400 ? EX_TEMPFAIL
				    : EX_PROTOCOL,
		"%s does not serve us", t->c->settings->host);
}

/* A line that nobody has asked for: a server that is about to leave, most likely. A
 * message that is being typed stays one, or its lines would go out as commands. */
static int
take_interjection(struct client_talk *t, const struct smtp_server_line *line)
{
	if (++t->unasked > UNASKED_MAX)
		return client_fault_set(t->fault, EX_PROTOCOL,
			"%s goes on talking without being asked", t->c->settings->host);
	client_terminal_reveal(t->terminal);
	if (t->mode == CLIENT_TALK_ANSWER) {
		client_terminal_drop_line(t->terminal);
		client_show_line("", 0);
		t->mode = CLIENT_TALK_COMMAND;
	}
	client_terminal_hide_line(t->terminal);
	client_talk_show(t, line);
	return CLIENT_TALK_ON;
}

/* The last line of a reply to a command; it says what comes next. */
static int
take_reply(struct client_talk *t, const struct smtp_server_line *line)
{
	bool naming = t->mode == CLIENT_TALK_ANSWER && t->prompt == CLIENT_PROMPT_USER;
	bool drafted = buffer_len(&t->draft) > 0;

	t->mode = line->code == 354 ? CLIENT_TALK_MESSAGE : CLIENT_TALK_COMMAND;
	if (line->code == 354 && drafted) {
		t->mode = CLIENT_TALK_COMMAND;
		return client_talk_send_draft(t);
	}
	if (drafted) {
		buffer_free(&t->draft);
		client_say("the message (%u line%s) is dropped", t->lines,
			t->lines == 1 ? "" : "s");
	}
	t->ended = false;
	if (line->code == 330 && naming)
		return take_enrolment(t, line);
	return line->code == 221 ? CLIENT_CONVERSE_QUIT : CLIENT_TALK_ON;
}

int
client_talk_heard(struct client_talk *t, const struct smtp_server_line *line)
{
	bool offered = t->offered;

	if (!t->awaiting)
		return take_interjection(t, line);
	if (!line->last) {
		client_talk_show(t, line);
		return CLIENT_TALK_ON;
	}
	t->awaiting = false;
	t->offered = false;
	client_stage_heard(&t->stage, line->code);
	if (line->code == 334 && t->greeted)
		return take_prompt(t, line);
	client_talk_show(t, line);
	if (offered && line->code >= 500)
		t->c->distrusted = true;
	return t->greeted ? take_reply(t, line) : take_banner(t, line);
}
