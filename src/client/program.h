// SPDX-License-Identifier: ISC
/*
 * The program behind main: command line, configuration, what was asked for, exit status.
 */
#ifndef CLIENT_PROGRAM_H
#define CLIENT_PROGRAM_H

/* The exit status, one of sysexits.h. */
int client_program(int argc, char **argv);

#endif
