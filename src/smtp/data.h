// SPDX-License-Identifier: ISC
/*
 * Reads a message as DATA sends it (RFC 5321 section 4.5.2): takes the dots away that
 * were stuffed, turns CRLF into LF, and finds the end. Only CRLF.CRLF is one, or .CRLF
 * where the message begins. What comes by BDAT (smtp/chunk.h) goes through the same
 * machine, without dots. The bytes of a line are only searched and moved in blocks, never
 * walked.
 */
#ifndef SMTP_DATA_H
#define SMTP_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 5322 wants lines below 998 bytes, which many senders ignore, and so does this; here
 * begin lines beyond any sense. */
enum { SMTP_DATA_LINE_MAX = 1 << 20 };

/* The first fault found stays. A message with one is read to its end and refused whole.
 */
enum smtp_data_fault {
	SMTP_DATA_FINE,
	SMTP_DATA_BARE_CR,
	SMTP_DATA_BARE_LF,
	SMTP_DATA_NUL,
	SMTP_DATA_LINE_TOO_LONG, /* over SMTP_DATA_LINE_MAX bytes without CRLF */
	SMTP_DATA_TOO_BIG,
	/* found by smtp_header alone */
	SMTP_DATA_LOOP,           /* over SMTP_HEADER_RECEIVED_MAX Received fields */
	SMTP_DATA_HEADER_TOO_BIG, /* in bytes or in fields */
	SMTP_DATA_HEADER_LINE,    /* a line of it is too long */
	SMTP_DATA_HEADER_NAME,    /* a field's name is */
};

/* What the peer has declared. */
enum smtp_body {
	SMTP_BODY_TEXT,   /* lines with CRLF, of seven or eight bits */
	SMTP_BODY_BINARY, /* BODY=BINARYMIME: any bytes at all */
};

struct smtp_data {
	int state;
	bool dots; /* it ends with a dot, and others are stuffed */
	bool binary;
	enum smtp_data_fault fault;
	uint64_t line; /* bytes of the current line so far */
	uint64_t
		size; /* bytes as RFC 1870 counts them: CRLF is two, stuffed dots aside */
	uint64_t max_size; /* beyond it the fault is TOO_BIG */
};

/* A max_size of 0 is no limit, as in RFC 1870. */
void smtp_data_init(struct smtp_data *d, uint64_t max_size);

/* For a message that comes in counted chunks, and so has neither dots nor an end that
 * could be found in it. */
void smtp_data_init_counted(struct smtp_data *d, uint64_t max_size, enum smtp_body body);

/* Scans len bytes at in and writes what is to be stored to out, which has room for as
 * many (out may be in itself): *ret_out bytes. True where the end was found,
 * *ret_consumed bytes from the start of in, all that is behind being commands again;
 * false, and all consumed, where not. After a fault nothing is written any more. */
bool smtp_data_scan(struct smtp_data *d, const char *in, size_t len, char *out,
	size_t *ret_out, size_t *ret_consumed);

/* No more will come of a message that has no end of its own: a CR at its end is bare. */
void smtp_data_finish(struct smtp_data *d);

/* How many more bytes the message may have. */
uint64_t smtp_data_room(const struct smtp_data *d);

#endif
