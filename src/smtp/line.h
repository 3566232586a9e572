// SPDX-License-Identifier: ISC
/*
 * Finds command lines in a stream. CRLF alone ends a line (RFC 5321 section 2.3.8); a
 * line that holds a bare CR, a bare LF or a NUL, or is too long, is found whole, so that
 * no part of it is ever read as a command.
 */
#ifndef SMTP_LINE_H
#define SMTP_LINE_H

#include <stdbool.h>
#include <stddef.h>

enum smtp_line_fault {
	SMTP_LINE_FINE,
	SMTP_LINE_TOO_LONG, /* whatever else is wrong with it */
	SMTP_LINE_BARE_CR,  /* of these three the one that comes first */
	SMTP_LINE_BARE_LF,
	SMTP_LINE_NUL,
};

enum { SMTP_LINE_HEAD = 16 };

/* A zeroed one stands at the beginning of a line. */
struct smtp_line {
	size_t scanned; /* bytes of the unfinished line that hold no line end */
	bool dropping;  /* the rest of a line too long is being dropped */
	bool after_cr;  /* the last byte dropped was a CR */
	/* What the last line too long began with, of which nothing else is kept. */
	char head[SMTP_LINE_HEAD];
	size_t head_len;
};

/* Looks for a line in data, which begins where the last call's *ret_consumed left off,
 * with new bytes behind. limit counts bytes of a line with its CRLF. True where a line
 * ended: its text is the first *ret_len bytes of data, of a line too long none. False
 * where more is needed. Either way the caller then drops *ret_consumed bytes; while a
 * line too long is dropped, that is all of them, so that fewer than limit bytes are ever
 * held. */
bool smtp_line_next(struct smtp_line *l, const char *data, size_t len, size_t limit,
	size_t *ret_len, size_t *ret_consumed, enum smtp_line_fault *ret_fault);

#endif
