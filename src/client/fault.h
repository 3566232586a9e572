// SPDX-License-Identifier: ISC
/*
 * What went wrong, in one sentence, with the exit status that goes with it. Whoever finds
 * a fault sets it and returns the negative number that client_fault_set gives; the first
 * fault stays, whatever fails while it is being cleared away.
 */
#ifndef CLIENT_FAULT_H
#define CLIENT_FAULT_H

#include <stddef.h>

enum { CLIENT_FAULT_TEXT = 2048 };

struct client_fault {
	int status; /* of sysexits.h; 0 while nothing is wrong */
	char text[CLIENT_FAULT_TEXT];
};

/* Returns -ECANCELED. */
int client_fault_set(struct client_fault *fault, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for a lack of memory. */
int client_fault_memory(struct client_fault *fault);

/* Says more at the end of a fault's sentence. */
void client_fault_more(struct client_fault *fault, const char *more);

/* One line to stderr behind the program's name. */
void client_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
