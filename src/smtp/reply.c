// SPDX-License-Identifier: ISC
/*
 * The table. A "%" in a text stands for the argument. Where the modern text is missing it
 * is the classic one; where the modern code is missing, likewise. RFC 5321 section 4.2,
 * RFC 2034, RFC 3463, RFC 4954 section 6.
 */
#include "smtp/reply.h"

#include <string.h>

enum { REPLY_ERROR = 1 }; /* counts towards max_errors */

struct reply {
	unsigned short code;
	unsigned short modern_code;
	const char *enhanced;
	const char *classic;
	const char *modern;
	const char *refused;
	unsigned flags;
};

static const struct reply REPLIES[SMTP_REPLIES] = {
	[SMTP_REPLY_BANNER] = { .code = 220, .classic = "% SMTP Services Ready." },
	[SMTP_REPLY_HELLO] = { .code = 250, .classic = "% says hello" },
	[SMTP_REPLY_GREET_FIRST] = { .code = 503,
		.enhanced = "5.5.1",
		.classic = "Polite people say Helo first",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_BAD_NAME] = { .code = 501,
		.enhanced = "5.5.4",
		.classic = "Say HELO and the name of your host, one word",
		.modern = "Say EHLO and the name of your host, one word",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_OK] = { .code = 250, .enhanced = "2.0.0", .classic = "OK" },
	[SMTP_REPLY_BYE] = { .code = 221,
		.enhanced = "2.0.0",
		.classic = "% closing connection" },
	[SMTP_REPLY_HELP] = { .code = 214, .enhanced = "2.0.0", .classic = "%" },
	[SMTP_REPLY_NO_HELP] = { .code = 504,
		.enhanced = "5.5.4",
		.classic = "There is no such command to explain",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_VRFY] = { .code = 252,
		.enhanced = "2.5.2",
		.classic = "Send a message and see; addresses are not verified here" },
	[SMTP_REPLY_NOT_IMPLEMENTED] = { .code = 502,
		.enhanced = "5.5.1",
		.classic = "Command not implemented",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_TLS_READY] = { .code = 220,
		.enhanced = "2.0.0",
		.classic = "Ready to start TLS" },
	[SMTP_REPLY_TLS_FIRST] = { .code = 530,
		.enhanced = "5.7.0",
		.classic = "Must issue a STARTTLS command first",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_TLS_NOT_NOW] = { .code = 503,
		.enhanced = "5.5.1",
		.classic = "TLS cannot be started here",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_UNKNOWN] = { .code = 500,
		.enhanced = "5.5.2",
		.classic = "Syntax error, command unrecognized",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_LINE_TOO_LONG] = { .code = 500,
		.enhanced = "5.5.2",
		.classic = "Syntax error, command unrecognized",
		.modern = "Line too long",
		.refused = "line-too-long",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_LINE_BARE_CR] = { .code = 500,
		.enhanced = "5.5.2",
		.classic = "Syntax error, command unrecognized",
		.modern = "A bare CR in a line",
		.refused = "bare-cr",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_LINE_BARE_LF] = { .code = 500,
		.enhanced = "5.5.2",
		.classic = "Syntax error, command unrecognized",
		.modern = "A bare LF in a line",
		.refused = "bare-lf",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_LINE_NUL] = { .code = 500,
		.enhanced = "5.5.2",
		.classic = "Syntax error, command unrecognized",
		.modern = "A NUL in a line",
		.refused = "nul",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_NO_ARGUMENT] = { .code = 501,
		.enhanced = "5.5.4",
		.classic = "% stands alone: nothing may follow it",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_ONE_ARGUMENT] = { .code = 501,
		.enhanced = "5.5.4",
		.classic = "% needs an argument",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_EARLY] = { .code = 503,
		.enhanced = "5.5.1",
		.classic = "Wait for the reply to %",
		.refused = "early-command",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_LOGIN_FIRST] = { .code = 530,
		.enhanced = "5.7.0",
		.classic = "Please Authenticate credentials with \"AUTH\".",
		.modern = "Authentication required",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_LOGGED_IN_ALREADY] = { .code = 503,
		.enhanced = "5.5.1",
		.classic = "You are logged in already",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_AUTH_SYNTAX] = { .code = 501,
		.enhanced = "5.5.4",
		.classic = "Syntax: AUTH, or AUTH MECHANISM",
		.modern = "Syntax: AUTH MECHANISM, and perhaps an initial response",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_AUTH_CHALLENGE] = { .code = 334, .classic = "%" },
	[SMTP_REPLY_AUTH_DONE] = { .code = 235,
		.enhanced = "2.7.0",
		.classic = "Login Successful",
		.modern = "Authentication succeeded" },
	[SMTP_REPLY_AUTH_ENROLLED] = { .code = 330,
		.classic = "New username stored. Here is your password: %" },
	[SMTP_REPLY_AUTH_WRONG] = { .code = 530,
		.modern_code = 535,
		.enhanced = "5.7.8",
		.classic = "Wrong username or password",
		.modern = "Authentication credentials invalid" },
	[SMTP_REPLY_AUTH_BROKEN] = { .code = 501,
		.enhanced = "5.5.2",
		.modern = "Cannot read that as base64",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_AUTH_LINE_TOO_LONG] = { .code = 500,
		.enhanced = "5.5.6",
		.modern = "Authentication line too long",
		.refused = "line-too-long",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_AUTH_CANCELLED] = { .code = 501,
		.enhanced = "5.7.0",
		.classic = "Login cancelled",
		.modern = "Authentication cancelled",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_AUTH_UNKNOWN] = { .code = 504,
		.enhanced = "5.5.4",
		.classic = "No such mechanism here",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_AUTH_FAULT] = { .code = 454,
		.enhanced = "4.7.0",
		.classic = "Login is out of order for now, try again later",
		.modern = "Temporary authentication failure" },
	[SMTP_REPLY_MAIL_SYNTAX] = { .code = 501,
		.enhanced = "5.5.4",
		.classic = "Syntax: MAIL FROM address",
		.modern = "Syntax: MAIL FROM:<address>",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_MAIL_ADDRESS] = { .code = 501,
		.enhanced = "5.1.7",
		.classic = "That is no address of a sender",
		.modern = "Bad sender address syntax",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_RCPT_SYNTAX] = { .code = 501,
		.enhanced = "5.5.4",
		.classic = "Syntax: RCPT TO address",
		.modern = "Syntax: RCPT TO:<address>",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_RCPT_ADDRESS] = { .code = 501,
		.enhanced = "5.1.3",
		.classic = "That is no address of a recipient",
		.modern = "Bad recipient address syntax",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_NOT_ASCII] = { .code = 553,
		.enhanced = "5.6.7",
		.classic = "Addresses have to be ASCII",
		.modern = "Non-ASCII addresses are not permitted",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_PARAMETER_BAD] = { .code = 501,
		.enhanced = "5.5.4",
		.classic = "Bad parameter behind the address",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_PARAMETER_UNKNOWN] = { .code = 555,
		.enhanced = "5.5.4",
		.classic = "Unknown parameter behind the address",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_SENDER_FOREIGN] = { .code = 501,
		.modern_code = 550,
		.enhanced = "5.7.1",
		.classic = "Senders of domain % are not served here",
		.modern = "Senders of domain % are not permitted",
		.refused = "foreign-sender" },
	[SMTP_REPLY_SENDER_REFUSED] = { .code = 550,
		.enhanced = "5.7.1",
		.classic = "You may not send as <%>",
		.modern = "Not permitted to send as <%>",
		.refused = "sender-not-allowed" },
	[SMTP_REPLY_SENDER_OK] = { .code = 250,
		.enhanced = "2.1.0",
		.classic = "<%>.... OK",
		.modern = "<%> sender OK" },
	[SMTP_REPLY_SENDER_ALREADY] = { .code = 503,
		.enhanced = "5.5.1",
		.classic = "The sender is chosen already, RSET starts afresh",
		.modern = "Sender already given",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_SENDER_FIRST] = { .code = 503,
		.enhanced = "5.5.1",
		.classic = "Choose Sender's Domain by using command: \"MAIL FROM\".",
		.modern = "MAIL first",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_RECIPIENT_FOREIGN] = { .code = 501,
		.modern_code = 550,
		.enhanced = "5.7.1",
		.classic = "Recipients of domain % are not served here",
		.modern = "Relaying to domain % denied",
		.refused = "foreign-recipient" },
	[SMTP_REPLY_RECIPIENT_UNKNOWN] = { .code = 550,
		.enhanced = "5.1.1",
		.classic = "There is no mailbox <%> here",
		.modern = "No such mailbox <%>",
		.refused = "unknown-recipient" },
	[SMTP_REPLY_RECIPIENT_OK] = { .code = 250,
		.enhanced = "2.1.5",
		.classic = "<%>... OK",
		.modern = "<%> recipient OK" },
	[SMTP_REPLY_RECIPIENT_FIRST] = { .code = 503,
		.enhanced = "5.5.1",
		.classic = "Choose Recipient's Domain by using command: \"RCPT TO\".",
		.modern = "RCPT first",
		.flags = REPLY_ERROR },
	[SMTP_REPLY_RECIPIENTS_TOO_MANY] = { .code = 452,
		.enhanced = "4.5.3",
		.classic = "Too many recipients for one message",
		.modern = "Too many recipients",
		.refused = "too-many-recipients" },
	[SMTP_REPLY_SIZE] = { .code = 552,
		.enhanced = "5.3.4",
		.classic = "The message would be too big",
		.modern = "Message size exceeds limit",
		.refused = "too-big" },
	[SMTP_REPLY_DATA] = { .code = 354,
		.classic = "Enter Message, end with \".\" on a single line" },
	[SMTP_REPLY_RECEIVED] = { .code = 250,
		.enhanced = "2.0.0",
		.classic = "Message Received",
		.modern = "Message accepted" },
	[SMTP_REPLY_MESSAGE_BARE_CR] = { .code = 550,
		.enhanced = "5.6.0",
		.classic = "Message refused: it has a bare CR",
		.modern = "Message refused: bare CR",
		.refused = "bare-cr" },
	[SMTP_REPLY_MESSAGE_BARE_LF] = { .code = 550,
		.enhanced = "5.6.0",
		.classic = "Message refused: it has a bare LF",
		.modern = "Message refused: bare LF",
		.refused = "bare-lf" },
	[SMTP_REPLY_MESSAGE_NUL] = { .code = 550,
		.enhanced = "5.6.0",
		.classic = "Message refused: it has a NUL",
		.modern = "Message refused: NUL",
		.refused = "nul" },
	[SMTP_REPLY_MESSAGE_LINE] = { .code = 550,
		.enhanced = "5.6.0",
		.classic = "Message refused: a line of it is too long",
		.modern = "Message refused: line too long",
		.refused = "message-line-too-long" },
	[SMTP_REPLY_MESSAGE_TOO_BIG] = { .code = 552,
		.enhanced = "5.3.4",
		.classic = "Message refused: it is too big",
		.modern = "Message size exceeds limit",
		.refused = "too-big" },
	[SMTP_REPLY_MESSAGE_LOOP] = { .code = 554,
		.enhanced = "5.4.6",
		.classic = "Message refused: it goes round in circles",
		.modern = "Message refused: routing loop, too many Received fields",
		.refused = "loop" },
	[SMTP_REPLY_HEADER_TOO_BIG] = { .code = 552,
		.enhanced = "5.3.4",
		.classic = "Message refused: its header is too big",
		.modern = "Message header exceeds limit",
		.refused = "header-too-big" },
	[SMTP_REPLY_HEADER_LINE] = { .code = 554,
		.enhanced = "5.6.0",
		.classic = "Message refused: a line of its header is too long",
		.modern = "Message refused: header line too long",
		.refused = "header-line-too-long" },
	[SMTP_REPLY_HEADER_NAME] = { .code = 554,
		.enhanced = "5.6.0",
		.classic = "Message refused: a field of its header has too long a name",
		.modern = "Message refused: header field name too long",
		.refused = "header-name-too-long" },
	[SMTP_REPLY_FULL] = { .code = 452,
		.enhanced = "4.3.1",
		.classic = "There is no space left, try again later",
		.modern = "Insufficient system storage" },
	[SMTP_REPLY_FAULT] = { .code = 451,
		.enhanced = "4.3.0",
		.classic = "Something is out of order here, try again later",
		.modern = "Local error, try again later" },
	[SMTP_REPLY_TOO_MANY_ERRORS] = { .code = 421,
		.enhanced = "4.7.0",
		.classic = "% closing connection: too many errors",
		.refused = "too-many-errors" },
	[SMTP_REPLY_TOO_MANY_LOGINS] = { .code = 421,
		.enhanced = "4.7.0",
		.classic = "% closing connection: too many failed logins",
		.refused = "too-many-logins" },
	[SMTP_REPLY_TOO_MANY_MESSAGES] = { .code = 421,
		.enhanced = "4.7.0",
		.classic = "% closing connection: too many messages, connect again",
		.refused = "too-many-messages" },
	[SMTP_REPLY_EARLY_BYE] = { .code = 421,
		.enhanced = "4.7.0",
		.classic = "% closing connection: what came too early is not read",
		.refused = "early-command" },
	[SMTP_REPLY_TIMEOUT] = { .code = 421,
		.enhanced = "4.4.2",
		.classic = "% closing connection: waited too long",
		.modern = "% closing connection: timeout" },
	[SMTP_REPLY_SHUTDOWN] = { .code = 421,
		.enhanced = "4.3.2",
		.classic = "% closing connection: going down, try again later" },
	[SMTP_REPLY_OUR_FAULT] = { .code = 421,
		.enhanced = "4.3.0",
		.classic = "% closing connection: something is out of order here",
		.modern = "% closing connection: local error" },
};

