// SPDX-License-Identifier: ISC
/*
 * What EHLO is answered with: the extensions of SMTP that this server has. The lines have
 * no enhanced codes (RFC 2034 section 4). The one fault is -ENOMEM.
 */
#include <inttypes.h>

#include "smtp/session.h"

/* The greatest number that a limit can be told with (RFC 9422 section 4). */
enum { LIMIT_MAX = 999999 };

bool
smtp_offers_auth(const struct smtp_policy *policy)
{
	return !policy->starttls && !policy->enrols_only && *policy->mechanisms;
}

static unsigned
limit(unsigned n)
{
	return n > LIMIT_MAX ? LIMIT_MAX : n;
}

/* To a peer who may do nothing else. */
static int
append_enrol(const struct smtp_policy *p, struct buffer *b)
{
	return buffer_printf(b,
		"250-%s says hello\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n"
		"250-XENROL\r\n250 HELP\r\n",
		p->hostname);
}

int
smtp_offers_append(const struct smtp_policy *p, struct buffer *b)
{
	int r;

	if (p->enrols_only)
		return append_enrol(p, b);
	r = buffer_printf(b, "250-%s says hello\r\n", p->hostname);

	if (r == 0)
		r = buffer_puts(b, "250-PIPELINING\r\n");
	if (r == 0)
		r = buffer_printf(b, "250-SIZE %" PRIu64 "\r\n", p->max_message_size);
	if (r == 0)
		r = buffer_puts(b, "250-8BITMIME\r\n"
				   "250-SMTPUTF8\r\n"
				   "250-CHUNKING\r\n"
				   "250-BINARYMIME\r\n"
				   "250-ENHANCEDSTATUSCODES\r\n");
	if (r == 0)
		r = buffer_printf(b, "250-LIMITS RCPTMAX=%u MAILMAX=%u\r\n",
			limit(p->max_recipients), limit(p->max_messages));
	if (r == 0 && p->starttls)
		r = buffer_puts(b, "250-STARTTLS\r\n");
	if (r == 0 && smtp_offers_auth(p))
		r = buffer_printf(b, "250-AUTH %s\r\n", p->mechanisms);
	if (r == 0)
		r = buffer_puts(b, "250 HELP\r\n");
	return r;
}
