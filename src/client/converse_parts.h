// SPDX-License-Identifier: ISC
/*
 * What the parts of a dialogue share: converse.c waits and ends, converse_heard.c takes
 * what the server says, converse_typed.c what is typed.
 */
#ifndef CLIENT_CONVERSE_PARTS_H
#define CLIENT_CONVERSE_PARTS_H

#include "client/converse.h"
#include "client/prompt.h"

enum client_talk_mode {
	CLIENT_TALK_COMMAND,
	CLIENT_TALK_ANSWER,  /* at a 334 */
	CLIENT_TALK_MESSAGE, /* behind a 354 */
	/* Where lines are edited a message is written here, and DATA said once it is
	 * whole: until then it can be dropped. */
	CLIENT_TALK_DRAFT,
};

struct client_talk {
	struct client_converse *c;
	struct client_terminal *terminal;
	struct client_link *link;
	struct client_fault *fault;
	struct client_stage stage;
	enum client_talk_mode mode;
	enum client_prompt prompt; /* of CLIENT_TALK_ANSWER */
	bool greeted;              /* the banner has come whole */
	bool awaiting; /* a reply is due: until it is here, nothing typed is looked at */
	bool offered;  /* the last answer was a kept password */
	bool ended;    /* the message is out, and its reply is due */
	int64_t deadline;
	unsigned unasked; /* lines from the server since something was typed */
	unsigned lines;   /* of the message being typed */
	struct buffer
		draft; /* as DATA wants it; of CLIENT_TALK_DRAFT, and until it is out */
};

/* What a step answers when the dialogue goes on; an enum client_converse_end ends it. */
enum { CLIENT_TALK_ON = 16 };

/* A line from the server has come, something was typed, or the input has ended. Each
 * answers one of the above, or a negative number with fault set. */
int client_talk_heard(struct client_talk *t, const struct smtp_server_line *line);
int client_talk_typed(struct client_talk *t, struct buffer *typed);
int client_talk_input_ended(struct client_talk *t);

/* Says a line whose reply is waited for. */
int client_talk_say(struct client_talk *t, const char *line, size_t len);

/* The same for an answer at a 334, which goes out as base64; nobody sees it in a trace.
 */
int client_talk_say_base64(struct client_talk *t, const char *answer, size_t len);

/* Shows a line of the server's; of a HELP reply without its code. */
void client_talk_show(struct client_talk *t, const struct smtp_server_line *line);

/* Shows what was answered at a 334 where no terminal does, and ends the line. */
void client_talk_show_answer(
	struct client_talk *t, bool secret, const char *answer, size_t len);

/* The reply to DATA is 354: the draft goes out. */
int client_talk_send_draft(struct client_talk *t);

/* The person gives up what is being typed where lines are edited: a message, an answer, a
 * command; *ret_given_up says whether there was any of it. */
int client_talk_give_up(struct client_talk *t, bool *ret_given_up);

/* A cancelled call is for the loop to look into: the signal is still there. */
static inline int
client_talk_go_on(int r)
{
	return r < 0 ? r : CLIENT_TALK_ON;
}

#endif
