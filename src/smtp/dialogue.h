// SPDX-License-Identifier: ISC
/*
 * The server's side of SMTP as a value: feed it a line, it answers with replies and at
 * most one request to whoever can do what it cannot (check credentials, open a message).
 * It makes no system call, reads no clock and keeps no descriptor, so a session of any
 * kind is replayed from two arrays of lines.
 *
 * It speaks two voices: the classic one after HELO, the modern one (RFC 5321 with
 * enhanced status codes, RFC 2034) after EHLO.
 */
#ifndef SMTP_DIALOGUE_H
#define SMTP_DIALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "smtp/data.h"
#include "smtp/line.h"
#include "smtp/state.h"

/* What the session is told once; borrowed for as long as it lives. */
struct smtp_policy {
	const char *hostname;
	char *const *domains; /* lower case; the first is the default of short names */
	size_t n_domains;
	/* For each of them, how it is written with the letters of its own script
	 * (U-labels, RFC 5890), or NULL where that is no other; NULL altogether where
	 * none has one. */
	char *const *domains_utf8;
	bool any_sender;           /* MAIL FROM may be of a domain that is not served */
	const char *mechanisms;    /* for EHLO's AUTH line; "" for none */
	bool starttls;             /* TLS is to be started before anything else */
	bool enrols_only;          /* the peer may show a token (XENROL), and no more */
	uint64_t max_message_size; /* bytes; 0 is no limit (RFC 1870) */
	unsigned max_recipients;
	unsigned max_messages;
	unsigned max_errors;
};

/* What the dialogue asks of its caller, who answers with smtp_dialogue_answer unless the
 * comment says otherwise. */
enum smtp_ask {
	SMTP_ASK_NOTHING,
	SMTP_ASK_AUTH,      /* a step of an AUTH exchange: mechanism, line */
	SMTP_ASK_ENROL,     /* is this a token? token, name, label */
	SMTP_ASK_SENDER,    /* may the user send as address? */
	SMTP_ASK_RECIPIENT, /* is there a mailbox for address? */
	SMTP_ASK_OPEN,      /* open a message; once answered YES, its bytes are fed to
			     * smtp_dialogue_message, and what that gives is stored */
	SMTP_ASK_FINISH,    /* deliver it */
	SMTP_ASK_DISCARD,   /* throw it away; not answered */
	SMTP_ASK_STARTTLS,  /* send the replies, then start TLS; not answered: the caller
			     * starts anew with smtp_dialogue_new */
	SMTP_ASK_CLOSE,     /* send the replies, then close; not answered */
};

struct smtp_request {
	enum smtp_ask ask;
	/* AUTH: on the first step the mechanism as the peer spelled it, NULL for the
	 * classic AUTH; on later steps auth_first is false and mechanism NULL. line is
	 * the initial response or the answer, NULL where there is none. */
	bool auth_first;
	const char *mechanism;
	const char *line;
	/* ENROL: as the peer sent them; name and label NULL where they were not given. */
	const char *token;
	const char *name;
	const char *label;
	/* SENDER, RECIPIENT: "local@domain", domain lower case; "" for the null path. */
	const char *address;
	/* How long after the line has come the caller sends the replies, in milliseconds:
	 * after a wrong password or token, longer each time. What it took to find out
	 * that it is wrong is part of that time, and does not show. */
	unsigned delay;
	/* One word where the replies refuse something that should be logged:
	 * "too-many-errors", "bare-lf" …; else NULL. */
	const char *refused;
};

enum smtp_answer {
	SMTP_ANSWER_YES, /* ENROL: text: the user; the dialogue asks to close */
	SMTP_ANSWER_NO,  /* SENDER: not allowed; RECIPIENT: no such mailbox */
	/* SENDER: may not send at all any more. */
	SMTP_ANSWER_DEVICE_REVOKED,
	SMTP_ANSWER_DEVICE_EXPIRED,
	SMTP_ANSWER_USER_LOCKED,
	SMTP_ANSWER_USER_GONE,
	SMTP_ANSWER_AUTH_CHALLENGE, /* text: base64 */
	SMTP_ANSWER_AUTH_DONE,      /* text: the user's address */
	SMTP_ANSWER_AUTH_ENROLLED,  /* text: the password; the dialogue asks to close */
	SMTP_ANSWER_AUTH_WRONG,
	SMTP_ANSWER_AUTH_BROKEN,  /* not base64 */
	SMTP_ANSWER_AUTH_UNKNOWN, /* no such mechanism here */
	SMTP_ANSWER_AUTH_WEAK,    /* there is, but a stronger one has to be used */
	SMTP_ANSWER_LIMIT, /* over a limit, as text says and when to come back; 421 4.7.0
			    * for AUTH and ENROL, which ends the session, else 450 4.7.1
			    */
	SMTP_ANSWER_FULL,  /* OPEN, FINISH: no space left; 452 4.3.1 */
	SMTP_ANSWER_FAULT, /* ours, for now: 451 4.3.0, 454 4.7.0 for AUTH */
};

struct smtp_dialogue;

/* NULL without memory. */
struct smtp_dialogue *smtp_dialogue_new(const struct smtp_policy *policy);
void smtp_dialogue_free(struct smtp_dialogue *d);

