// SPDX-License-Identifier: ISC
/*
 * What the dialogue cannot do itself: check credentials, look users up; what it asks for
 * a message is message.c's. Each request is answered at once; a fault of ours becomes a
 * temporary refusal for the peer, and a log record that says which file.
 */
#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "auth/policy.h"
#include "auth/redeem.h"
#include "base/cleanup.h"
#include "host/clock.h"
#include "smtpd/limits.h"
#include "smtpd/pace.h"
#include "smtpd/session_private.h"

struct reply {
	enum smtp_answer answer;
	const char *text;
};

static struct reply
report_store_fault(struct smtpd_session *x, int error)
{
	struct smtpd_server *s = x->s;

	smtpd_fault(s, error, "users: %s: %s", s->config->users, strerror(-error));
	smtpd_log(s,
		(struct host_record){ .priority = LOG_ERR,
			.event = "store-fault",
			.user = smtp_dialogue_user(x->dialogue),
			.reason = strerror(-error) },
		"Cannot use the user store: %s", buffer_string(&s->fault));
	return (struct reply){ SMTP_ANSWER_FAULT, NULL };
}

static struct reply
yes_or_no(struct smtpd_session *x, int r)
{
	if (r < 0)
		return report_store_fault(x, r);
	return (struct reply){ r > 0 ? SMTP_ANSWER_YES : SMTP_ANSWER_NO, NULL };
}

static struct reply
judge_sender(struct smtpd_session *x, const char *user, const char *address)
{
	enum auth_standing standing;
	int r = auth_may_send_as(x->s->config, &x->s->peer, user, address, &standing);

	if (r != 0)
		return yes_or_no(x, r);
	switch (standing) {
	case AUTH_STANDING_GOOD:
		break;
	case AUTH_STANDING_REVOKED:
	case AUTH_STANDING_GONE:
		return (struct reply){ SMTP_ANSWER_DEVICE_REVOKED, NULL };
	case AUTH_STANDING_EXPIRED:
		return (struct reply){ SMTP_ANSWER_DEVICE_EXPIRED, NULL };
	case AUTH_STANDING_LOCKED:
		return (struct reply){ SMTP_ANSWER_USER_LOCKED, NULL };
	case AUTH_STANDING_ORPHAN:
		return (struct reply){ SMTP_ANSWER_USER_GONE, NULL };
	}
	return (struct reply){ SMTP_ANSWER_NO, NULL };
}

static void
log_login(struct smtpd_session *x, int priority, const char *event, const char *message)
{
	const char *user = auth_exchange_user(x->exchange);

	smtpd_log(x->s,
		(struct host_record){ .priority = priority,
			.event = event,
			.user = user,
			.reason = auth_exchange_reason(x->exchange) },
		"%s %s from %s by %s", message, user ? user : "nobody",
		x->s->connection->peer_port, auth_exchange_mechanism(x->exchange));
}

/* The login holds although the store could not be told of the first one. */
static void
note_login_fault(struct smtpd_session *x)
{
	int error = auth_exchange_error(x->exchange);

	if (error < 0)
		report_store_fault(x, error);
}

static struct reply
judge_exchange(struct smtpd_session *x, enum auth_verdict verdict, const char *text)
{
	const char *over = smtpd_limits_login(x, verdict);

	if (over) {
		x->why = "limited";
		return (struct reply){ SMTP_ANSWER_LIMIT, over };
	}
	switch (verdict) {
	case AUTH_CHALLENGE:
		return (struct reply){ SMTP_ANSWER_AUTH_CHALLENGE, text };
	case AUTH_DONE:
		note_login_fault(x);
		log_login(x, LOG_INFO, "login", "Logged in");
		return (struct reply){ SMTP_ANSWER_AUTH_DONE,
			auth_exchange_user(x->exchange) };
	case AUTH_ENROLLED:
		log_login(x, LOG_NOTICE, "enrolled", "Enrolled");
		x->why = "enrolled";
		return (struct reply){ SMTP_ANSWER_AUTH_ENROLLED, text };
	case AUTH_WRONG:
		log_login(x, LOG_NOTICE, "login-failed", "Refused login of");
		return (struct reply){ SMTP_ANSWER_AUTH_WRONG, NULL };
	case AUTH_BROKEN:
		log_login(x, LOG_NOTICE, "login-failed", "Broken login of");
		return (struct reply){ SMTP_ANSWER_AUTH_BROKEN, NULL };
	case AUTH_LIMITED:
	case AUTH_TEMPORARY:
		break;
	}
	smtpd_fault(x->s, auth_exchange_error(x->exchange), "%s",
		auth_exchange_reason(x->exchange));
	log_login(x, LOG_ERR, "store-fault", "Cannot check login of");
	return (struct reply){ SMTP_ANSWER_FAULT, NULL };
}

static struct reply
report_exchange_fault(struct smtpd_session *x, int error)
{
	struct smtpd_server *s = x->s;

	smtpd_fault(s, error, "AUTH: %s", strerror(-error));
	smtpd_log(s,
		(struct host_record){ .priority = LOG_ERR,
			.event = "fault",
			.reason = strerror(-error) },
		"Cannot begin a login of %s: %s", s->connection->peer_port,
		buffer_string(&s->fault));
	return (struct reply){ SMTP_ANSWER_FAULT, NULL };
}

