// SPDX-License-Identifier: ISC
/*
 * What is typed: commands, answers, messages. Passwords are overwritten once they are
 * sent. Faults: the input ends inside a message, and those of sending.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "client/converse_parts.h"
#include "client/mend.h"
#include "client/show.h"
#include "pki/digest.h"

int
client_talk_say(struct client_talk *t, const char *line, size_t len)
{
	t->awaiting = true;
	t->deadline = client_link_deadline(t->link);
	return client_talk_go_on(client_link_command(t->link, line, len, t->fault));
}

static int
say_command(struct client_talk *t, const char *line, size_t len)
{
	client_stage_said(&t->stage, line, len);
	return client_talk_say(t, line, len);
}

void
client_talk_show_answer(
	struct client_talk *t, bool secret, const char *answer, size_t len)
{
	if (!t->terminal->echoed && secret)
		client_show_part("*", 1);
	else if (!t->terminal->echoed)
		client_show_part(answer, len);
	if (!t->terminal->echoed || secret)
		client_show_line("", 0);
}

int
client_talk_say_base64(struct client_talk *t, const char *answer, size_t len)
{
	CLEANUP_SECRET char *coded = NULL;
	int r;

	r = pki_base64_encode(answer, len, &coded);
	if (r < 0)
		return client_fault_memory(t->fault);
	t->link->masked = true;
	r = client_talk_say(t, coded, strlen(coded));
	t->link->masked = false;
	return r;
}

static int
send_answer(struct client_talk *t, struct buffer *typed)
{
	bool secret = t->prompt != CLIENT_PROMPT_USER;

	client_terminal_reveal(t->terminal);
	client_talk_show_answer(t, secret, buffer_data(typed), buffer_len(typed));
	/* A lone star gives the exchange up (RFC 4954 section 4). */
	if (buffer_len(typed) == 1 && *buffer_data(typed) == '*')
		return client_talk_say(t, "*", 1);
	if (!secret) {
		free(t->c->user);
		t->c->user = buffer_string(typed) ? strdup(buffer_string(typed)) : NULL;
		if (!t->c->user)
			return client_fault_memory(t->fault);
	}
	return client_talk_say_base64(t, buffer_data(typed), buffer_len(typed));
}

/* Appends a line of the message: a dot in front is doubled (RFC 5321 section 4.5.2). */
static int
put_message_line(struct client_talk *t, struct buffer *out, const struct buffer *typed)
{
	bool dot = buffer_len(typed) > 0 && *buffer_data(typed) == '.';

	t->lines++;
	if ((dot && buffer_puts(out, ".") < 0) ||
		buffer_append(out, buffer_data(typed), buffer_len(typed)) < 0 ||
		buffer_puts(out, "\r\n") < 0)
		return client_fault_memory(t->fault);
	return 0;
}

static bool
is_dot(const struct buffer *typed)
{
	return buffer_len(typed) == 1 && *buffer_data(typed) == '.';
}

static int
send_message_line(struct client_talk *t, struct buffer *typed)
{
	CLEANUP(buffer_free) struct buffer line = { 0 };
	int r;

	if (is_dot(typed)) {
		t->ended = true;
		return client_talk_say(t, ".", 1);
	}
	r = put_message_line(t, &line, typed);
	if (r < 0)
		return r;
	return client_talk_go_on(client_link_send(
		t->link, buffer_data(&line), buffer_len(&line), t->fault));
}

/* The dot that ends the message is put behind it at once. */
static int
keep_message_line(struct client_talk *t, struct buffer *typed)
{
	if (!is_dot(typed))
		return client_talk_go_on(put_message_line(t, &t->draft, typed));
	t->mode = CLIENT_TALK_COMMAND;
	if (buffer_puts(&t->draft, ".\r\n") < 0)
		return client_fault_memory(t->fault);
	return say_command(t, "DATA", 4);
}

int
client_talk_send_draft(struct client_talk *t)
{
	int r;

	t->awaiting = true;
	t->ended = true;
	t->deadline = client_link_deadline(t->link);
	r = client_link_expect_silence(t->link, t->fault);
	if (r == 0)
		r = client_link_send(
			t->link, buffer_data(&t->draft), buffer_len(&t->draft), t->fault);
	buffer_free(&t->draft);
	return client_talk_go_on(r);
}

static int
begin_draft(struct client_talk *t)
{
	static const char words[] = "Enter the message, end it with \".\" on a single "
				    "line; ctrl-C drops it.";

	t->mode = CLIENT_TALK_DRAFT;
	t->lines = 0;
	client_show_line(words, sizeof words - 1);
	return CLIENT_TALK_ON;
}

/* Where lines are edited, what is typed goes out in its strict form. */
static int
take_command(struct client_talk *t, const struct buffer *typed)
{
	CLEANUP(buffer_wipe) struct buffer line = { 0 };
	struct client_edit *edit = t->terminal->edit;

	t->lines = 0;
	if (!edit)
		return say_command(t, buffer_data(typed), buffer_len(typed));
	if (client_mend(&line, buffer_data(typed), buffer_len(typed)) < 0)
		return client_fault_memory(t->fault);
	client_edit_remember(edit, buffer_data(&line), buffer_len(&line));
	if (t->stage.name == CLIENT_STAGE_RECIPIENT && buffer_len(&line) == 4 &&
		memcmp(buffer_data(&line), "DATA", 4) == 0)
		return begin_draft(t);
	return say_command(t, buffer_data(&line), buffer_len(&line));
}

int
client_talk_typed(struct client_talk *t, struct buffer *typed)
{
	t->unasked = 0;
	switch (t->mode) {
	case CLIENT_TALK_ANSWER:
		return send_answer(t, typed);
	case CLIENT_TALK_MESSAGE:
		return send_message_line(t, typed);
	case CLIENT_TALK_DRAFT:
		return keep_message_line(t, typed);
	case CLIENT_TALK_COMMAND:
		break;
	}
	return take_command(t, typed);
}

/* The input has ended: leave as politely as the dialogue allows. */
int
client_talk_input_ended(struct client_talk *t)
{
	switch (t->mode) {
	case CLIENT_TALK_MESSAGE:
	case CLIENT_TALK_DRAFT:
		return client_fault_set(t->fault, EX_DATAERR,
			"the input has ended before a line with a lone dot: the message "
			"is "
			"not sent");
	case CLIENT_TALK_ANSWER:
		client_terminal_reveal(t->terminal);
		client_show_line("", 0);
		return client_talk_say(t, "*", 1);
	case CLIENT_TALK_COMMAND:
		break;
	}
	return client_talk_say(t, "QUIT", 4);
}

int
client_talk_give_up(struct client_talk *t, bool *ret_given_up)
{
	*ret_given_up = false;
	if (!t->terminal->edit || t->awaiting)
		return CLIENT_TALK_ON;
	*ret_given_up = t->mode == CLIENT_TALK_DRAFT || t->mode == CLIENT_TALK_ANSWER;
	if (client_terminal_drop_line(t->terminal))
		*ret_given_up = true;
	if (t->mode == CLIENT_TALK_DRAFT) {
		buffer_free(&t->draft);
		t->mode = CLIENT_TALK_COMMAND;
		client_say("the message is dropped; nothing of it was sent");
	} else if (t->mode == CLIENT_TALK_ANSWER) {
		client_terminal_reveal(t->terminal);
		client_show_line("", 0);
		return client_talk_say(t, "*", 1);
	}
	return CLIENT_TALK_ON;
}
