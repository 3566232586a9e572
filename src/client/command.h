// SPDX-License-Identifier: ISC
/*
 * A program that prints a password.
 */
#ifndef CLIENT_COMMAND_H
#define CLIENT_COMMAND_H

#include "client/fault.h"

/* Runs the command of client/words.h, without a shell, its input /dev/null and its stderr
 * ours, for at most a minute. 0 with the first line of what it prints, which the caller
 * ends with secret_free; or a negative number with fault set. */
int client_command_run(const char *command, char **ret, struct client_fault *fault);

#endif