static struct reply
step_exchange(struct smtpd_session *x, const struct smtp_request *request)
{
	enum auth_verdict verdict;
	const char *text = NULL;
	int r;

	if (request->auth_first) {
		auth_exchange_free(TAKE_PTR(x->exchange));
		r = auth_exchange_start(
			x->s->config, &x->s->peer, request->mechanism, &x->exchange);
		if (r == -ENOTSUP)
			return (struct reply){ SMTP_ANSWER_AUTH_UNKNOWN, NULL };
		if (r == -EACCES)
			return (struct reply){ SMTP_ANSWER_AUTH_WEAK, NULL };
		if (r < 0)
			return report_exchange_fault(x, r);
	}
	if (!x->exchange)
		return (struct reply){ SMTP_ANSWER_FAULT, NULL };
	verdict = auth_exchange_step(x->exchange, request->line, &text);
	return judge_exchange(x, verdict, text);
}

/* The token is never logged, be it right or not. */
static struct reply
redeem(struct smtpd_session *x, const struct smtp_request *request)
{
	const struct smtpd_server *s = x->s;
	struct auth_redemption r = { request->token, request->name, request->label };
	struct host_record record = { .priority = LOG_NOTICE, .event = "login-failed" };
	const char *over;
	int taken;

	if (!s->proved || !s->enrols_only)
		return (struct reply){ SMTP_ANSWER_FAULT, NULL };
	over = smtpd_limits_token(x);
	if (over) {
		x->why = "limited";
		return (struct reply){ SMTP_ANSWER_LIMIT, over };
	}
	taken = auth_redeem(s->config, s->peer.pin, &r, x->enrolled, &record.reason);
	smtpd_limits_token_judged(x, taken);
	if (taken < 0)
		return report_store_fault(x, taken);
	if (taken == 0) {
		smtpd_log(s, record, "Refused a token of %s", s->connection->peer_port);
		return (struct reply){ SMTP_ANSWER_NO, NULL };
	}
	record.event = "enrolled";
	record.user = x->enrolled;
	smtpd_log(s, record, "Enrolled %s as a device of %s", s->connection->peer_port,
		x->enrolled);
	x->why = "enrolled";
	return (struct reply){ SMTP_ANSWER_YES, x->enrolled };
}

static bool
is_answered(enum smtp_ask ask)
{
	return ask == SMTP_ASK_AUTH || ask == SMTP_ASK_ENROL || ask == SMTP_ASK_SENDER ||
	       ask == SMTP_ASK_RECIPIENT || ask == SMTP_ASK_OPEN ||
	       ask == SMTP_ASK_FINISH;
}

static struct reply
answer(struct smtpd_session *x, const struct smtp_request *request)
{
	const struct config *config = x->s->config;
	const char *user = smtp_dialogue_user(x->dialogue);
	const char *over;

	/* The dialogue has not let it come to that. */
	if (x->s->enrols_only && request->ask != SMTP_ASK_ENROL)
		return (struct reply){ SMTP_ANSWER_FAULT, NULL };
	over = smtpd_limits_ask(x, request);
	if (over)
		return (struct reply){ SMTP_ANSWER_LIMIT, over };
	switch (request->ask) {
	case SMTP_ASK_AUTH:
		return step_exchange(x, request);
	case SMTP_ASK_ENROL:
		return redeem(x, request);
	case SMTP_ASK_SENDER:
		return judge_sender(x, user, request->address);
	case SMTP_ASK_RECIPIENT:
		return yes_or_no(x, auth_may_receive(config, request->address));
	case SMTP_ASK_OPEN:
		return (struct reply){ smtpd_message_open(x), NULL };
	default:
		return (struct reply){ smtpd_message_finish(x), NULL };
	}
}

/* Requests that end something here and are not answered. */
static void
obey(struct smtpd_session *x, const struct smtp_request *request)
{
	if (request->ask == SMTP_ASK_DISCARD)
		smtpd_message_drop(x);
	else if (request->ask == SMTP_ASK_STARTTLS)
		x->state = SMTPD_SESSION_STARTS_TLS;
	else if (request->ask == SMTP_ASK_CLOSE)
		x->state = SMTPD_SESSION_CLOSES;
}

static void
note(struct smtpd_session *x, const struct smtp_request *request)
{
	if (request->delay > 0)
		x->hold = smtpd_pace_hold(x->arrival, host_clock_ms(),
			smtpd_limits_delay(x, request->delay));
	if (!request->refused)
		return;
	smtpd_log(x->s,
		(struct host_record){ .priority = LOG_NOTICE,
			.event = "refused-command",
			.user = smtp_dialogue_user(x->dialogue),
			.reason = request->refused },
		"Refused what %s sent in state %s", x->s->connection->peer_port,
		smtp_dialogue_state_name(x->dialogue));
	if (request->ask == SMTP_ASK_CLOSE)
		x->why = request->refused;
}

int
smtpd_session_do(struct smtpd_session *x, struct smtp_request *request)
{
	int r;

	for (;;) {
		note(x, request);
		if (!is_answered(request->ask)) {
			obey(x, request);
			return 0;
		}
		struct reply reply = answer(x, request);

		r = smtp_dialogue_answer(
			x->dialogue, reply.answer, reply.text, &x->replies, request);
		if (r < 0)
			return r;
	}
}
