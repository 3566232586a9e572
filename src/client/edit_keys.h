// SPDX-License-Identifier: ISC
/*
 * What edit.c shares with edit_keys.c, which sets libedit up: prompts, history, and the
 * keys that do something of ours.
 */
#ifndef CLIENT_EDIT_KEYS_H
#define CLIENT_EDIT_KEYS_H

#include <stdbool.h>

#include "client/history.h"
#include "client/stage.h"

enum { CLIENT_EDIT_PROMPT = 40 };

struct editline;
struct history;

struct client_edit {
	struct editline *library;
	struct history *lines;
	struct client_history history;
	const struct client_stage *stage; /* or NULL */
	char prompt[CLIENT_EDIT_PROMPT];
	const char *hint; /* to the right; or NULL */
	unsigned width;   /* of the terminal */
	bool colour;
	bool command; /* the line has history, endings and hints */
	bool active;  /* a line is being typed */
	bool hidden;  /* but is not on the screen */
	bool quiet;   /* no hint any more: the line is done */
	bool pushed;  /* a key of ours stands for another one, which is to be read */
};

/* Sets libedit up for standard input and output. 0, or -ENODEV where it cannot work. */
int client_edit_keys_open(struct client_edit *e);

/* Finds the hint for the line as it is. */
void client_edit_keys_hint(struct client_edit *e);

#endif
