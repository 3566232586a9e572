// SPDX-License-Identifier: ISC
/*
 * The buffer owns its allocation and overwrites it whenever it moves, so that a secret
 * that was stored leaves no copy. The one fault is -ENOMEM, after which it is as before.
 */
#include "base/buffer.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_MIN = 256 };

int
buffer_reserve(struct buffer *b, size_t n)
{
	size_t len = buffer_len(b);
	size_t cap;
	char *base;

	if (b->cap - b->end >= n)
		return 0;
	if (b->start > 0) {
		memmove(b->base, b->base + b->start, len);
		b->start = 0;
		b->end = len;
		if (b->cap - len >= n)
			return 0;
	}
	if (n > SIZE_MAX / 2 - len)
		return -ENOMEM;
	cap = b->cap > SIZE_MAX / 2 ? SIZE_MAX / 2 : b->cap * 2;
	if (cap < len + n)
		cap = len + n;
	if (cap < BUFFER_MIN)
		cap = BUFFER_MIN;
	/* Not realloc: a buffer that holds a secret must not leave a copy behind. */
	base = malloc(cap);
	if (!base)
		return -ENOMEM;
	if (len > 0)
		memcpy(base, b->base, len);
	if (b->base)
		explicit_bzero(b->base, b->cap);
	free(b->base);
	b->base = base;
	b->cap = cap;
	return 0;
}

int
buffer_append(struct buffer *b, const void *data, size_t n)
{
	int r = buffer_reserve(b, n);

	if (r < 0)
		return r;
	if (n > 0)
		memcpy(buffer_tail(b), data, n);
	buffer_grow(b, n);
	return 0;
}

int
buffer_puts(struct buffer *b, const char *text)
{
	return buffer_append(b, text, strlen(text));
}

int
buffer_printf(struct buffer *b, const char *format, ...)
{
	va_list ap;
	int n, r;

	va_start(ap, format);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0)
		return -ENOMEM;
	r = buffer_reserve(b, (size_t)n + 1);
	if (r < 0)
		return r;
	va_start(ap, format);
	vsnprintf(buffer_tail(b), (size_t)n + 1, format, ap);
	va_end(ap);
	buffer_grow(b, (size_t)n);
	return 0;
}

void
buffer_consume(struct buffer *b, size_t n)
{
	b->start += n;
	if (b->start == b->end)
		b->start = b->end = 0;
}

char *
buffer_string(struct buffer *b)
{
	if (buffer_reserve(b, 1) < 0)
		return NULL;
	*buffer_tail(b) = '\0';
	return buffer_data(b);
}

void
buffer_free(struct buffer *b)
{
	free(b->base);
	*b = (struct buffer){ 0 };
}

void
buffer_wipe(struct buffer *b)
{
	if (b->base)
		explicit_bzero(b->base, b->cap);
	buffer_free(b);
}
