// SPDX-License-Identifier: ISC
/*
 * The writers' side of the store's directory: one writer at a time holds the lock, reads
 * the store, and puts a new file in its place. Readers need no lock.
 */
#ifndef AUTH_LOCK_H
#define AUTH_LOCK_H

#include <stddef.h>

#include "base/buffer.h"

struct auth_lock;

/* Waits up to wait milliseconds for the exclusive open-file-description lock on
 * PATH.lock, which is made if it is not there and never renamed or removed; it ends with
 * auth_lock_free or with the process. Removes what writers that died have left. 0 with
 * *ret; -ETIMEDOUT where another process held the lock all the time, or another negative
 * errno. */
int auth_lock_take(const char *path, unsigned wait, struct auth_lock **ret);
void auth_lock_free(struct auth_lock *l); /* NULL does nothing */

/* Appends the store's text. 1, 0 where there is no file, or a negative errno: -ELOOP for
 * a symbolic link, -EINVAL for what is no regular file. */
int auth_lock_read(struct auth_lock *l, struct buffer *ret_text);

/* Puts text in the place of the store: a file beside it, fsync, rename, fsync of the
 * directory. It has the owner, group and mode of the file that was read, or the owner and
 * group of the directory and mode 0640. 0; -EINPROGRESS where the new file is in its
 * place, but the fsync of the directory failed, so that it may not outlast a crash of the
 * machine; or another negative errno: then the old file is what it was. */
int auth_lock_replace(struct auth_lock *l, const void *text, size_t len);

#endif
