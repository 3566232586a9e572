// SPDX-License-Identifier: ISC
/*
 * Asks terminfo, in a file of its own: its headers define short words as macros. What is
 * not known has no colours.
 */
#include "client/colour.h"

#include <curses.h>
#include <stdlib.h>
#include <term.h>
#include <unistd.h>

bool
client_colour_wanted(void)
{
	const char *forbidden = getenv("NO_COLOR");
	char colours[] = "colors";
	int fault;

	if ((forbidden && *forbidden) || !isatty(STDOUT_FILENO))
		return false;
	if (setupterm(NULL, STDOUT_FILENO, &fault) != OK)
		return false;
	return tigetnum(colours) >= 8;
}
