// SPDX-License-Identifier: ISC
/*
 * A command as a line of a configuration file: words between blanks. Nothing is a shell's
 * here: no variable, no pattern, no second command.
 *
 *   'text'   stands for itself
 *   "text"   too, but for \" and \\
 *   \c       outside of quotes is c
 *
 * A first word that begins with ~/ is below the home directory.
 */
#ifndef CLIENT_WORDS_H
#define CLIENT_WORDS_H

#include <stddef.h>

enum { CLIENT_WORDS_MAX = 64 };

/* Zeroed, it is empty. */
struct client_words {
	char *items[CLIENT_WORDS_MAX +
		    1]; /* NULL behind the last, as execve(2) wants it */
	size_t n;
};

/* 0; -EINVAL where a quote is open or the first word names no file by its whole path;
 * -E2BIG, -ENOMEM. client_words_clear frees the words. */
int client_words_split(const char *line, struct client_words *ret);
void client_words_clear(struct client_words *w);

#endif
