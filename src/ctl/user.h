// SPDX-License-Identifier: ISC
/*
 * The commands of `posternctl user`. Each does its work on the store of the
 * configuration, says what is wrong on standard error and answers the exit status.
 */
#ifndef CTL_USER_H
#define CTL_USER_H

#include "auth/line.h"
#include "auth/update.h"
#include "base/buffer.h"
#include "config/config.h"
#include "ctl/options.h"

int ctl_user_add(const struct config *config, const struct ctl_options *o);
int ctl_user_passwd(const struct config *config, const struct ctl_options *o);
int ctl_user_lock(const struct config *config, const struct ctl_options *o);
int ctl_user_unlock(const struct config *config, const struct ctl_options *o);
int ctl_user_del(const struct config *config, const struct ctl_options *o);
int ctl_user_alias(const struct config *config, const struct ctl_options *o);
int ctl_user_list(const struct config *config, const struct ctl_options *o);
int ctl_user_show(const struct config *config, const struct ctl_options *o);
int ctl_user_import(const struct config *config, const struct ctl_options *o);

/* What the commands share. */

/* The canonical address of NAME: 0, or an exit status. */
int ctl_user_name(
	const struct config *config, const char *word, char ret[AUTH_NAME_SIZE]);

/* The line of the user of that NAME, without a lock: 0, or an exit status. */
int ctl_user_find(const struct config *config, const char *word, struct buffer *ret_line);

/* Puts credentials into a user's line, and the time; who set a password is no longer whom
 * a certificate enrolled. 0 or a negative errno. */
int ctl_user_set_password(struct buffer *line, const struct auth_credentials *c);

/* A user's line under the lock, to be changed and committed. */
struct ctl_change {
	struct auth_update *update;
	struct buffer line;
	char name[AUTH_NAME_SIZE];
};

/* Takes the lock and finds the user of that NAME: 0, or an exit status. ctl_change_end
 * ends the change in either case. */
int ctl_change_begin(
	const struct config *config, const char *word, struct ctl_change *ret);
int ctl_change_commit(const struct config *config, struct ctl_change *c);
void ctl_change_end(struct ctl_change *c);

/* Names the damaged line of a user; EX_DATAERR. */
int ctl_user_damaged(const struct config *config, const char *name);

#endif
