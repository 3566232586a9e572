// SPDX-License-Identifier: ISC
/*
 * Passphrases of keys and passwords of exports: from a file, typed at the terminal, or
 * made up. Each call answers 0 with a string for secret_free, or an exit status once the
 * fault has been named.
 */
#ifndef KEYS_SECRET_H
#define KEYS_SECRET_H

#include <stdbool.h>

/* The first line of a file, which may be a pipe; what is what it is for, in messages. */
int keys_secret_from_file(const char *what, const char *path, char **ret);

/* Asks once for what is set already; option is what could have given it instead. */
int keys_secret_ask(const char *what, const char *option, char **ret);

/* One that is to be set: from a file, or, where path is NULL, asked for twice. It has to
 * have at least KEYS_SECRET_MIN and at most KEYS_SECRET_MAX bytes. */
int keys_secret_new(const char *what, const char *option, const char *path, char **ret);

enum { KEYS_SECRET_MIN = 8, KEYS_SECRET_MAX = 120 };

#endif
