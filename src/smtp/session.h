// SPDX-License-Identifier: ISC
/*
 * What a dialogue knows, for the files that make it up; nobody else includes this. The
 * session lasts as long as the connection, the transaction from MAIL to the verdict on
 * its message. smtp_dialogue_advance is the only function that changes the state, and
 * drops the transaction where the new state has none.
 */
#ifndef SMTP_SESSION_H
#define SMTP_SESSION_H

#include "smtp/address.h"
#include "smtp/chunk.h"
#include "smtp/command.h"
#include "smtp/dialogue.h"
#include "smtp/parameters.h"
#include "smtp/reply.h"
#include "smtp/state.h"

/* Codes of negative replies. */
enum { SMTP_REFUSAL_FIRST = 400, SMTP_REFUSAL_LAST = 599 };

struct smtp_session {
	const struct smtp_policy *policy;
	enum smtp_state state;
	bool modern;      /* opened with EHLO */
	bool more_behind; /* the peer has sent more than the line that is being read */
	char *helo;
	char *user;
	unsigned errors;
	unsigned wrong_logins;
	unsigned messages; /* that were begun */
	char *limit; /* that refuses, as the peer is to be told; NULL before one did */
	unsigned refusals[SMTP_REFUSAL_LAST - SMTP_REFUSAL_FIRST + 1]; /* by code */
};

struct smtp_transaction {
	char *sender;
	char **recipients;
	size_t n_recipients;
	size_t cap;
	enum smtp_body body;
	bool utf8; /* MAIL had SMTPUTF8 */
};

/* The message as bytes. */
struct smtp_incoming {
	bool open; /* somebody holds a message for us */
	struct smtp_data data;
	struct smtp_chunk chunk;
	bool in_chunk;           /* its octets come next */
	enum smtp_reply refusal; /* of the chunk, once its octets have passed */
};

struct smtp_dialogue {
	struct smtp_session session;
	struct smtp_transaction transaction;
	struct smtp_incoming incoming;
	enum smtp_ask waiting; /* for the answer to this */
	struct smtp_parameters
		parameters; /* and path, that SENDER or RECIPIENT asks about */
	struct smtp_path path;
	struct buffer words; /* strings of an AUTH or ENROL request; wiped when it is
			      * answered */
};

/* One call from outside: who answers it, and where the answer goes. */
struct smtp_turn {
	struct smtp_dialogue *d;
	struct buffer *replies;
	struct smtp_request *request;
};

/* What stood behind a verb, as far as the command has use for it. */
struct smtp_arguments {
	const char *text; /* all of it, without the blanks around */
	size_t len;
	const char *blame; /* what a refusal names */
	struct smtp_path path;
	struct smtp_parameters parameters;
	struct smtp_chunk chunk;
	const char *mechanism; /* NULL: the classic AUTH */
	size_t mechanism_len;
	const char *initial; /* response; NULL where there is none */
	size_t initial_len;
	const char *token;
	size_t token_len;
	const char *name; /* of the user that the token is said to be for, or NULL */
	size_t name_len;
	const char *label; /* of the device, or NULL */
	size_t label_len;
};

/* An event out of place, which no peer can bring about, ends the session. */
void smtp_dialogue_advance(struct smtp_dialogue *d, enum smtp_event event);

/* Counts the reply, if it is a negative one, in the voice of the session. */
void smtp_dialogue_count(struct smtp_dialogue *d, enum smtp_reply reply);

/* These append to the turn's replies; 0 or -ENOMEM. A reply that is one error too many is
 * followed by 421 and the request to close. */
int smtp_turn_reply(struct smtp_turn *t, enum smtp_reply reply, const char *argument);
int smtp_turn_close(struct smtp_turn *t, enum smtp_reply reply);

/* Makes the request, to which an answer will come. */
void smtp_turn_ask(struct smtp_turn *t, enum smtp_ask ask);

/* Ends every call: a message that is open without a transaction is to be discarded. */
void smtp_turn_settle(struct smtp_turn *t);

/* The reply to an answer that is neither yes nor no. */
enum smtp_reply smtp_answer_refusal(enum smtp_answer answer);

/* The reply to a line that cannot be read; SMTP_REPLY_NONE for one that can. */
enum smtp_reply smtp_line_refusal(enum smtp_line_fault fault);

/* Reads what stands behind the command's verb into *ret. SMTP_REPLY_NONE, or the reply
 * that refuses it, with ret->blame for its argument. */
enum smtp_reply smtp_arguments_read(const struct smtp_dialogue *d,
	const struct smtp_command *command, const char *text, size_t len,
	struct smtp_arguments *ret);

/* Carries out a command that every rule permits. 0 or -ENOMEM. */
int smtp_verb_run(struct smtp_turn *t, const struct smtp_command *command,
	const struct smtp_arguments *arguments);

/* A login, from AUTH through its answers to the verdict. 0 or -ENOMEM. */
int smtp_login_begin(struct smtp_turn *t, const struct smtp_arguments *arguments);
int smtp_login_line(
	struct smtp_turn *t, enum smtp_line_fault fault, const char *line, size_t len);
int smtp_login_answer(struct smtp_turn *t, enum smtp_answer answer, const char *text);

/* A login that is refused: the reply is held back, longer each time, and the last of them
 * ends the session. 0 or -ENOMEM. */
int smtp_login_refuse(struct smtp_turn *t, enum smtp_reply reply);

/* Appends len bytes as a string; *ret_at is where it begins. 0 or -ENOMEM. */
int smtp_words_keep(struct buffer *words, const char *text, size_t len, size_t *ret_at);

/* XENROL: what stands behind it, the request, and the answer to that. */
enum smtp_reply smtp_enrol_read(struct smtp_arguments *a);
int smtp_enrol_begin(struct smtp_turn *t, const struct smtp_arguments *arguments);
int smtp_enrol_answer(struct smtp_turn *t, enum smtp_answer answer, const char *text);

/* The reply to EHLO, 0 or -ENOMEM; and whether AUTH is in it. */
int smtp_offers_append(const struct smtp_policy *policy, struct buffer *b);
bool smtp_offers_auth(const struct smtp_policy *policy);

/* BDAT: where it is permitted, and where a rule refuses it. Either way its octets follow;
 * the reply comes when they have passed. 0 or -ENOMEM. */
int smtp_chunk_begin(struct smtp_turn *t, const struct smtp_arguments *arguments);
int smtp_chunk_refuse(
	struct smtp_turn *t, enum smtp_reply refusal, const char *text, size_t len);

/* What follows when a message was opened, or could not be; and when it is safe. 0 or
 * -ENOMEM. */
int smtp_message_opened(struct smtp_turn *t, enum smtp_answer answer);
int smtp_message_delivered(struct smtp_turn *t);

/* The answers to all other requests. 0 or -ENOMEM. */
int smtp_transaction_answer(
	struct smtp_turn *t, enum smtp_ask ask, enum smtp_answer answer);
void smtp_transaction_drop(struct smtp_transaction *transaction);

#endif
