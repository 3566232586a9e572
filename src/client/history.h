// SPDX-License-Identifier: ISC
/*
 * Commands that were typed before, in ~/.local/state/postern/history (mode 0600, a line
 * each), and the addresses in them. What holds a credential never gets there.
 */
#ifndef CLIENT_HISTORY_H
#define CLIENT_HISTORY_H

#include "client/address.h"

enum { CLIENT_HISTORY_MAX = 1000, CLIENT_HISTORY_LINE_MAX = 1000 };

/* A zeroed one is empty. */
struct client_history {
	char **lines; /* the oldest first */
	size_t n;
	struct client_addresses addresses; /* the latest first */
};

/* Reads the file, as far as there is one. What cannot be read is left out. */
void client_history_load(struct client_history *h);

/* Adds a command, unless it is the same as the last one or holds a credential; and writes
 * it to the file. Whether it was added. What cannot be written is forgotten with the
 * program. */
bool client_history_add(struct client_history *h, const char *line, size_t len);

void client_history_clear(struct client_history *h);

#endif
