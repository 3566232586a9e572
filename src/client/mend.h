// SPDX-License-Identifier: ISC
/*
 * Commands as they are typed, made into commands as RFC 5321 has them; and what of a line
 * nobody else is to see.
 */
#ifndef CLIENT_MEND_H
#define CLIENT_MEND_H

#include <stddef.h>

#include "base/buffer.h"

/* Appends the strict form of a line: "mail from brad@447.edu" as "MAIL
 * FROM:<brad@447.edu>", verbs in upper case, no blanks around. What is no command that is
 * known here, or makes no sense, stays as it is but for the blanks. 0 or -ENOMEM. */
int client_mend(struct buffer *b, const char *line, size_t len);

/* How many bytes of a line that a client says, or of one that a server says, may be
 * shown: the rest is a credential. len where all may. */
size_t client_mask_said(const char *line, size_t len);
size_t client_mask_heard(const char *line, size_t len);

#endif
