// SPDX-License-Identifier: ISC
/*
 * The person's side: what is typed, line by line, with echo on or off, and the signals
 * that a person sends.
 */
#ifndef CLIENT_TERMINAL_H
#define CLIENT_TERMINAL_H

#include <stdbool.h>
#include <termios.h>

#include "base/buffer.h"
#include "client/edit.h"
#include "client/fault.h"

struct client_terminal {
	bool typed;  /* standard input is a terminal */
	bool echoed; /* and standard output too: what is typed is seen there */
	bool hidden; /* echo is off */
	bool ended;  /* no more input */
	int signals; /* readable once SIGINT, SIGTERM, SIGHUP or SIGQUIT has come */
	struct client_edit *edit; /* line editing, or NULL */
	struct termios saved;
	struct buffer in;
};

/* From here on those signals are read, not suffered; lines are edited where both ends are
 * a terminal that can, unless plain says otherwise. 0, or a negative number with fault
 * set. client_terminal_close undoes it, and turns the echo on again. */
int client_terminal_open(
	struct client_terminal *t, bool plain, struct client_fault *fault);
void client_terminal_close(struct client_terminal *t);

/* A line is wanted: where lines are edited, begins one behind the prompt, or shows the
 * one that was begun. command: with history and hints. */
void client_terminal_want(struct client_terminal *t, const char *prompt, bool command);

/* Makes room on the screen for something else than the line that is being typed. */
void client_terminal_hide_line(struct client_terminal *t);

/* Forgets the line that is being typed. Whether anything was. */
bool client_terminal_drop_line(struct client_terminal *t);

/* Turns the echo off and on, where there is one. */
void client_terminal_hide(struct client_terminal *t);
void client_terminal_reveal(struct client_terminal *t);

/* Reads what is there; at the end of input sets ended. */
void client_terminal_fill(struct client_terminal *t);

/* Moves the next line, without its line end, to *line, which is emptied first. False
 * where there is no whole line; at the end of input the rest counts as one. */
bool client_terminal_line(struct client_terminal *t, struct buffer *line);

/* The signal that has come, or 0 where the program is to go on: after a stop from the
 * keyboard it stops here, with the echo on meanwhile. */
int client_terminal_signal(struct client_terminal *t);

#endif
