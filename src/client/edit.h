// SPDX-License-Identifier: ISC
/*
 * Line editing at a terminal, by libedit: history, endings of what is half typed on Tab,
 * and at the right end of the line a hint of what can come next. It reads key by key when
 * it is told that there is something to read, so that the caller goes on listening to the
 * server and to signals.
 */
#ifndef CLIENT_EDIT_H
#define CLIENT_EDIT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "client/stage.h"

struct client_edit;

/* NULL where the terminal cannot do it (TERM says nothing, or "dumb"). */
struct client_edit *client_edit_open(void);
void client_edit_close(struct client_edit *e);

/* Whether colours are wanted: the terminal has them, and NO_COLOR does not forbid. */
bool client_edit_has_colour(const struct client_edit *e);

/* Whose hints are shown; it has to outlive what is typed next. */
void client_edit_follow(struct client_edit *e, const struct client_stage *stage);

/* Begins a line behind a prompt, or shows again the one that was begun. command: one with
 * history, endings and hints. */
void client_edit_begin(struct client_edit *e, const char *prompt, bool command);

/* Reads what was typed. Once the line is whole, appends it and a LF to *ret: true. ended
 * is set where the person has ended the input at the beginning of a line. */
bool client_edit_read(struct client_edit *e, struct buffer *ret, bool *ended);

/* Takes the line that is being typed off the screen, to write there; client_edit_begin
 * brings it back. */
void client_edit_hide(struct client_edit *e);

/* Gives the terminal back as it was: nothing is being typed any more. Whether anything
 * was. */
bool client_edit_end(struct client_edit *e);

/* Makes the terminal as it was for a stop, and the other way round. */
void client_edit_suspend(struct client_edit *e);
void client_edit_resume(struct client_edit *e);

/* The terminal has another size. */
void client_edit_resize(struct client_edit *e);

/* Adds a command to the history, unless it holds a credential. */
void client_edit_remember(struct client_edit *e, const char *line, size_t len);

#endif
