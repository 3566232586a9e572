// SPDX-License-Identifier: ISC
/*
 * The table of commands: what each is called, when it is permitted, what it does to the
 * state of a session, and what HELP says of it. Nothing here acts.
 */
#ifndef SMTP_COMMAND_H
#define SMTP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "smtp/reply.h"
#include "smtp/state.h"

enum smtp_verb {
	SMTP_VERB_UNKNOWN,
	SMTP_VERB_HELO,
	SMTP_VERB_EHLO,
	SMTP_VERB_STARTTLS,
	SMTP_VERB_AUTH,
	SMTP_VERB_XENROL,
	SMTP_VERB_MAIL,
	SMTP_VERB_RCPT,
	SMTP_VERB_DATA,
	SMTP_VERB_BDAT,
	SMTP_VERB_RSET,
	SMTP_VERB_NOOP,
	SMTP_VERB_VRFY,
	SMTP_VERB_EXPN,
	SMTP_VERB_HELP,
	SMTP_VERB_QUIT,
	SMTP_VERBS,
};

/* When a command may be given. What is not named here is refused. */
enum smtp_permission {
	SMTP_KNOWN = 1 << 0,
	SMTP_BEFORE_GREETING = 1 << 1,
	SMTP_BEFORE_TLS = 1 << 2, /* where TLS has to be started and has not been */
	SMTP_BEFORE_LOGIN = 1 << 3,
	SMTP_BEFORE_LOGIN_WITH_ARGUMENT = 1 << 4,
	SMTP_IN_TRANSACTION = 1 << 5,
	SMTP_IN_GROUP = 1 << 6, /* need not be the last of a pipelined group (RFC 2920) */
	SMTP_ONLY_BEFORE_TLS = 1 << 7,
	SMTP_ONLY_MODERN = 1 << 8,    /* EHLO offers it, HELO does not */
	SMTP_TO_ENROL = 1 << 9,       /* also by a peer who may do nothing but enrol */
	SMTP_ONLY_TO_ENROL = 1 << 10, /* by such a peer alone */
};

/* What may stand behind the verb. */
enum smtp_argument {
	SMTP_ARGUMENT_ANY,
	SMTP_ARGUMENT_NONE,
	SMTP_ARGUMENT_NAME,    /* one word */
	SMTP_ARGUMENT_AUTH,    /* a mechanism and an initial response */
	SMTP_ARGUMENT_REVERSE, /* FROM, a path and parameters */
	SMTP_ARGUMENT_FORWARD, /* TO, a path and parameters */
	SMTP_ARGUMENT_CHUNK,   /* a number of octets, and perhaps LAST */
	SMTP_ARGUMENT_MAILBOX, /* words, and perhaps SMTPUTF8 */
	SMTP_ARGUMENT_TOKEN,   /* a token, and perhaps FOR=NAME and LABEL=TEXT */
};

struct smtp_command {
	enum smtp_verb verb;
	const char *name;
	unsigned permissions; /* enum smtp_permission, or-ed */
	enum smtp_argument argument;
	enum smtp_event event;     /* what it does to the state once it is carried out */
	enum smtp_reply misplaced; /* where the state has no place for the event; NONE
				    * where the reply names what is missing */
	const char *help;
};

/* The command of that verb; never NULL. */
const struct smtp_command *smtp_command_of(enum smtp_verb verb);

/* The command whose name, in any case, are the len bytes at name; the unknown one else.
 */
const struct smtp_command *smtp_command_find(const char *name, size_t len);

/* Takes a line apart: the command that its first word names, and what stands behind it
 * without the blanks around it. */
const struct smtp_command *smtp_command_parse(
	const char *line, size_t len, const char **ret_text, size_t *ret_len);

/* Takes the first word of *text, which begins without a blank, and skips the blanks
 * behind it; false where there is none. */
bool smtp_command_word(
	const char **text, size_t *len, const char **ret_word, size_t *ret_word_len);

#endif
