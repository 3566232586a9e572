// SPDX-License-Identifier: ISC
/*
 * Whether a terminal shows colours.
 */
#ifndef CLIENT_COLOUR_H
#define CLIENT_COLOUR_H

#include <stdbool.h>

/* Whether the terminal that TERM names and standard output is has at least eight of them,
 * and NO_COLOR is not set to anything. */
bool client_colour_wanted(void);

#endif
