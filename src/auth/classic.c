// SPDX-License-Identifier: ISC
/*
 * The classic AUTH: username, then password, each in base64; or, for a user who is not
 * there and may enrol, a generated password at once. A user who was enrolled by this
 * certificate and has never logged in enrols again by giving no password: the first one
 * may have been lost with its connection. What is asked does not tell who exists, but
 * where enrolment admits the name; the time that a password's check takes is that of the
 * user's own iterations, and for an unknown user that of a generated password, and
 * whoever replies hides it. Faults end in AUTH_TEMPORARY.
 */
#include <errno.h>
#include <string.h>

#include "auth/enrol.h"
#include "auth/exchange_parts.h"

static const char USERNAME[] = "username";
static const char PASSWORD[] = "password";

static enum auth_verdict
ask_password(struct auth_exchange *x)
{
	x->state = AUTH_STATE_PASSWORD;
	return auth_exchange_ask(x, PASSWORD, sizeof(PASSWORD) - 1);
}

/* AUTH_ENROLLED; or AUTH_WRONG where the user belongs to somebody else. */
static enum auth_verdict
enrol(struct auth_exchange *x, const char *reason)
{
	char password[AUTH_PASSWORD_SIZE];
	enum auth_verdict verdict = auth_exchange_judge_key(x);
	int r;

	if (verdict != AUTH_DONE)
		return verdict;
	r = auth_enrol(x->config, x->peer, x->account.name, password);
	if (r == -EEXIST || r == -ECANCELED) {
		auth_exchange_because(x, "%s",
			r == -EEXIST ? "enrolled by somebody else"
				     : "the window of enrolment has closed");
		return AUTH_WRONG;
	}
	if (r < 0)
		return auth_exchange_fault(x, r);
	r = buffer_puts(&x->text, password);
	explicit_bzero(password, sizeof(password));
	if (r < 0 || !buffer_string(&x->text))
		return auth_exchange_fault(x, -ENOMEM);
	auth_exchange_because(x, "enrolled: %s", reason);
	return AUTH_ENROLLED;
}

static enum auth_verdict
take_username(struct auth_exchange *x, const char *text, size_t len)
{
	const char *reason = "no name of a user here";
	enum auth_verdict verdict;
	int r = auth_exchange_claim(x, text, len);

	if (r < 0)
		return auth_exchange_fault(x, r);
	if (x->account.known) {
		auth_exchange_because(x, "known user");
		return ask_password(x);
	}
	if (*x->account.name &&
		auth_enrol_admits(x->config, x->peer, x->account.name, &reason)) {
		verdict = enrol(x, reason);
		if (verdict != AUTH_WRONG)
			return verdict;
		/* Stored by somebody else since it was looked up; or the window is over.
		 */
		reason = "enrolled by somebody else, or the window has closed";
		r = auth_exchange_claim(x, text, len);
		if (r < 0)
			return auth_exchange_fault(x, r);
	}
	auth_exchange_because(x, "unknown user, not to be enrolled: %s", reason);
	return ask_password(x);
}

static enum auth_verdict
take_password(struct auth_exchange *x, const char *text, size_t len)
{
	const char *reason;
	enum auth_verdict verdict;
	int right;

	if (len == 0 && auth_enrol_again(x->peer, &x->account) &&
		auth_enrol_admits(x->config, x->peer, x->account.name, &reason))
		return enrol(x, reason);
	right = auth_password_check(&x->account.credentials, text, len);
	if (right < 0)
		return auth_exchange_fault(x, right);
	verdict = auth_exchange_judge(x, right > 0);
	return verdict == AUTH_DONE ? auth_exchange_done(x) : verdict;
}

enum auth_verdict
auth_classic_step(struct auth_exchange *x, const char *text, size_t len)
{
	switch (x->state) {
	case AUTH_STATE_START:
		if (text)
			break;
		x->state = AUTH_STATE_USERNAME;
		auth_exchange_because(x, "asked for the username");
		return auth_exchange_ask(x, USERNAME, sizeof(USERNAME) - 1);
	case AUTH_STATE_USERNAME:
		if (text)
			return take_username(x, text, len);
		break;
	case AUTH_STATE_PASSWORD:
		if (text)
			return take_password(x, text, len);
		break;
	case AUTH_STATE_RUNNING:
	case AUTH_STATE_LAST:
	case AUTH_STATE_OVER:
		break;
	}
	auth_exchange_because(x, "not a step of the classic AUTH");
	return AUTH_BROKEN;
}
