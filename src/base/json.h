// SPDX-License-Identifier: ISC
/*
 * The little of JSON (RFC 8259) that is written here, in ASCII. Each call appends; 0 or
 * -ENOMEM. Members put a comma in front of themselves, but behind a brace.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* A string of UTF-8; what is none becomes U+FFFD. */
int json_string(struct buffer *b, const char *text, size_t len);

/* A string of bytes that nobody vouches for: each stays what it is, as a character of
 * Latin-1. */
int json_bytes(struct buffer *b, const char *text, size_t len);

/* An array of the strings that have commas between them. */
int json_list(struct buffer *b, const char *text, size_t len);

/* `"name": `, for the value that is appended next. */
int json_name(struct buffer *b, const char *name);

/* A member that is a string, null for NULL; a time, as 2026-11-23T10:15:00Z; a number; an
 * array of strings. */
int json_member(struct buffer *b, const char *name, const char *text);
int json_time(struct buffer *b, const char *name, int64_t seconds);
int json_number(struct buffer *b, const char *name, int64_t number);
int json_strings(struct buffer *b, const char *name, char *const *texts, size_t n);

#endif
