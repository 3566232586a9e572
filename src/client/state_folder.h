// SPDX-License-Identifier: ISC
/*
 * Where the client keeps what it remembers: ~/.local/state/postern/, which nobody but its
 * owner may look into.
 */
#ifndef CLIENT_STATE_FOLDER_H
#define CLIENT_STATE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

/* Opens a folder below it, n names deep, or the folder itself where n is 0; with make,
 * makes it and those above that are not there. A descriptor that the caller closes, or a
 * negative errno. */
int client_state_folder(const char *const *names, size_t n, bool make);

#endif