/* A reply that has a text in one voice alone has it in both. */
static const char *
reply_text(const struct reply *r, bool modern)
{
	if (modern)
		return r->modern ? r->modern : r->classic;
	return r->classic ? r->classic : r->modern;
}

/* The codes and what separates them from the text. */
static int
append_codes(struct buffer *b, bool modern, const struct reply *r, bool last)
{
	unsigned code = modern && r->modern_code ? r->modern_code : r->code;
	char mark = last ? ' ' : '-';

	if (modern && r->enhanced)
		return buffer_printf(b, "%03u%c%s ", code, mark, r->enhanced);
	return buffer_printf(b, "%03u%c", code, mark);
}

static int
append_text(struct buffer *b, const char *text, const char *argument)
{
	const char *mark = strchr(text, '%');
	int r;

	if (!mark)
		return buffer_puts(b, text);
	r = buffer_append(b, text, (size_t)(mark - text));
	if (r == 0)
		r = buffer_puts(b, argument ? argument : "");
	if (r == 0)
		r = buffer_puts(b, mark + 1);
	return r;
}

int
smtp_reply_append(
	struct buffer *b, bool modern, enum smtp_reply reply, const char *argument)
{
	const struct reply *row = &REPLIES[reply];
	int r = append_codes(b, modern, row, true);

	if (r == 0)
		r = append_text(b, reply_text(row, modern), argument);
	if (r == 0)
		r = buffer_puts(b, "\r\n");
	return r;
}

int
smtp_reply_append_line(
	struct buffer *b, bool modern, enum smtp_reply reply, bool last, const char *text)
{
	int r = append_codes(b, modern, &REPLIES[reply], last);

	if (r == 0)
		r = buffer_puts(b, text);
	if (r == 0)
		r = buffer_puts(b, "\r\n");
	return r;
}

bool
smtp_reply_is_error(enum smtp_reply reply)
{
	return REPLIES[reply].flags & REPLY_ERROR;
}

const char *
smtp_reply_refused(enum smtp_reply reply)
{
	return REPLIES[reply].refused;
}
