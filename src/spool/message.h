// SPDX-License-Identifier: ISC
/*
 * One message on its way into the Maildirs of its recipients. It is written once, to a
 * file that has no name yet (O_TMPFILE) or, where the file system cannot do that, one in
 * tmp/; delivery gives it a name in every recipient's new/ by hard links. A message that
 * is not delivered leaves nothing.
 */
#ifndef SPOOL_MESSAGE_H
#define SPOOL_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

struct spool_message;

/* Starts a message under the mail directory at root. id is the queue id: letters and
 * digits, part of the file's name. 0 with *ret, or a negative errno (-ENOSPC, -EDQUOT,
 * -EACCES …). */
int spool_message_open(const char *root, const char *id, struct spool_message **ret);

/* The message is stored as it was sent, whatever its bytes are, and whoever reads it has
 * to know: its file gets the flag B. Readers look for flags in cur/, where a file goes
 * once it was seen; Maildir lets one that is in new/ have them already, they stay on its
 * name when it is moved, and readers pass over those they do not know. */
void spool_message_set_binary(struct spool_message *m);

/* Adds bytes; line ends are LF already unless the message is binary. Small writes are
 * gathered. A failed write is remembered: every later call answers the same negative
 * errno. */
int spool_message_write(struct spool_message *m, const void *data, size_t len);

/* Delivers to n addresses ("local@domain", lower case; one that stands twice counts once)
 * and returns only when the message, its entries and every folder made for it are on
 * disk: 0, or a negative errno and nothing delivered anywhere. Called at most once. */
int spool_message_deliver(
	struct spool_message *m, const char *const *recipients, size_t n_recipients);

/* Frees the message; without delivery nothing of it stays. NULL does nothing. */
void spool_message_free(struct spool_message *m);

#endif
