// SPDX-License-Identifier: ISC
/*
 * How far a dialogue has come, from what was said and answered; and what can be said
 * next: hints for a person, and endings of what is half typed. Nothing is sent or read
 * here.
 */
#ifndef CLIENT_STAGE_H
#define CLIENT_STAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "client/address.h"

enum client_stage_name {
	CLIENT_STAGE_CONNECTED,
	CLIENT_STAGE_GREETED,
	CLIENT_STAGE_LOGGED_IN,
	CLIENT_STAGE_SENDER,    /* MAIL was accepted */
	CLIENT_STAGE_RECIPIENT, /* and so was RCPT */
};

/* A zeroed one is a session that begins. */
struct client_stage {
	enum client_stage_name name;
	bool logged_in;
	unsigned recipients;
	char verb[8]; /* of the command whose reply is due, upper case; or "" */
};

/* A command goes out: a line, without its end. */
void client_stage_said(struct client_stage *s, const char *line, size_t len);

/* The last line of its reply has come. After a 354 the reply to the message is the next
 * one. */
void client_stage_heard(struct client_stage *s, unsigned code);

/* What can be said next, or, where the line begins with a verb, what belongs behind it.
 */
const char *client_stage_hint(const struct client_stage *s, const char *line, size_t len);

enum { CLIENT_ENDINGS_MAX = 64 };

/* Ways to end the last word of a line that stands at the end of it: whole words. */
struct client_endings {
	char *items[CLIENT_ENDINGS_MAX];
	size_t n;
	size_t typed; /* bytes at the end of the line that each item is instead of */
};

/* Verbs that fit now, or, behind one that takes an address, those of the list; in their
 * order. 0 or -ENOMEM. client_endings_clear frees the items. */
int client_stage_endings(const struct client_stage *s, const char *line, size_t len,
	const struct client_addresses *known, struct client_endings *ret);
void client_endings_clear(struct client_endings *e);

/* How many bytes all items have in common at their beginning, ASCII case aside. */
size_t client_endings_common(const struct client_endings *e);

#endif
