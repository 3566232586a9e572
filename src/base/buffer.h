// SPDX-License-Identifier: ISC
/*
 * A growing run of bytes. A zeroed struct buffer is an empty one; whoever declared it
 * frees it (CLEANUP(buffer_free)). Bytes are consumed from the front without moving the
 * rest until room is needed, so that reading line by line costs no copies.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdarg.h>
#include <stddef.h>

struct buffer {
	char *base;   /* what was allocated, or NULL */
	size_t start; /* first byte in use */
	size_t end;   /* one behind the last */
	size_t cap;
};

/* The bytes in use; NULL only while nothing was ever stored. */
static inline char *
buffer_data(const struct buffer *b)
{
	return b->base ? b->base + b->start : NULL;
}

static inline size_t
buffer_len(const struct buffer *b)
{
	return b->end - b->start;
}

/* Makes room for at least n more bytes behind the end; 0 or -ENOMEM. */
int buffer_reserve(struct buffer *b, size_t n);

/* How many bytes fit behind the end now, and where they go; buffer_grow counts them in.
 */
static inline size_t
buffer_room(const struct buffer *b)
{
	return b->cap - b->end;
}

static inline char *
buffer_tail(const struct buffer *b)
{
	return b->base + b->end;
}

static inline void
buffer_grow(struct buffer *b, size_t n)
{
	b->end += n;
}

int buffer_append(struct buffer *b, const void *data, size_t n); /* 0 or -ENOMEM */
int buffer_puts(struct buffer *b, const char *text);             /* 0 or -ENOMEM */
int buffer_printf(struct buffer *b, const char *format, ...)
	__attribute__((format(printf, 2, 3))); /* 0 or -ENOMEM */

/* Drops n bytes from the front; n may not exceed the length. */
void buffer_consume(struct buffer *b, size_t n);

/* The bytes as a string: a NUL is stored behind them, not counted. NULL without memory.
 */
char *buffer_string(struct buffer *b);

void buffer_wipe(struct buffer *b); /* overwrites what was stored, then frees */
void buffer_free(struct buffer *b);

#endif
