// SPDX-License-Identifier: ISC
/*
 * Times in which an administrator holds enrolment open (`enrol = window`): for one user
 * or for anybody, for so many enrolments or any number of them. They stand in the store,
 * so that the enrolment that uses one up and the user whom it makes are one change.
 */
#ifndef AUTH_WINDOW_H
#define AUTH_WINDOW_H

#include "auth/name.h"
#include "auth/store.h"
#include "auth/update.h"

struct auth_window {
	char name[AUTH_NAME_SIZE]; /* the user, or AUTH_WINDOW_ANYBODY */
	int64_t until;             /* seconds since 1970 */
	uint64_t uses;             /* enrolments that are left, or 0: any number */
};

/* 0, or -EBADMSG for what is no line of a window; that of the tokens is none. */
int auth_window_of_line(const char *line, size_t len, struct auth_window *ret);

/* Opens it, in the place of the one for the same user. 0 or a negative errno. */
int auth_window_put(struct auth_update *u, const struct auth_window *w);

/* Whether that user may enrol now, by a window of that name or by one for anybody: 1, 0
 * or a negative errno. */
int auth_window_find(struct auth_store *s, const char *user, int64_t now);

/* The same under the lock: one use of the window is gone with the update's commit. */
int auth_window_use(struct auth_update *u, const char *user, int64_t now);

/* Removes windows that are past; with name, those of that name as well, or all where it
 * is "". *ret_closed is how many were still open. 0 or a negative errno. */
int auth_window_tidy(
	struct auth_update *u, const char *name, int64_t now, size_t *ret_closed);

#endif
