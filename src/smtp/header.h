// SPDX-License-Identifier: ISC
/*
 * What a submission server does with a message's header (RFC 6409 section 8): reads it
 * line by line as it streams by, adds Date and Message-ID where they are missing, takes
 * away what a peer may not say, and finds what is too much. The body is not looked at.
 * No more than SMTP_HEADER_HOLD bytes are held back, however long the message is.
 *
 * The header ends with an empty line. A line that is no field and continues none ends it
 * as well and begins the body; the empty line is then put in before it, so that every
 * reader finds the body where this one did. A message may end in its header.
 */
#ifndef SMTP_HEADER_H
#define SMTP_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "smtp/authres.h"
#include "smtp/data.h"

/* Limits far above those of real mail. RFC 5322 section 2.1.1 wants lines of 998 bytes at
 * most; long lists of recipients and references that nobody folded are common. */
enum {
	SMTP_HEADER_SIZE_MAX = 256 << 10, /* bytes; a line end counts as two */
	SMTP_HEADER_FIELDS_MAX = 1000,
	SMTP_HEADER_RECEIVED_MAX = 100, /* RFC 5321 section 6.3 */
	SMTP_HEADER_LINE_MAX = 8192,    /* bytes without the line end */
	SMTP_HEADER_NAME_MAX = 255,
	SMTP_HEADER_COLON_MAX = 998, /* bytes up to a colon, else there is no field */
	SMTP_HEADER_HOLD = 2048,
};

/* What has to be known of the message; strings are borrowed for as long as it is read. */
struct smtp_header_facts {
	struct smtp_authres_names ours;
	const char *id; /* queue id, for Message-ID */
	int64_t time;   /* seconds since 1970, for Date */
	bool crlf; /* lines end with CRLF and a bare LF is a fault; else either ends one
		    */
};

struct smtp_header {
	struct smtp_header_facts facts;
	/* The first one stays, and nothing more is stored: a bare CR, a bare LF or a NUL
	 * (where nobody has found them before), a loop, or what is beyond a limit. */
	enum smtp_data_fault fault;
	int state;
	int fate; /* of the field that is being read */
	unsigned fields;
	unsigned received;
	bool dated, identified; /* there was a Date, a Message-ID */
	size_t size;
	size_t line;     /* bytes of the current line */
	size_t value_at; /* where in hold the value begins */
	size_t held;
	char hold[SMTP_HEADER_HOLD];
};

void smtp_header_init(struct smtp_header *h, const struct smtp_header_facts *facts);

/* Reads len bytes of the message, which may be cut anywhere, and appends to out what is
 * to be stored of the first *ret_taken. Behind them is body, to be stored as it is. After
 * a fault all is taken and nothing appended. 0 or -ENOMEM. */
int smtp_header_feed(struct smtp_header *h, const char *in, size_t len,
	struct buffer *out, size_t *ret_taken);

/* Whether all that comes is body: there is no need to feed any more. */
bool smtp_header_ended(const struct smtp_header *h);

/* The message has ended: appends what was held back, and what is missing. It may still
 * have a fault. 0 or -ENOMEM. */
int smtp_header_finish(struct smtp_header *h, struct buffer *out);

#endif
