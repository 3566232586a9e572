// SPDX-License-Identifier: ISC
/*
 * What posternctl says to people when something is wrong: one sentence on standard error
 * with the program's name before it, and the exit status that goes with it.
 */
#ifndef CTL_REPORT_H
#define CTL_REPORT_H

#include "config/config.h"

/* Prints the sentence; answers status. */
int ctl_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What is wrong with the store itself, in words behind its path; NULL for a fault that
 * says nothing of the store. */
const char *ctl_store_words(int error);

/* Says what is wrong with the store itself (a negative errno of auth/store.h,
 * auth/update.h) and answers the exit status. */
int ctl_store_fail(const struct config *config, int error);

/* Names a damaged line of the store. */
void ctl_warn_damage(const struct config *config, size_t number);

/* Standard output is written; the status is EX_IOERR where that failed. */
int ctl_end(int status);

#endif
