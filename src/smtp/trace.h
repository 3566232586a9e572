// SPDX-License-Identifier: ISC
/*
 * The trace lines that go on top of a message, folded below 78 columns where that is
 * possible, with the line ends that the message is stored with: Return-Path, which begins
 * a message (RFC 5321 section 4.4), Authentication-Results above other trace (RFC 8601
 * section 4), Received.
 */
#ifndef SMTP_TRACE_H
#define SMTP_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

struct smtp_trace {
	const char *sender; /* "" for the null reverse-path */
	const char *helo;   /* as the peer said it: sanitised here */
	const char *peer;   /* "192.0.2.1", "IPv6:2001:db8::1", or NULL where unknown */
	const char *hostname;
	bool extended; /* EHLO: ESMTP, with S for TLS and A for login (RFC 3848) */
	bool utf8; /* SMTPUTF8: UTF8SMTP with the same letters (RFC 6531 section 3.7.3),
		    * and sender may be more than ASCII */
	bool crlf; /* lines end so, instead of with LF */
	const char *tls_version; /* "TLS1.3", or NULL without TLS */
	const char *tls_cipher;  /* "TLS_AES_256_GCM_SHA384" */
	const char *device;      /* the certificate's pin in hexadecimal, or NULL */
	const char *user;        /* or NULL */
	const char *mechanism;   /* of the user's login, or NULL for no results */
	const char *id;          /* queue id */
	int64_t time;            /* seconds since 1970 */
};

/* 0 or -ENOMEM. The date is written in UTC. */
int smtp_trace_append(struct buffer *b, const struct smtp_trace *t);

#endif
