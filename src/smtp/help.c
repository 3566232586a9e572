// SPDX-License-Identifier: ISC
/*
 * The two voices of HELP. The one fault is -ENOMEM.
 */
#include "smtp/help.h"

/* Read by people and by programs: these lines, in this order. */
static const char *const CLASSIC[] = {
	"help [option]",
	"List of options:",
	"HELO",
	"AUTH",
	"MAIL FROM",
	"RCPT TO",
	"DATA",
	"RSET",
	"QUIT",
};

static int
list_classic(struct buffer *b)
{
	size_t n = sizeof(CLASSIC) / sizeof(CLASSIC[0]);
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = smtp_reply_append_line(
			b, false, SMTP_REPLY_HELP, i == n - 1, CLASSIC[i]);
	return r;
}

static int
list_modern(struct buffer *b)
{
	int r = smtp_reply_append_line(
		b, true, SMTP_REPLY_HELP, false, "HELP COMMAND explains one of these:");

	for (unsigned v = SMTP_VERB_UNKNOWN + 1; v < SMTP_VERBS && r == 0; v++) {
		const struct smtp_command *c = smtp_command_of((enum smtp_verb)v);

		/* Who may use those has been told of them by EHLO. */
		if (!(c->permissions & SMTP_ONLY_TO_ENROL))
			r = smtp_reply_append_line(
				b, true, SMTP_REPLY_HELP, v == SMTP_VERBS - 1, c->name);
	}
	return r;
}

int
smtp_help_list(struct buffer *b, bool modern)
{
	return modern ? list_modern(b) : list_classic(b);
}

int
smtp_help_explain(struct buffer *b, bool modern, const struct smtp_command *command)
{
	return smtp_reply_append(b, modern, SMTP_REPLY_HELP, command->help);
}
