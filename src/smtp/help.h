// SPDX-License-Identifier: ISC
/*
 * What HELP says: the list of a person's commands in the classic voice, of all commands
 * in the modern one, and a sentence for each.
 */
#ifndef SMTP_HELP_H
#define SMTP_HELP_H

#include <stdbool.h>

#include "base/buffer.h"
#include "smtp/command.h"

int smtp_help_list(struct buffer *b, bool modern); /* 0 or -ENOMEM */
int smtp_help_explain(struct buffer *b, bool modern, const struct smtp_command *command);

#endif
