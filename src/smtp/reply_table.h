// SPDX-License-Identifier: ISC
/*
 * The table of replies, for reply.c alone.
 */
#ifndef SMTP_REPLY_TABLE_H
#define SMTP_REPLY_TABLE_H

#include "smtp/reply.h"

enum { SMTP_REPLY_ERROR = 1 }; /* counts towards max_errors */

/* A "%" in a text stands for the argument. Where the modern text is missing it is the
 * classic one; where the modern code is missing, likewise. */
struct smtp_reply_row {
	unsigned short code;
	unsigned short modern_code;
	const char *enhanced;
	const char *classic;
	const char *modern;
	const char *refused; /* the word for the log, or NULL */
	unsigned flags;
};

extern const struct smtp_reply_row SMTP_REPLY_ROWS[SMTP_REPLIES];

#endif
