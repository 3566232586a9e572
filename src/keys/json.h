// SPDX-License-Identifier: ISC
/*
 * The little of JSON (RFC 8259) that postern-keys writes. Each call appends; 0 or
 * -ENOMEM.
 */
#ifndef KEYS_JSON_H
#define KEYS_JSON_H

#include <stdint.h>

#include "base/buffer.h"

/* A string, in ASCII; what is no UTF-8 becomes U+FFFD. */
int keys_json_string(struct buffer *b, const char *text);

/* `"name": ` and a string, with a comma in front where something stands there already. */
int keys_json_member(struct buffer *b, const char *name, const char *text);

/* The same with a time, as 2026-11-23T10:15:00Z. */
int keys_json_time(struct buffer *b, const char *name, int64_t seconds);

/* The same with a number. */
int keys_json_number(struct buffer *b, const char *name, int64_t number);

/* The same with an array of strings. */
int keys_json_strings(struct buffer *b, const char *name, char *const *texts, size_t n);

#endif
