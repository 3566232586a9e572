// SPDX-License-Identifier: ISC
/*
 * Text from the network on a person's screen: printable ASCII and tabs as they are, any
 * other byte as \xHH, so that no server can steer a terminal.
 */
#ifndef CLIENT_SHOW_H
#define CLIENT_SHOW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* Appends the text made harmless; 0 or -ENOMEM. */
int client_show_clean(struct buffer *b, const char *text, size_t len);

/* Writes it to stdout: with a newline behind it, or as the part of a line that is seen at
 * once. */
void client_show_line(const char *text, size_t len);
void client_show_part(const char *text, size_t len);

/* A line of a reply, in the colour of its code: green, cyan, magenta or red. */
void client_show_reply(unsigned code, const char *text, size_t len);

/* The same for several lines with a newline between them. */
void client_show_lines(const char *text, size_t len);

/* Writes prefix and text as one line to stderr, the time of day in front where timed. */
void client_show_trace(bool timed, const char *prefix, const char *text, size_t len);

/* The same for a line of which only the beginning may be seen: "*" stands for the rest.
 */
void client_show_trace_cut(bool timed, const char *prefix, const char *text, size_t len);

#endif
