// SPDX-License-Identifier: ISC
/*
 * Drives one SMTP dialogue over the plaintext stream: reads, lets the dialogue answer,
 * does what it asks for, writes replies once a group, keeps the deadlines.
 */
#ifndef SMTPD_SESSION_H
#define SMTPD_SESSION_H

#include "smtpd/server.h"

enum smtpd_end {
	SMTPD_END_CLOSED,   /* the last words are on their way, or the peer is gone */
	SMTPD_END_STARTTLS, /* TLS begins; what was said before is forgotten */
	SMTPD_END_CUT,      /* TLS was to begin and cannot: there is nothing to be said */
};

/* Runs from the banner to the end; with starttls, in the clear until TLS is asked for,
 * after it (again set) without a banner. */
enum smtpd_end smtpd_session_run(struct smtpd_server *s, bool starttls, bool banner);

#endif
