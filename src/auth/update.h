// SPDX-License-Identifier: ISC
/*
 * Changes to the user store: take the lock, read all of it, change lines, commit. Lines
 * that are not touched are written as they were read, damaged ones too. Whoever frees an
 * update that was not committed has changed nothing.
 */
#ifndef AUTH_UPDATE_H
#define AUTH_UPDATE_H

#include <stddef.h>

#include "auth/line.h"
#include "base/buffer.h"

struct auth_update;

/* For how many milliseconds a writer waits while another one holds the lock: the service,
 * whose peer waits with it, or only for what is written down beside a login that holds
 * without it; and people's commands. */
enum { AUTH_WAIT_SERVICE = 5000, AUTH_WAIT_LOGIN = 1000, AUTH_WAIT_COMMAND = 30000 };

/* Waits for the lock up to wait milliseconds and reads the store. 0 with *ret, which
 * auth_update_free ends; -ETIMEDOUT where the lock was held all the time, -EBADMSG where
 * the first line is damaged, -EPROTONOSUPPORT where it is of another version, or what
 * else auth_lock_take and auth_lock_read answer. */
int auth_update_begin(const char *path, unsigned wait, struct auth_update **ret);
void auth_update_free(struct auth_update *u); /* wipes; NULL does nothing */

static inline void
auth_update_cleanup(struct auth_update **u)
{
	auth_update_free(*u);
}

/* Finds a line as it stands now, changes included; as auth_store_find. */
int auth_update_find(
	struct auth_update *u, char type, const char *word, struct buffer *ret_line);

/* Calls each with every whole line of that type as it stands now, in no order; each may
 * remove the line that it is shown. Goes on until each answers other than 0, which is
 * answered. */
typedef int (*auth_update_each_fn)(void *context, const char *line, size_t len);
int auth_update_each(
	struct auth_update *u, char type, auth_update_each_fn each, void *context);

/* A key for that purpose, which nobody has who does not know the store's secret; as
 * auth_store_key. */
int auth_update_key(
	const struct auth_update *u, const char *purpose, uint8_t ret[PKI_SHA256_SIZE]);

/* Adds a line, or takes the place of the line with the same key. 0, -EILSEQ for a line
 * that is not whole, -ENOMEM. */
int auth_update_put(struct auth_update *u, const char *line, size_t len);

/* Removes a line, if it is there. 0 or -ENOMEM. */
int auth_update_remove(struct auth_update *u, char type, const char *word);

/* Writes the new store; as auth_lock_replace. Nothing is written where nothing was
 * changed. Called at most once. */
int auth_update_commit(struct auth_update *u);

#endif