/* Each call appends whole replies to replies and fills *ret; 0 or -ENOMEM, or -EINVAL for
 * a call out of place, which changes nothing. Where a reply is one error too many, 421
 * stands behind it and the request is to close, whatever is under way. */

/* The banner. */
int smtp_dialogue_banner(struct smtp_dialogue *d, struct buffer *replies);

/* A line from the peer, without its CRLF, and what is wrong with it; of one that is too
 * long what it begins with. Strings in *ret live
 * until the next call. Not to be called while a request waits for its answer, or during a
 * message. */
int smtp_dialogue_line(struct smtp_dialogue *d, enum smtp_line_fault fault,
	const char *line, size_t len, struct buffer *replies, struct smtp_request *ret);

/* Whether the peer has sent more behind the line that is fed next. False until it is
 * told. In the modern voice, and at the EHLO that begins it, a command that must be the
 * last of its group (RFC 2920 section 3.1), or an answer inside AUTH, is refused where it
 * is not, and the session ends, so that nothing that came too early is ever read as a
 * command. */
void smtp_dialogue_more_behind(struct smtp_dialogue *d, bool more);

/* The answer to the last request. text is needed for CHALLENGE, DONE, ENROLLED and LIMIT,
 * and for YES to ENROL. An answer that does not fit the request counts as FAULT. */
int smtp_dialogue_answer(struct smtp_dialogue *d, enum smtp_answer answer,
	const char *text, struct buffer *replies, struct smtp_request *ret);

/* Takes bytes while smtp_dialogue_in_message says so, of a message or of a chunk, also of
 * one that is refused, and of one that has none (len may be 0): len bytes at in, of which
 * *ret_out, in the form in which they are stored, are written to out (which has room for
 * as many, and may be in itself). True where the message or chunk ended, *ret_consumed
 * bytes from the start of in; then smtp_dialogue_message_end has to be called. False, and
 * all consumed, where not. */
bool smtp_dialogue_message(struct smtp_dialogue *d, const char *in, size_t len, char *out,
	size_t *ret_out, size_t *ret_consumed);

/* It has ended. fault is what the caller finds wrong with it (smtp_header, say), FINE for
 * nothing; what the dialogue has found itself comes first. */
int smtp_dialogue_message_end(struct smtp_dialogue *d, enum smtp_data_fault fault,
	struct buffer *replies, struct smtp_request *ret);

/* The same where what came could not be stored: answer is FULL or FAULT. The caller has
 * thrown the message away already. */
int smtp_dialogue_message_lost(struct smtp_dialogue *d, enum smtp_answer answer,
	struct buffer *replies, struct smtp_request *ret);

/* Whether the message is complete with what smtp_dialogue_message has ended: not where
 * that was a chunk with others to follow, or a refused one. */
bool smtp_dialogue_message_is_whole(const struct smtp_dialogue *d);

/* Bytes of the message so far, as RFC 1870 counts them. */
uint64_t smtp_dialogue_message_size(const struct smtp_dialogue *d);

/* The caller ends the session: 421 with the reason, in the voice of the session. */
enum smtp_goodbye {
	SMTP_GOODBYE_TIMEOUT,  /* 421 4.4.2 */
	SMTP_GOODBYE_SHUTDOWN, /* 421 4.3.2 */
	SMTP_GOODBYE_FAULT,    /* 421 4.3.0 */
	SMTP_GOODBYE_EARLY,    /* 421 4.7.0: the peer spoke before the banner */
};
int smtp_dialogue_goodbye(
	struct smtp_dialogue *d, enum smtp_goodbye why, struct buffer *replies);

/* The same with a text of the caller's: 421 4.7.0 in the place of the banner, or of any
 * reply. */
int smtp_dialogue_turn_away(
	struct smtp_dialogue *d, const char *text, struct buffer *replies);

/* How many negative replies there were with that code, from 400 to 599. */
unsigned smtp_dialogue_refusals(const struct smtp_dialogue *d, unsigned code);

/* What is known so far. Strings live as long as the transaction or session does; a
 * transaction ends with the call that answers FINISH, or that asks to DISCARD. */
bool smtp_dialogue_in_message(const struct smtp_dialogue *d);
bool smtp_dialogue_is_modern(const struct smtp_dialogue *d);
const char *smtp_dialogue_helo(
	const struct smtp_dialogue *d); /* "" before the greeting */
const char *smtp_dialogue_user(const struct smtp_dialogue *d);   /* NULL before login */
const char *smtp_dialogue_sender(const struct smtp_dialogue *d); /* NULL before MAIL */
bool smtp_dialogue_is_utf8(const struct smtp_dialogue *d);       /* MAIL had SMTPUTF8 */
bool smtp_dialogue_is_binary(const struct smtp_dialogue *d);     /* and BODY=BINARYMIME */
const char *const *smtp_dialogue_recipients(const struct smtp_dialogue *d, size_t *ret_n);
enum smtp_state smtp_dialogue_state(const struct smtp_dialogue *d);
const char *smtp_dialogue_state_name(const struct smtp_dialogue *d);

/* Bytes that a line may have at this point, CRLF included (RFC 5321 section 4.5.3.1.4 and
 * what the extensions add; RFC 4954 section 4 inside AUTH). */
size_t smtp_dialogue_line_limit(const struct smtp_dialogue *d);

#endif
