// SPDX-License-Identifier: ISC
/*
 * The little of JSON (RFC 8259) that posternctl writes. Each call appends; 0 or -ENOMEM.
 */
#ifndef CTL_JSON_H
#define CTL_JSON_H

#include <stddef.h>

#include "base/buffer.h"

/* A string; a byte above ASCII counts as a character of Latin-1. */
int ctl_json_string(struct buffer *b, const char *text, size_t len);

/* An array of the strings that have commas between them. */
int ctl_json_list(struct buffer *b, const char *text, size_t len);

#endif
