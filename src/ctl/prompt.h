// SPDX-License-Identifier: ISC
/*
 * Passwords from people: one line of standard input, or typed twice at a terminal that
 * does not show it.
 */
#ifndef CTL_PROMPT_H
#define CTL_PROMPT_H

/* Each answers 0 with *ret, a string for secret_free, or an exit status, and has then
 * said what is wrong. */
int ctl_password_from_stdin(char **ret);
int ctl_password_from_terminal(const char *name, char **ret);

#endif
