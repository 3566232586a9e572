// SPDX-License-Identifier: ISC
/*
 * The table of commands (RFC 5321 section 4.1, RFC 3030, RFC 3207, RFC 4954), and the
 * split of a line into verb and argument. Trailing blanks are tolerated, leading ones are
 * not.
 *
 * Groups: RFC 2920 section 3.1 forbids clients to send anything behind EHLO, DATA, VRFY,
 * EXPN, QUIT, NOOP and what other extensions add. It is enforced where a peer has to
 * choose by the reply what to send: behind EHLO and HELO, DATA and AUTH. Behind QUIT and
 * STARTTLS nothing is ever read. NOOP, VRFY and EXPN change nothing. The octets of BDAT
 * belong to the command, and with them a group begins.
 */
#include "smtp/command.h"

#include "base/text.h"

enum {
	ALWAYS = SMTP_KNOWN | SMTP_BEFORE_GREETING | SMTP_BEFORE_TLS | SMTP_BEFORE_LOGIN |
		 SMTP_IN_TRANSACTION | SMTP_TO_ENROL,
	GREETING = SMTP_KNOWN | SMTP_BEFORE_GREETING | SMTP_BEFORE_TLS |
		   SMTP_BEFORE_LOGIN_WITH_ARGUMENT | SMTP_IN_TRANSACTION | SMTP_TO_ENROL,
};

static const struct smtp_command COMMANDS[SMTP_VERBS] = {
	[SMTP_VERB_UNKNOWN] = { .name = "" },
	[SMTP_VERB_HELO] = {
		.verb = SMTP_VERB_HELO,
		.name = "HELO",
		.permissions = GREETING,
		.argument = SMTP_ARGUMENT_NAME,
		.event = SMTP_EVENT_GREETING,
		.help = "HELO name: say who you are and begin",
	},
	[SMTP_VERB_EHLO] = {
		.verb = SMTP_VERB_EHLO,
		.name = "EHLO",
		.permissions = GREETING,
		.argument = SMTP_ARGUMENT_NAME,
		.event = SMTP_EVENT_GREETING,
		.help = "EHLO name: begin as mail programs do, and see what is offered",
	},
	[SMTP_VERB_STARTTLS] = {
		.verb = SMTP_VERB_STARTTLS,
		.name = "STARTTLS",
		/* What lies behind it is dropped unread, so it may stand in a group. */
		.permissions = SMTP_KNOWN | SMTP_BEFORE_TLS | SMTP_ONLY_BEFORE_TLS |
			       SMTP_IN_GROUP,
		.argument = SMTP_ARGUMENT_NONE,
		.misplaced = SMTP_REPLY_TLS_NOT_NOW,
		.help = "STARTTLS: go on under TLS, and begin again there",
	},
	[SMTP_VERB_AUTH] = {
		.verb = SMTP_VERB_AUTH,
		.name = "AUTH",
		.permissions = SMTP_KNOWN | SMTP_BEFORE_LOGIN,
		.argument = SMTP_ARGUMENT_AUTH,
		.event = SMTP_EVENT_AUTH,
		.misplaced = SMTP_REPLY_LOGGED_IN_ALREADY,
		.help = "AUTH: log in with username and password, or AUTH MECHANISM",
	},
	[SMTP_VERB_XENROL] = {
		.verb = SMTP_VERB_XENROL,
		.name = "XENROL",
		.permissions = SMTP_KNOWN | SMTP_BEFORE_LOGIN | SMTP_IN_TRANSACTION |
			       SMTP_TO_ENROL | SMTP_ONLY_TO_ENROL,
		.argument = SMTP_ARGUMENT_TOKEN,
		.help = "XENROL token: make the key of your certificate a device",
	},
	[SMTP_VERB_MAIL] = {
		.verb = SMTP_VERB_MAIL,
		.name = "MAIL",
		.permissions = SMTP_KNOWN | SMTP_IN_GROUP,
		.argument = SMTP_ARGUMENT_REVERSE,
		.event = SMTP_EVENT_SENDER,
		.misplaced = SMTP_REPLY_SENDER_ALREADY,
		.help = "MAIL FROM:<address>: begin a message and name its sender",
	},
	[SMTP_VERB_RCPT] = {
		.verb = SMTP_VERB_RCPT,
		.name = "RCPT",
		.permissions = SMTP_KNOWN | SMTP_IN_TRANSACTION | SMTP_IN_GROUP,
		.argument = SMTP_ARGUMENT_FORWARD,
		.event = SMTP_EVENT_RECIPIENT,
		.help = "RCPT TO:<address>: name a recipient of the message",
	},
	[SMTP_VERB_DATA] = {
		.verb = SMTP_VERB_DATA,
		.name = "DATA",
		.permissions = SMTP_KNOWN | SMTP_IN_TRANSACTION,
		.argument = SMTP_ARGUMENT_NONE,
		.event = SMTP_EVENT_DATA,
		.help = "DATA: the message follows, and ends with a line that is a dot",
	},
	[SMTP_VERB_BDAT] = {
		.verb = SMTP_VERB_BDAT,
		.name = "BDAT",
		.permissions = SMTP_KNOWN | SMTP_IN_TRANSACTION | SMTP_IN_GROUP |
			       SMTP_ONLY_MODERN,
		.argument = SMTP_ARGUMENT_CHUNK,
		.event = SMTP_EVENT_CHUNK,
		.help = "BDAT octets [LAST]: so many octets of the message follow",
	},
	[SMTP_VERB_RSET] = {
		.verb = SMTP_VERB_RSET,
		.name = "RSET",
		.permissions = ALWAYS | SMTP_IN_GROUP,
		.argument = SMTP_ARGUMENT_NONE,
		.event = SMTP_EVENT_RESET,
		.help = "RSET: forget the message under way; a login stays",
	},
	[SMTP_VERB_NOOP] = {
		.verb = SMTP_VERB_NOOP,
		.name = "NOOP",
		.permissions = ALWAYS | SMTP_IN_GROUP,
		.help = "NOOP: do nothing, and say so",
	},
	[SMTP_VERB_VRFY] = {
		.verb = SMTP_VERB_VRFY,
		.name = "VRFY",
		.permissions = SMTP_KNOWN | SMTP_IN_TRANSACTION | SMTP_IN_GROUP,
		.argument = SMTP_ARGUMENT_MAILBOX,
		.help = "VRFY address: is not answered here, a message is",
	},
	[SMTP_VERB_EXPN] = {
		.verb = SMTP_VERB_EXPN,
		.name = "EXPN",
		.permissions = SMTP_KNOWN | SMTP_IN_TRANSACTION | SMTP_IN_GROUP,
		.help = "EXPN list: is not answered here",
	},
	[SMTP_VERB_HELP] = {
		.verb = SMTP_VERB_HELP,
		.name = "HELP",
		.permissions = ALWAYS | SMTP_IN_GROUP,
		.help = "HELP [command]: list the commands, or explain one",
	},
	[SMTP_VERB_QUIT] = {
		.verb = SMTP_VERB_QUIT,
		.name = "QUIT",
		.permissions = ALWAYS | SMTP_IN_GROUP,
		.argument = SMTP_ARGUMENT_NONE,
		.event = SMTP_EVENT_CLOSE,
		.help = "QUIT: end the session",
	},
};

