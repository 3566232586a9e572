// SPDX-License-Identifier: ISC
/*
 * libedit in its unbuffered mode, where each call takes one key. It owns libedit's
 * handles and the history. There are no faults: what cannot be had is done without.
 */
#include "client/edit.h"

#include <histedit.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/edit_keys.h"

enum { CTRL_D = 4 };

struct client_edit *
client_edit_open(void)
{
	struct client_edit *e;
	const char *term = getenv("TERM");

	if (!term || *term == '\0' || strcmp(term, "dumb") == 0)
		return NULL;
	e = calloc(1, sizeof *e);
	if (!e)
		return NULL;
	setlocale(LC_CTYPE, "");
	client_history_load(&e->history);
	if (client_edit_keys_open(e) == 0)
		return e;
	client_edit_close(e);
	return NULL;
}

void
client_edit_close(struct client_edit *e)
{
	if (!e)
		return;
	client_edit_end(e);
	if (e->library)
		el_end(e->library);
	if (e->lines)
		history_end(e->lines);
	client_history_clear(&e->history);
	free(e);
}

bool
client_edit_has_colour(const struct client_edit *e)
{
	return e->colour;
}

void
client_edit_follow(struct client_edit *e, const struct client_stage *stage)
{
	e->stage = stage;
}

void
client_edit_begin(struct client_edit *e, const char *prompt, bool command)
{
	if (e->active && !e->hidden)
		return;
	if (e->active) {
		e->hidden = false;
		el_set(e->library, EL_REFRESH);
		return;
	}
	e->command = command;
	e->quiet = false;
	snprintf(e->prompt, sizeof e->prompt, "%s", prompt);
	client_edit_keys_hint(e);
	e->active = true;
	/* Begins the line, and draws the prompt. */
	el_set(e->library, EL_UNBUFFERED, 1);
}

/* Nothing is typed any more; the terminal is as it was. */
static void
finish(struct client_edit *e)
{
	el_set(e->library, EL_UNBUFFERED, 0);
	e->active = false;
	e->hidden = false;
}

/* What follows the line's verb is another hint than before: the line is drawn anew, which
 * it can be only while it is one row. */
static void
renew_hint(struct client_edit *e, size_t len)
{
	const char *before = e->hint;

	client_edit_keys_hint(e);
	if (e->hint == before || !e->command || len + sizeof e->prompt > e->width)
		return;
	client_edit_hide(e);
	e->hidden = false;
	el_set(e->library, EL_REFRESH);
}

bool
client_edit_read(struct client_edit *e, struct buffer *ret, bool *ended)
{
	const char *text = NULL;
	int len = 0;

	if (!e->active)
		return false;
	do {
		e->pushed = false;
		text = el_gets(e->library, &len);
	} while (e->pushed);
	if (!text || len <= 0) {
		renew_hint(e, 0);
		return false;
	}
	if (len == 1 && text[0] == CTRL_D) {
		finish(e);
		*ended = true;
		return false;
	}
	if (text[len - 1] != '\n' && text[len - 1] != '\r') {
		renew_hint(e, (size_t)len);
		return false;
	}
	if (buffer_append(ret, text, (size_t)len - 1) < 0 || buffer_puts(ret, "\n") < 0)
		*ended = true;
	finish(e);
	return true;
}

void
client_edit_hide(struct client_edit *e)
{
	if (!e->active || e->hidden)
		return;
	fputs("\r\033[J", stdout);
	fflush(stdout);
	e->hidden = true;
}

bool
client_edit_end(struct client_edit *e)
{
	const LineInfo *line;
	bool typed;

	if (!e->active)
		return false;
	line = el_line(e->library);
	typed = line && line->lastchar > line->buffer;
	client_edit_hide(e);
	finish(e);
	return typed;
}

void
client_edit_suspend(struct client_edit *e)
{
	if (!e->active)
		return;
	client_edit_hide(e);
	el_set(e->library, EL_PREP_TERM, 0);
}

void
client_edit_resume(struct client_edit *e)
{
	if (!e->active)
		return;
	el_set(e->library, EL_PREP_TERM, 1);
	e->hidden = false;
	el_set(e->library, EL_REFRESH);
}

void
client_edit_resize(struct client_edit *e)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		e->width = size.ws_col;
	el_resize(e->library);
	if (!e->active || e->hidden)
		return;
	client_edit_hide(e);
	e->hidden = false;
	el_set(e->library, EL_REFRESH);
}

void
client_edit_remember(struct client_edit *e, const char *line, size_t len)
{
	HistEvent event;

	if (client_history_add(&e->history, line, len))
		history(e->lines, &event, H_ENTER, e->history.lines[e->history.n - 1]);
}
