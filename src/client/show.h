// SPDX-License-Identifier: ISC
/*
 * Text from the network on a person's screen: printable ASCII and tabs as they are, any
 * other byte as \xHH, so that no server can steer a terminal.
 */
#ifndef CLIENT_SHOW_H
#define CLIENT_SHOW_H

#include <stddef.h>

#include "base/buffer.h"

/* Appends the text made harmless; 0 or -ENOMEM. */
int client_show_clean(struct buffer *b, const char *text, size_t len);

/* Writes it to stdout: with a newline behind it, or as the part of a line that is seen at
 * once. */
void client_show_line(const char *text, size_t len);
void client_show_part(const char *text, size_t len);

/* The same for several lines with a newline between them. */
void client_show_lines(const char *text, size_t len);

/* Writes prefix and text as one line to stderr. */
void client_show_trace(const char *prefix, const char *text, size_t len);

#endif
