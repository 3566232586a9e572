// SPDX-License-Identifier: ISC
/*
 * Reads what a server says to its client: replies of one or more lines (RFC 5321 section
 * 4.2), and what its answer to EHLO offers. The server is not trusted: a line that ends
 * in anything but CRLF, holds a NUL, is longer than any RFC allows, or does not fit the
 * lines before it is a fault, and after a fault nothing more is read.
 */
#ifndef SMTP_SERVER_REPLY_H
#define SMTP_SERVER_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	/* With CRLF. RFC 4954 section 4 has the longest lines there are: 12288 bytes. */
	SMTP_SERVER_LINE_MAX = 12288,
	SMTP_SERVER_LINES_MAX = 256,
	SMTP_SERVER_REPLY_MAX = 64 * 1024, /* all lines of a reply, with CRLF */
	SMTP_SERVER_LIMIT_MAX = 999999,    /* of what LIMITS names (RFC 9422 section 4) */
};

enum smtp_server_fault {
	SMTP_SERVER_FINE,
	SMTP_SERVER_LINE_TOO_LONG,
	SMTP_SERVER_TOO_MANY_LINES,
	SMTP_SERVER_TOO_MUCH, /* bytes of one reply */
	SMTP_SERVER_BARE_CR,
	SMTP_SERVER_BARE_LF,
	SMTP_SERVER_NUL,
	SMTP_SERVER_NO_CODE,      /* not three digits of which the first is 2 to 5 */
	SMTP_SERVER_CODE_CHANGED, /* between two lines of one reply */
	SMTP_SERVER_FAULTS
};

/* A zeroed one stands before the first reply. */
struct smtp_server_reply {
	unsigned code; /* of the reply that is being read, 0 before its first line */
	unsigned lines;
	size_t bytes;
	size_t scanned; /* bytes of the unfinished line that were looked at */
	enum smtp_server_fault fault;
};

struct smtp_server_line {
	unsigned code;
	bool last;        /* of its reply */
	const char *line; /* without CRLF, the code in front; points into the data */
	size_t len;
	const char *text; /* behind the code and its hyphen or blank */
	size_t text_len;
};

/* Looks for a line in data, which begins behind what was consumed before, with new bytes
 * behind what was there. 1 with *ret and *ret_consumed, 0 where more bytes are needed,
 * -EBADMSG with r->fault set. */
int smtp_server_reply_line(struct smtp_server_reply *r, const char *data, size_t len,
	struct smtp_server_line *ret, size_t *ret_consumed);

/* What is wrong, to go behind "the server sent"; never NULL. */
const char *smtp_server_fault_text(enum smtp_server_fault fault);

enum smtp_server_auth {
	SMTP_SERVER_SCRAM_SHA_256_PLUS = 1 << 0,
	SMTP_SERVER_SCRAM_SHA_256 = 1 << 1,
	SMTP_SERVER_PLAIN = 1 << 2,
	SMTP_SERVER_LOGIN = 1 << 3,
	SMTP_SERVER_EXTERNAL = 1 << 4,
};

/* A zeroed one offers nothing. */
struct smtp_server_offers {
	bool starttls;     /* RFC 3207 */
	bool pipelining;   /* RFC 2920 */
	bool eight_bit;    /* 8BITMIME, RFC 6152 */
	bool utf8;         /* SMTPUTF8, RFC 6531 */
	bool chunking;     /* RFC 3030 */
	bool binary;       /* BINARYMIME, RFC 3030; not without CHUNKING */
	bool codes;        /* ENHANCEDSTATUSCODES, RFC 2034 */
	bool size;         /* RFC 1870 */
	uint64_t max_size; /* bytes, 0 where no limit was named */
	/* LIMITS, RFC 9422: of a message, and of a session; 0 where none was named. */
	uint64_t max_recipients;
	uint64_t max_messages;
	bool auth_offered; /* RFC 4954 */
	unsigned auth;     /* enum smtp_server_auth, or-ed: those known here */
};

/* Takes in the text of one line of the answer to EHLO; the first line is not one. */
void smtp_server_offers_read(struct smtp_server_offers *o, const char *text, size_t len);

#endif
