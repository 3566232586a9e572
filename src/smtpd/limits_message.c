// SPDX-License-Identifier: ISC
/*
 * Messages and recipients. MAIL looks at the accounts without a lock, so that what cannot
 * be sent is refused before anything of it comes; the message is charged to all of them
 * when it is opened, or to none of them. Owns nothing.
 */
#include <limits.h>

#include "host/clock.h"
#include "smtpd/limits_private.h"

enum { FRESH_MS = 1000 };

/* Whether messages are counted there at all. */
static bool
counts(const struct smtpd_server *s, enum config_limited whose)
{
	const struct config_limits *c = &s->config->limits[whose];

	return (c->messages > 0 || c->recipients > 0) &&
	       smtpd_limits_has(s->limits, whose);
}

static const char *
refuse(struct smtpd_session *x, enum config_limited whose, enum host_limited what,
	unsigned wait)
{
	smtpd_limits_over(x->s, whose, what, wait, false);
	return x->s->limits->text;
}

/* Room for one more message with so many recipients, in the account as it was read. */
static const char *
judge(struct smtpd_session *x, enum config_limited whose, unsigned recipients)
{
	unsigned wait = smtpd_limits_wait(x->s, whose, HOST_LIMIT_MESSAGES, 1);

	if (wait > 0)
		return refuse(x, whose, HOST_LIMIT_MESSAGES, wait);
	wait = smtpd_limits_wait(x->s, whose, HOST_LIMIT_RECIPIENTS, recipients);
	return wait > 0 ? refuse(x, whose, HOST_LIMIT_RECIPIENTS, wait) : NULL;
}

/* How many recipients the account has room for, if those are fewer than of others. */
static void
note_recipients(struct smtpd_server *s, enum config_limited whose)
{
	struct smtpd_limits *l = s->limits;
	struct host_limit limit = host_limit_of(s->config, whose, HOST_LIMIT_RECIPIENTS);
	int64_t now = host_clock_now_ns();
	int64_t due = l->accounts[whose].value[HOST_LIMIT_RECIPIENTS - HOST_LIMIT_VALUE];
	unsigned left = host_limit_left(limit, due, now);

	if (left >= l->recipients)
		return;
	l->recipients = left;
	l->recipients_whose = whose;
	l->recipients_wait = host_limit_wait(
		limit, host_limit_add(limit, due, now, left), now, 1);
}

/* Accounts that were read just now will do: what counts is read again. */
static const char *
ask_sender(struct smtpd_session *x)
{
	struct smtpd_limits *l = x->s->limits;
	bool fresh = host_clock_ms() - l->looked < FRESH_MS;
	const char *text = NULL;

	l->recipients = UINT_MAX;
	for (unsigned whose = 0; !text && whose < CONFIG_LIMITS; whose++) {
		struct host_account *a = &l->accounts[whose];

		if (!counts(x->s, whose))
			continue;
		if (!(fresh && a->place >= 0) && !smtpd_limits_read(x->s, a))
			continue;
		text = judge(x, whose, 1);
		note_recipients(x->s, whose);
	}
	return text;
}

static const char *
ask_recipient(struct smtpd_session *x)
{
	struct smtpd_limits *l = x->s->limits;
	size_t n;

	smtp_dialogue_recipients(x->dialogue, &n);
	if (n < l->recipients)
		return NULL;
	return refuse(x, l->recipients_whose, HOST_LIMIT_RECIPIENTS, l->recipients_wait);
}

static const char *
charge_all(struct smtpd_session *x, unsigned recipients)
{
	struct smtpd_limits *l = x->s->limits;
	const char *text = NULL;

	for (unsigned whose = 0; !text && whose < CONFIG_LIMITS; whose++)
		if (counts(x->s, whose) && smtpd_limits_read(x->s, &l->accounts[whose]))
			text = judge(x, whose, recipients);
	for (unsigned whose = 0; !text && whose < CONFIG_LIMITS; whose++) {
		if (!counts(x->s, whose) || l->off)
			continue;
		smtpd_limits_charge(x->s, whose, HOST_LIMIT_MESSAGES, 1);
		smtpd_limits_charge(x->s, whose, HOST_LIMIT_RECIPIENTS, recipients);
		smtpd_limits_write(x->s, &l->accounts[whose]);
	}
	return text;
}

static const char *
ask_open(struct smtpd_session *x)
{
	bool counted = false;
	const char *text;
	size_t n;

	for (unsigned whose = 0; whose < CONFIG_LIMITS; whose++)
		counted = counted || counts(x->s, whose);
	if (!counted || !smtpd_limits_lock(x->s))
		return NULL;
	smtp_dialogue_recipients(x->dialogue, &n);
	text = charge_all(x, (unsigned)n);
	host_slots_unlock(x->s->limits->table);
	return text;
}

static const char *
ask(struct smtpd_session *x, enum smtp_ask what)
{
	switch (what) {
	case SMTP_ASK_SENDER:
		return ask_sender(x);
	case SMTP_ASK_RECIPIENT:
		return ask_recipient(x);
	case SMTP_ASK_OPEN:
		return ask_open(x);
	default:
		return NULL;
	}
}

const char *
smtpd_limits_ask(struct smtpd_session *x, const struct smtp_request *request)
{
	struct smtpd_limits *l = x->s->limits;
	const char *text;

	if (!l || l->off)
		return NULL;
	text = ask(x, request->ask);
	l->user = smtp_dialogue_user(x->dialogue);
	smtpd_limits_tell(x->s);
	l->user = NULL;
	return text;
}

void
smtpd_limits_accepted(struct smtpd_session *x, size_t recipients, uint64_t bytes)
{
	struct smtpd_limits *l = x->s->limits;

	if (!l)
		return;
	l->row.messages++;
	l->row.recipients += (uint32_t)recipients;
	l->stats.n[HOST_STAT_MESSAGES]++;
	l->stats.n[HOST_STAT_RECIPIENTS] += recipients;
	l->stats.n[HOST_STAT_MESSAGE_BYTES] += bytes;
}
