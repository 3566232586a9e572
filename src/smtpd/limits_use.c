// SPDX-License-Identifier: ISC
/*
 * What is used of limits: failed logins, messages, recipients. What can be refused early
 * is refused by a look without a lock; what counts is charged to all accounts at once
 * under the lock, or to none. Owns nothing.
 */
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "host/clock.h"
#include "pki/digest.h"
#include "smtpd/limits_private.h"

static const char *const OF[CONFIG_LIMITS] = { "from your address", "of this device",
	"of this user" };
static const char *const TOO_MANY[] = { "connections at a time", "connections",
	"failed logins", "messages", "recipients" };

bool
smtpd_limits_any(const struct smtpd_server *s, enum config_limited whose)
{
	for (unsigned what = HOST_LIMIT_CONNECTIONS; what <= HOST_LIMIT_RECIPIENTS;
		what++)
		if (host_limit_of(s->config, whose, what).most > 0)
			return true;
	return false;
}

bool
smtpd_limits_has(const struct smtpd_limits *l, enum config_limited whose)
{
	return l->has_ledger && l->is_known[whose];
}

static int64_t *
value_of(struct smtpd_server *s, enum config_limited whose, enum host_limited what)
{
	return &s->limits->accounts[whose].value[what - HOST_LIMIT_VALUE];
}

unsigned
smtpd_limits_wait(struct smtpd_server *s, enum config_limited whose,
	enum host_limited what, unsigned n)
{
	return host_limit_wait(host_limit_of(s->config, whose, what),
		*value_of(s, whose, what), host_clock_now_ns(), n);
}

void
smtpd_limits_charge(struct smtpd_server *s, enum config_limited whose,
	enum host_limited what, unsigned n)
{
	struct host_account *a = &s->limits->accounts[whose];
	int64_t *due = value_of(s, whose, what);

	*due = host_limit_add(
		host_limit_of(s->config, whose, what), *due, host_clock_now_ns(), n);
	if (a->until < *due)
		a->until = *due;
}

void
smtpd_limits_over(struct smtpd_server *s, enum config_limited whose,
	enum host_limited what, unsigned wait, bool closes)
{
	struct smtpd_limits *l = s->limits;

	snprintf(l->text, sizeof l->text, "%s%s %s %s, come back in %u second%s",
		closes ? s->config->hostname : "Too many",
		closes ? " closing connection: too many" : "", TOO_MANY[what], OF[whose],
		wait, wait == 1 ? "" : "s");
	l->turned_away = l->turned_away || closes;
	l->stats.n[HOST_STAT_LIMITED + whose * HOST_LIMITED + what]++;
	l->over = (struct smtpd_over){ wait, whose, what };
}

void
smtpd_limits_tell(struct smtpd_server *s)
{
	struct smtpd_over over = s->limits->over;
	char reason[40];

	if (over.wait == 0)
		return;
	s->limits->over.wait = 0;
	snprintf(reason, sizeof reason, "%s-%s", host_limit_whose(over.whose),
		host_limit_what(over.what));
	smtpd_log(s,
		(struct host_record){ .priority = LOG_NOTICE,
			.event = "limited",
			.reason = reason,
			.user = s->limits->user },
		"Refused %s: too many %s; again in %u second%s", s->connection->peer_port,
		TOO_MANY[over.what], over.wait, over.wait == 1 ? "" : "s");
}

/* Names the account of failures of a user from this source and device; or, without a
 * user, that of tokens from this source, which is the address: it makes as many keys as
 * it likes. */
static bool
name_failing(struct smtpd_limits *l, const char *user)
{
	struct {
		uint8_t source[HOST_LEDGER_KEY];
		uint8_t device[HOST_SESSION_DEVICE];
		uint8_t user[PKI_SHA256_SIZE];
	} all = { 0 };

	memcpy(all.source, l->accounts[CONFIG_LIMIT_ADDRESS].key, sizeof all.source);
	if (user || !l->is_known[CONFIG_LIMIT_ADDRESS])
		memcpy(all.device, l->row.device, sizeof all.device);
	if (user && pki_sha256(user, strlen(user), all.user) < 0)
		return false;
	host_account_name(&l->failing, HOST_LEDGER_FAILURES, &all, sizeof all);
	return true;
}

