// SPDX-License-Identifier: ISC
/*
 * EXTERNAL (RFC 4422 appendix A): the peer has proved the key of its certificate, which
 * names whom it may be, and says at most which of them it is. Whoever the certificate
 * does not name is not let in, whatever `bind` says, and is not looked up either. No
 * library is needed. Faults end in AUTH_TEMPORARY.
 */
#include <errno.h>
#include <string.h>

#include "auth/exchange_parts.h"
#include "auth/name.h"
#include "base/utf8.h"

static enum auth_verdict
refuse(struct auth_exchange *x, const char *reason)
{
	auth_exchange_because(x, "%s", reason);
	return AUTH_WRONG;
}

/* Nobody was looked up: such a try is one as well. */
static enum auth_verdict
refuse_unseen(struct auth_exchange *x, const char *reason)
{
	int r = auth_exchange_ask_leave(x);

	return r < 0 ? auth_exchange_fault(x, r) : refuse(x, reason);
}

static enum auth_verdict
judge_user(struct auth_exchange *x)
{
	enum auth_verdict verdict;

	if (!x->account.known)
		return refuse(x, "unknown user");
	if (x->account.locked)
		return refuse(x, "user is locked");
	verdict = auth_exchange_judge_key(x);
	return verdict == AUTH_DONE ? auth_exchange_done(x) : verdict;
}

/* Nobody in particular is asked for: the first of the certificate's names that is a
 * user's. */
static enum auth_verdict
take_first_name(struct auth_exchange *x)
{
	const struct auth_peer *peer = x->peer;

	for (size_t i = 0; i < peer->n_names; i++) {
		int r = auth_exchange_claim(x, peer->names[i], strlen(peer->names[i]));

		if (r < 0)
			return auth_exchange_fault(x, r);
		if (x->account.known)
			return judge_user(x);
	}
	auth_account_clear(&x->account);
	return refuse_unseen(x, "the certificate names no user here");
}

static enum auth_verdict
take_identity(struct auth_exchange *x, const char *text, size_t len)
{
	char name[AUTH_NAME_SIZE];
	int r;

	if (memchr(text, '\0', len) || !utf8_is_valid(text, len)) {
		auth_exchange_because(x, "an identity that is no text");
		return AUTH_BROKEN;
	}
	if (auth_name_read(x->config, text, len, name) < 0)
		return refuse_unseen(x, "no name of a user here");
	if (!auth_name_listed(x->config, x->peer->names, x->peer->n_names, name)) {
		memcpy(x->account.name, name, sizeof(name));
		return refuse_unseen(x, "the certificate does not name the user");
	}
	r = auth_exchange_claim(x, name, strlen(name));
	return r < 0 ? auth_exchange_fault(x, r) : judge_user(x);
}

enum auth_verdict
auth_external_step(struct auth_exchange *x, const char *text, size_t len)
{
	if (!text && x->state == AUTH_STATE_START) {
		x->state = AUTH_STATE_RUNNING;
		auth_exchange_because(x, "asked for the identity");
		return auth_exchange_ask(x, "", 0);
	}
	if (!text) {
		auth_exchange_because(x, "not a step of EXTERNAL");
		return AUTH_BROKEN;
	}
	return len == 0 ? take_first_name(x) : take_identity(x, text, len);
}