const struct smtp_command *
smtp_command_of(enum smtp_verb verb)
{
	return &COMMANDS[verb < SMTP_VERBS ? verb : SMTP_VERB_UNKNOWN];
}

const struct smtp_command *
smtp_command_find(const char *name, size_t len)
{
	for (size_t i = SMTP_VERB_UNKNOWN + 1; i < SMTP_VERBS; i++)
		if (text_equal(name, len, COMMANDS[i].name))
			return &COMMANDS[i];
	return &COMMANDS[SMTP_VERB_UNKNOWN];
}

bool
smtp_command_word(
	const char **text, size_t *len, const char **ret_word, size_t *ret_word_len)
{
	const char *at = *text;
	size_t n = 0, skip;

	while (n < *len && !text_is_blank(at[n]))
		n++;
	skip = n;
	while (skip < *len && text_is_blank(at[skip]))
		skip++;
	*text = at + skip;
	*len -= skip;
	*ret_word = at;
	*ret_word_len = n;
	return n > 0;
}

const struct smtp_command *
smtp_command_parse(const char *line, size_t len, const char **ret_text, size_t *ret_len)
{
	const char *word;
	size_t word_len;

	while (len > 0 && text_is_blank(line[len - 1]))
		len--;
	*ret_text = line;
	*ret_len = len;
	if (!smtp_command_word(ret_text, ret_len, &word, &word_len))
		return &COMMANDS[SMTP_VERB_UNKNOWN];
	return smtp_command_find(word, word_len);
}