/* The user in the row, who is not in it before he has logged in. */
static bool
name_user(struct smtpd_limits *l, const char *user)
{
	uint8_t sum[PKI_SHA256_SIZE];

	if (pki_sha256(user, strlen(user), sum) < 0)
		return false;
	memcpy(&l->row.user, sum, sizeof l->row.user);
	l->row.user |= 1;
	snprintf(l->name, sizeof l->name, "%s", user);
	return true;
}

static struct host_shutout
shutout(const struct smtpd_server *s)
{
	return (struct host_shutout){ s->config->limits[CONFIG_LIMIT_USER].failures,
		s->config->limit_shutout, s->config->limit_shutout_max };
}

static bool
read_failures(struct smtpd_server *s)
{
	struct smtpd_limits *l = s->limits;

	if (!smtpd_limits_read(s, &l->failing))
		return false;
	l->failures = (struct host_failures){ l->failing.value[0], l->failing.value[1],
		l->failing.value[2] };
	return true;
}

static void
write_failures(struct smtpd_server *s)
{
	struct smtpd_limits *l = s->limits;

	l->failing.value[0] = l->failures.count;
	l->failing.value[1] = l->failures.last;
	l->failing.value[2] = l->failures.until;
	l->failing.until = l->failures.count > 0
				   ? host_failures_end(shutout(s), &l->failures)
				   : 0;
	smtpd_limits_write(s, &l->failing);
}

static bool
has_failed_too_often(struct smtpd_server *s, enum config_limited whose, unsigned wait)
{
	if (wait > 0)
		smtpd_limits_over(s, whose, HOST_LIMIT_FAILURES, wait, true);
	return wait > 0;
}

/* By the failures of the address and the device as this connection knows them since it
 * entered and since its own, and by those of this user from here as they are now; or,
 * without a user, by those of tokens. */
static bool
judge_try(struct smtpd_server *s, const char *user)
{
	struct smtpd_limits *l = s->limits;
	unsigned wait;

	for (unsigned whose = CONFIG_LIMIT_ADDRESS; whose <= CONFIG_LIMIT_DEVICE;
		whose++) {
		wait = smtpd_limits_wait(s, whose, HOST_LIMIT_FAILURES, 1);
		if (has_failed_too_often(s, whose, wait))
			return false;
	}
	l->is_failing_known = name_failing(l, user) && read_failures(s);
	if (!l->is_failing_known)
		return true;
	wait = host_failures_wait(shutout(s), &l->failures, host_clock_now_ns());
	return !has_failed_too_often(
		s, user ? CONFIG_LIMIT_USER : CONFIG_LIMIT_ADDRESS, wait);
}

/* Whether a login may be tried. */
static bool
may_try(void *context, const char *user)
{
	struct smtpd_server *s = context;
	struct smtpd_limits *l = s->limits;
	bool may;

	if (l->off || !l->has_ledger)
		return true;
	l->user = user;
	may = judge_try(s, user);
	smtpd_limits_tell(s);
	l->user = NULL;
	return may;
}

void
smtpd_limits_guard(struct smtpd_server *s)
{
	if (!s->limits)
		return;
	s->peer.may_try = may_try;
	s->peer.context = s;
}

/* A login or token that was wrong: on the account of address and device, and of the user,
 * or of tokens, from here, where it had come so far that one was named. */
