// SPDX-License-Identifier: ISC
/*
 * What a file is, by its first bytes.
 */
#ifndef CLIENT_FILE_TYPE_H
#define CLIENT_FILE_TYPE_H

#include <stddef.h>

enum { CLIENT_FILE_TYPE_SIZE = 128 };

struct client_file_type;

/* Loads the table of types; NULL where there is none, and every file is a stream of
 * bytes. */
struct client_file_type *client_file_type_open(void);
void client_file_type_close(struct client_file_type *t);

/* Writes the media type of a file that begins with data, with its charset where it is
 * text: "text/plain; charset=utf-8". What may not be encoded in a message (message/...
 * and multipart/..., RFC 2046 sections 5.1 and 5.2), and what is not known, is
 * "application/octet-stream". t may be NULL. */
void client_file_type(struct client_file_type *t, const void *data, size_t len,
	char ret[CLIENT_FILE_TYPE_SIZE]);

#endif
