// SPDX-License-Identifier: ISC
/*
 * One pass over the line. Words are owned by whoever asked; the faults are those that the
 * header names.
 */
#include "client/words.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"

/* p stands at a quote: appends what is inside, and answers where it ends. */
static int
take_quoted(const char **p, struct buffer *word)
{
	char quote = *(*p)++;

	while (**p != quote) {
		if (quote == '"' && **p == '\\' && ((*p)[1] == '"' || (*p)[1] == '\\'))
			(*p)++;
		if (**p == '\0')
			return -EINVAL;
		if (buffer_append(word, (*p)++, 1) < 0)
			return -ENOMEM;
	}
	(*p)++;
	return 0;
}

static int
take_word(const char **p, struct buffer *word)
{
	while (**p != '\0' && **p != ' ' && **p != '\t') {
		int r = 0;

		if (**p == '\'' || **p == '"') {
			r = take_quoted(p, word);
		} else {
			if (**p == '\\' && *++*p == '\0')
				return -EINVAL;
			r = buffer_append(word, (*p)++, 1);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int
add_word(struct client_words *w, struct buffer *word)
{
	const char *text = buffer_string(word);

	if (w->n == CLIENT_WORDS_MAX)
		return -E2BIG;
	if (!text)
		return -ENOMEM;
	w->items[w->n] = strdup(text);
	if (!w->items[w->n])
		return -ENOMEM;
	w->n++;
	return 0;
}

/* The first word is a file by its whole path. */
static int
add_program(struct client_words *w, struct buffer *word)
{
	CLEANUP(buffer_free) struct buffer path = { 0 };
	const char *text = buffer_string(word);
	const char *home = getenv("HOME");

	if (!text)
		return -ENOMEM;
	if (text[0] == '/')
		return add_word(w, word);
	if (text[0] != '~' || text[1] != '/' || !home || home[0] != '/')
		return -EINVAL;
	if (buffer_printf(&path, "%s%s", home, text + 1) < 0)
		return -ENOMEM;
	return add_word(w, &path);
}

static int
split(const char *p, struct client_words *w)
{
	for (;;) {
		CLEANUP(buffer_free) struct buffer word = { 0 };
		int r;

		p += strspn(p, " \t");
		if (*p == '\0')
			return w->n > 0 ? 0 : -EINVAL;
		r = take_word(&p, &word);
		if (r == 0)
			r = w->n == 0 ? add_program(w, &word) : add_word(w, &word);
		if (r < 0)
			return r;
	}
}

int
client_words_split(const char *line, struct client_words *ret)
{
	int r = split(line, ret);

	if (r < 0)
		client_words_clear(ret);
	return r;
}

void
client_words_clear(struct client_words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->items[i]);
	*w = (struct client_words){ 0 };
}
