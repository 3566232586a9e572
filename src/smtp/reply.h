// SPDX-License-Identifier: ISC
/*
 * Every reply there is, by name: its code, its enhanced status code (RFC 3463) and its
 * text in both voices. The classic voice has no enhanced codes.
 */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include <stdbool.h>

#include "base/buffer.h"

enum smtp_reply {
	SMTP_REPLY_NONE,
	/* the session */
	SMTP_REPLY_BANNER,
	SMTP_REPLY_HELLO,
	SMTP_REPLY_GREET_FIRST,
	SMTP_REPLY_BAD_NAME,
	SMTP_REPLY_OK,
	SMTP_REPLY_BYE,
	SMTP_REPLY_HELP,
	SMTP_REPLY_NO_HELP,
	SMTP_REPLY_VRFY,
	SMTP_REPLY_NOT_IMPLEMENTED,
	SMTP_REPLY_TLS_READY,
	SMTP_REPLY_TLS_FIRST,
	SMTP_REPLY_TLS_NOT_NOW,
	/* lines that are no command */
	SMTP_REPLY_UNKNOWN,
	SMTP_REPLY_LINE_TOO_LONG,
	SMTP_REPLY_LINE_BARE_CR,
	SMTP_REPLY_LINE_BARE_LF,
	SMTP_REPLY_LINE_NUL,
	SMTP_REPLY_NO_ARGUMENT,
	SMTP_REPLY_ONE_ARGUMENT,
	SMTP_REPLY_EARLY,
	SMTP_REPLY_MODERN_ONLY,
	/* AUTH */
	SMTP_REPLY_LOGIN_FIRST,
	SMTP_REPLY_LOGGED_IN_ALREADY,
	SMTP_REPLY_AUTH_SYNTAX,
	SMTP_REPLY_AUTH_CHALLENGE,
	SMTP_REPLY_AUTH_DONE,
	SMTP_REPLY_AUTH_ENROLLED,
	SMTP_REPLY_AUTH_WRONG,
	SMTP_REPLY_AUTH_BROKEN,
	SMTP_REPLY_AUTH_LINE_TOO_LONG,
	SMTP_REPLY_AUTH_CANCELLED,
	SMTP_REPLY_AUTH_UNKNOWN,
	SMTP_REPLY_AUTH_WEAK,
	SMTP_REPLY_AUTH_FAULT,
	/* XENROL */
	SMTP_REPLY_ENROL_ONLY,
	SMTP_REPLY_TOKEN_SYNTAX,
	SMTP_REPLY_TOKEN_TAKEN,
	SMTP_REPLY_TOKEN_WRONG,
	/* the transaction */
	SMTP_REPLY_MAIL_SYNTAX,
	SMTP_REPLY_MAIL_ADDRESS,
	SMTP_REPLY_RCPT_SYNTAX,
	SMTP_REPLY_RCPT_ADDRESS,
	SMTP_REPLY_NOT_ASCII,
	SMTP_REPLY_PARAMETER_BAD,
	SMTP_REPLY_PARAMETER_UNKNOWN,
	SMTP_REPLY_SENDER_FOREIGN,
	SMTP_REPLY_SENDER_REFUSED,
	SMTP_REPLY_SENDER_OK,
	SMTP_REPLY_SENDER_ALREADY,
	SMTP_REPLY_SENDER_FIRST,
	SMTP_REPLY_RECIPIENT_FOREIGN,
	SMTP_REPLY_RECIPIENT_UNKNOWN,
	SMTP_REPLY_RECIPIENT_OK,
	SMTP_REPLY_RECIPIENT_FIRST,
	SMTP_REPLY_RECIPIENTS_TOO_MANY,
	SMTP_REPLY_SIZE,
	SMTP_REPLY_DATA,
	SMTP_REPLY_DATA_OF_BINARY,
	SMTP_REPLY_RECEIVED,
	SMTP_REPLY_CHUNK_SYNTAX,
	SMTP_REPLY_CHUNK_RECEIVED,
	SMTP_REPLY_CHUNKS_RECEIVED,
	SMTP_REPLY_CHUNKS_BEGUN,
	SMTP_REPLY_MESSAGE_BARE_CR,
	SMTP_REPLY_MESSAGE_BARE_LF,
	SMTP_REPLY_MESSAGE_NUL,
	SMTP_REPLY_MESSAGE_LINE,
	SMTP_REPLY_MESSAGE_TOO_BIG,
	SMTP_REPLY_MESSAGE_LOOP,
	SMTP_REPLY_HEADER_TOO_BIG,
	SMTP_REPLY_HEADER_LINE,
	SMTP_REPLY_HEADER_NAME,
	SMTP_REPLY_LIMIT,
	SMTP_REPLY_FULL,
	SMTP_REPLY_FAULT,
	/* last words */
	SMTP_REPLY_TOO_MANY_ERRORS,
	SMTP_REPLY_TOO_MANY_LOGINS,
	SMTP_REPLY_TOO_MANY_MESSAGES,
	SMTP_REPLY_EARLY_BYE,
	SMTP_REPLY_CHUNK_BYE,
	SMTP_REPLY_CHUNK_TOO_BIG_BYE,
	SMTP_REPLY_TIMEOUT,
	SMTP_REPLY_SHUTDOWN,
	SMTP_REPLY_OUR_FAULT,
	SMTP_REPLY_TURNED_AWAY,
	SMTP_REPLIES,
};

/* Appends the reply, one line with CRLF. argument takes the place of the "%" in its text
 * and may be NULL where there is none; a character of it beyond ASCII becomes a "?",
 * since no reply here may be more than ASCII (RFC 6531 section 3.7.4.2). 0 or -ENOMEM. */
int smtp_reply_append(
	struct buffer *b, bool modern, enum smtp_reply reply, const char *argument);

/* A line of a reply of several lines, with that reply's codes: all but the last have a
 * hyphen. 0 or -ENOMEM. */
int smtp_reply_append_line(struct buffer *b, bool modern, enum smtp_reply reply,
	bool last, const char *text);

/* Its code in that voice. */
unsigned smtp_reply_code(bool modern, enum smtp_reply reply);

/* Whether the peer has made an error that counts towards max_errors. */
bool smtp_reply_is_error(enum smtp_reply reply);

/* One word for the log where something worth a record is refused, else NULL. */
const char *smtp_reply_refused(enum smtp_reply reply);

#endif
