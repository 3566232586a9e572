// SPDX-License-Identifier: ISC
/*
 * The state of a running session, shared by the loop (session.c), by what answers the
 * dialogue's requests (requests.c) and by the message under way (message.c).
 */
#ifndef SMTPD_SESSION_PRIVATE_H
#define SMTPD_SESSION_PRIVATE_H

#include "auth/name.h"
#include "smtp/dialogue.h"
#include "smtp/header.h"
#include "smtpd/server.h"
#include "spool/message.h"

enum smtpd_session_state {
	SMTPD_SESSION_GOES_ON,
	SMTPD_SESSION_CLOSES,     /* the replies not yet written are the last words */
	SMTPD_SESSION_STARTS_TLS, /* they are the reply to STARTTLS */
	SMTPD_SESSION_LOST,       /* nobody is there to read them */
};

struct smtpd_session {
	struct smtpd_server *s;
	struct smtp_policy policy;
	char *mechanisms;    /* the policy's */
	char **domains_utf8; /* likewise, as many as there are domains, or NULL */
	struct smtp_dialogue *dialogue;
	struct smtp_line line;
	struct buffer in;      /* read, not yet understood */
	struct buffer replies; /* not yet written */
	int64_t deadline;      /* of what the peer is to send */
	int64_t drain;   /* of what it is to read; 0: no reply has had to wait for that */
	int64_t arrival; /* of the line that is being answered */
	int64_t hold;    /* replies wait until then, 0: they do not */
	int64_t show;    /* when the row is to be written, 0: it need not be */
	bool starved;    /* what is in in makes no whole line: more is needed */
	bool in_ended;   /* the peer sends no more */
	bool greeted;    /* BANNER was sent */
	struct tls_relayed relayed; /* in the clear, as RELAYED said */
	enum smtpd_session_state state;
	const char *why; /* it ended, for the log */

	struct auth_exchange *exchange;
	char enrolled[AUTH_NAME_SIZE]; /* whose device the peer has become */
	struct spool_message *message;
	struct smtp_header header; /* of the message */
	int message_error;         /* the first one of writing it */
	char id[SMTPD_ID_SIZE];    /* its queue id */
	unsigned accepted;         /* messages */
};

/* Does what the dialogue asks, and what it asks next when answered, until it waits for
 * the peer. Replies are appended to session->replies. 0 or -ENOMEM. */
int smtpd_session_do(struct smtpd_session *x, struct smtp_request *request);

/* The message under way (message.c). Opening it writes the trace. */
enum smtp_answer smtpd_message_open(struct smtpd_session *x);

/* Takes bytes of the message that is open, with the line ends of what is stored. */
void smtpd_message_store(struct smtpd_session *x, const char *data, size_t len);

/* All of it has come, or of a chunk of it: what is wrong with its header. */
enum smtp_data_fault smtpd_message_end(struct smtpd_session *x);

/* Whether bytes of it could not be stored. Then it is thrown away, which the log is told,
 * and *ret is what the dialogue has to be told. */
bool smtpd_message_lost(struct smtpd_session *x, enum smtp_answer *ret);

/* Delivers it. */
enum smtp_answer smtpd_message_finish(struct smtpd_session *x);

/* Throws away what is open, if anything is. */
void smtpd_message_drop(struct smtpd_session *x);

/* Ends the session with a 421 as the last words; word is why, for the log. */
void smtpd_session_end(struct smtpd_session *x, enum smtp_goodbye why, const char *word);

/* Sends the banner. A peer that has not waited for it gets a 421 in its place. 0 or
 * -ENOMEM. */
int smtpd_session_greet(struct smtpd_session *x);

/* Takes one control message. What the tls process says while it relays is how the peer's
 * side ended, that it did not wait for the banner, or that TLS may begin; anything else
 * ends the session. 0, 1 for RELAYED,
 * negative without a channel: -EACCES where the tls process broke the protocol. */
int smtpd_session_hear(struct smtpd_session *x);

/* Sends the replies, behind which TLS begins, and drops what came in the clear. 0 once
 * the tls process is in the handshake, or a negative errno. */
int smtpd_session_start_tls(struct smtpd_session *x);

#endif
