// SPDX-License-Identifier: ISC
/*
 * Pieces of messages as MIME has them, appended to a buffer as lines that end in LF: no
 * line is longer than 78 characters and none holds a byte beyond ASCII, so any server
 * takes them. Nothing is read here but the arguments. Calls answer 0 or -ENOMEM.
 */
#ifndef CLIENT_MIME_H
#define CLIENT_MIME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

enum {
	/* Bytes of a file that make whole lines of base64. */
	CLIENT_MIME_BASE64_LINE = 57,
	CLIENT_MIME_BASE64_BLOCK = CLIENT_MIME_BASE64_LINE * 1024,
	/* A line of text that has more goes out as quoted-printable (RFC 5322 2.1.1). */
	CLIENT_MIME_PLAIN_LINE_MAX = 998,
};

/* "Subject: text" as a field of its own. Text that is not ASCII, or has a word too long
 * for a line, becomes encoded-words (RFC 2047); it has to be UTF-8. Control characters
 * are blanks. */
int client_mime_put_text(struct buffer *b, const char *name, const char *text);

/* "; name=value" behind a field that is being written, on a line of its own: quoted where
 * it is short and ASCII, else in the extended form, in parts (RFC 2231). Text has to be
 * UTF-8. Control characters are underlines. */
int client_mime_put_parameter(struct buffer *b, const char *name, const char *value);

/* Base64 in lines. All calls for one body but the last have len a multiple of
 * CLIENT_MIME_BASE64_LINE. */
int client_mime_put_base64(struct buffer *b, const void *data, size_t len);

/* Whether text may go as it is: ASCII without NUL in lines that are short enough. */
bool client_mime_is_plain(const char *text, size_t len);

/* Quoted-printable (RFC 2045 section 6.7); lines of text end in LF or CRLF, and the last
 * one is ended if it is not. */
int client_mime_put_quoted(struct buffer *b, const char *text, size_t len);

/* The last part of a path, as it may stand in a message: bytes that are no UTF-8 become
 * underlines. */
int client_mime_put_name(struct buffer *b, const char *path);

/* Whether text is a media type as a header may hold it: "type/subtype", with parameters
 * of tokens behind it ("; charset=utf-8") or without. */
bool client_mime_is_type(const char *text);

#endif
