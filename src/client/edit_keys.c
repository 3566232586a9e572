// SPDX-License-Identifier: ISC
/*
 * Prompts and keys. Functions that libedit calls find the editor as its client data. The
 * one fault is a terminal that libedit cannot use.
 */
#include "client/edit_keys.h"

#include <errno.h>
#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "base/cleanup.h"
#include "client/colour.h"
#include "client/edit.h"

/* The mark that stands around bytes which take no room on the screen. */
enum { NO_ROOM = '\1', LINES_MAX = CLIENT_HISTORY_MAX, DONE_KEY = 0x1f };

static struct client_edit *
editor_of(EditLine *library)
{
	void *data = NULL;

	el_get(library, EL_CLIENTDATA, &data);
	return data;
}

static char *
show_prompt(EditLine *library)
{
	static char text[CLIENT_EDIT_PROMPT + 24];
	const struct client_edit *e = editor_of(library);

	size_t len = strlen(e->prompt);

	/* What takes no room belongs to the character behind it, the last blank. */
	if (e->colour && len > 1)
		snprintf(text, sizeof text, "\1\033[1m\1%.*s\1\033[0m\1 ", (int)len - 1,
			e->prompt);
	else
		snprintf(text, sizeof text, "%s", e->prompt);
	return text;
}

static char *
show_hint(EditLine *library)
{
	static char text[128];
	const struct client_edit *e = editor_of(library);

	text[0] = '\0';
	if (e->hint && !e->quiet)
		snprintf(text, sizeof text,
			e->colour ? "\1\033[2m\1%s\1\033[0m\1 " : "%s ", e->hint);
	return text;
}

void
client_edit_keys_hint(struct client_edit *e)
{
	const LineInfo *line = el_line(e->library);
	size_t len = line && e->active ? (size_t)(line->lastchar - line->buffer) : 0;

	e->hint = NULL;
	if (e->command && e->stage)
		e->hint = client_stage_hint(e->stage, line ? line->buffer : "", len);
}

/* The line is done: the hint goes, so that it does not stay on the screen. */
static unsigned char
end_line(EditLine *library, wint_t key)
{
	static const char done[] = { DONE_KEY, '\0' };
	struct client_edit *e = editor_of(library);

	(void)key;
	e->quiet = true;
	e->pushed = true;
	el_push(library, done);
	return CC_REFRESH;
}

static void
list_endings(const struct client_edit *e, const struct client_endings *found)
{
	size_t widest = 0;
	size_t columns;

	for (size_t i = 0; i < found->n; i++) {
		size_t len = strlen(found->items[i]);

		widest = len > widest ? len : widest;
	}
	columns = e->width / (widest + 2);
	columns = columns > 0 ? columns : 1;
	for (size_t i = 0; i < found->n; i++)
		printf("%s%-*s", i % columns == 0 ? "\n" : "", (int)widest + 2,
			found->items[i]);
	putchar('\n');
	fflush(stdout);
}

static int
put_ending(EditLine *library, const struct client_endings *found, size_t len)
{
	char *text = strndup(found->items[0], len);

	if (!text)
		return CC_ERROR;
	if (found->typed > 0)
		el_deletestr(library, (int)found->typed);
	el_insertstr(library, text);
	free(text);
	return CC_REFRESH;
}

static unsigned char
end_word(EditLine *library, wint_t key)
{
	CLEANUP(client_endings_clear) struct client_endings found = { 0 };
	struct client_edit *e = editor_of(library);
	const LineInfo *line = el_line(library);
	size_t len = (size_t)(line->cursor - line->buffer);
	size_t common;

	(void)key;
	if (!e->command || !e->stage) {
		el_insertstr(library, "\t");
		return CC_REFRESH;
	}
	if (client_stage_endings(
		    e->stage, line->buffer, len, &e->history.addresses, &found) < 0 ||
		found.n == 0)
		return CC_ERROR;
	common = client_endings_common(&found);
	if (found.n == 1 || common > found.typed)
		return (unsigned char)put_ending(library, &found, common);
	list_endings(e, &found);
	return CC_REDISPLAY;
}

static void
bind(EditLine *library)
{
	const char done[] = { DONE_KEY, '\0' };

	el_set(library, EL_EDITOR, "emacs");
	/* In wide characters libedit keeps no copies, which it would never free. */
	el_wset(library, EL_ADDFN, L"postern-end-line", L"Ends the line", end_line);
	el_wset(library, EL_ADDFN, L"postern-end-word", L"Ends the word", end_word);
	el_set(library, EL_BIND, done, "ed-newline", NULL);
	el_set(library, EL_BIND, "^M", "postern-end-line", NULL);
	el_set(library, EL_BIND, "^J", "postern-end-line", NULL);
	el_set(library, EL_BIND, "^I", "postern-end-word", NULL);
	el_set(library, EL_BIND, "^R", "em-inc-search-prev", NULL);
	el_set(library, EL_BIND, "^W", "ed-delete-prev-word", NULL);
}

static int
load_lines(struct client_edit *e)
{
	HistEvent event;

	e->lines = history_init();
	if (!e->lines)
		return -ENODEV;
	history(e->lines, &event, H_SETSIZE, LINES_MAX);
	for (size_t i = 0; i < e->history.n; i++)
		history(e->lines, &event, H_ENTER, e->history.lines[i]);
	el_set(e->library, EL_HIST, history, e->lines);
	return 0;
}

int
client_edit_keys_open(struct client_edit *e)
{
	/* Before libedit asks terminfo, which keeps one answer. */
	e->colour = client_colour_wanted();
	e->library = el_init("postern", stdin, stdout, stderr);
	if (!e->library)
		return -ENODEV;
	el_set(e->library, EL_CLIENTDATA, e);
	el_set(e->library, EL_SIGNAL, 0);
	el_set(e->library, EL_PROMPT_ESC, show_prompt, NO_ROOM);
	el_set(e->library, EL_RPROMPT_ESC, show_hint, NO_ROOM);
	bind(e->library);
	e->width = 80;
	client_edit_resize(e);
	return load_lines(e);
}
