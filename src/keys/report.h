// SPDX-License-Identifier: ISC
/*
 * What the program says when it fails: one sentence on standard error.
 */
#ifndef KEYS_REPORT_H
#define KEYS_REPORT_H

/* Prints `postern-keys: ` and the sentence; answers status, one of sysexits.h. */
int keys_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Closes standard output and answers status, or EX_IOERR where something was lost. */
int keys_end(int status);

#endif