static void
note_failure(struct smtpd_server *s)
{
	struct smtpd_limits *l = s->limits;

	if (!l->has_ledger || !smtpd_limits_lock(s))
		return;
	for (unsigned whose = CONFIG_LIMIT_ADDRESS; whose <= CONFIG_LIMIT_DEVICE; whose++)
		if (host_limit_of(s->config, whose, HOST_LIMIT_FAILURES).most > 0 &&
			smtpd_limits_has(l, whose) &&
			smtpd_limits_read(s, &l->accounts[whose])) {
			smtpd_limits_charge(s, whose, HOST_LIMIT_FAILURES, 1);
			smtpd_limits_write(s, &l->accounts[whose]);
		}
	if (l->is_failing_known && read_failures(s)) {
		host_failures_add(shutout(s), &l->failures, host_clock_now_ns());
		write_failures(s);
	}
	host_slots_unlock(l->table);
}

/* A right one ends the row of wrong ones. */
static void
forget_failures(struct smtpd_server *s)
{
	struct smtpd_limits *l = s->limits;

	if (!l->is_failing_known || l->failures.count == 0 || !smtpd_limits_lock(s))
		return;
	if (read_failures(s)) {
		l->failures = (struct host_failures){ 0 };
		write_failures(s);
	}
	host_slots_unlock(l->table);
}

/* The user enters; the name is in the table from then on. */
static const char *
enter_user(struct smtpd_session *x, const char *user)
{
	struct smtpd_limits *l = x->s->limits;
	bool entered;

	if (!name_user(l, user))
		return NULL;
	smtpd_limits_know(l, CONFIG_LIMIT_USER);
	l->row.state = HOST_SESSION_DIALOGUE + SMTP_STATE_READY;
	l->user = user;
	entered = smtpd_limits_enter(x->s, CONFIG_LIMIT_USER);
	l->user = NULL;
	return entered ? NULL : l->text;
}

static enum host_login
result_of(enum auth_verdict verdict, bool turned_away)
{
	switch (verdict) {
	case AUTH_DONE:
		return turned_away ? HOST_LOGIN_LIMITED : HOST_LOGIN_DONE;
	case AUTH_ENROLLED:
		return HOST_LOGIN_ENROLLED;
	case AUTH_WRONG:
		return HOST_LOGIN_WRONG;
	case AUTH_LIMITED:
		return HOST_LOGIN_LIMITED;
	case AUTH_TEMPORARY:
		return HOST_LOGIN_FAULT;
	default:
		return HOST_LOGIN_BROKEN;
	}
}

const char *
smtpd_limits_login(struct smtpd_session *x, enum auth_verdict verdict)
{
	struct smtpd_limits *l = x->s->limits;
	const char *text = NULL;

	if (!l || verdict == AUTH_CHALLENGE)
		return NULL;
	if (verdict == AUTH_WRONG)
		note_failure(x->s);
	if (verdict == AUTH_LIMITED)
		text = l->text;
	if (verdict == AUTH_DONE) {
		forget_failures(x->s);
		text = enter_user(x, auth_exchange_user(x->exchange));
	}
	l->stats.n[host_stat_login(
		auth_exchange_mechanism(x->exchange), result_of(verdict, text))]++;
	l->is_failing_known = false;
	return text;
}

static void
count_token(struct smtpd_limits *l, enum host_login result)
{
	l->stats.n[host_stat_login("XENROL", result)]++;
}

const char *
smtpd_limits_token(struct smtpd_session *x)
{
	struct smtpd_limits *l = x->s->limits;

	if (!l || may_try(x->s, NULL))
		return NULL;
	count_token(l, HOST_LOGIN_LIMITED);
	return l->text;
}

void
smtpd_limits_token_judged(struct smtpd_session *x, int taken)
{
	struct smtpd_limits *l = x->s->limits;

	if (!l)
		return;
	count_token(l, taken < 0    ? HOST_LOGIN_FAULT
		       : taken == 0 ? HOST_LOGIN_WRONG
				    : HOST_LOGIN_ENROLLED);
	if (taken == 0)
		note_failure(x->s);
	else if (taken > 0)
		forget_failures(x->s);
}

unsigned
smtpd_limits_delay(const struct smtpd_session *x, unsigned delay)
{
	const struct smtpd_limits *l = x->s->limits;
	unsigned longer = l ? host_failures_delay(&l->failures) : 0;

	return longer > delay ? longer : delay;
}
