// SPDX-License-Identifier: ISC
/*
 * An exchange: base64, the account, the verdict. What is between is in sasl.c, external.c
 * and classic.c. Owns the account, the text and the library's session, and wipes them.
 * Every fault ends in a verdict; its cause is in the reason.
 */
#include "auth/exchange.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/exchange_parts.h"
#include "auth/gsasl_on_demand.h"
#include "auth/policy.h"
#include "base/cleanup.h"
#include "base/text.h"

/* In order of strength. */
static const struct auth_mechanism MECHANISMS[] = {
	{ .name = "SCRAM-SHA-256-PLUS",
		.flag = CONFIG_MECHANISM_SCRAM_SHA_256_PLUS,
		.binding = true },
	{ .name = "EXTERNAL", .flag = CONFIG_MECHANISM_EXTERNAL, .certificate = true },
	{ .name = "SCRAM-SHA-256", .flag = CONFIG_MECHANISM_SCRAM_SHA_256 },
	{ .name = "PLAIN", .flag = CONFIG_MECHANISM_PLAIN },
	{ .name = "LOGIN", .flag = CONFIG_MECHANISM_LOGIN, .server_first = true },
};

enum { N_MECHANISMS = sizeof(MECHANISMS) / sizeof(MECHANISMS[0]) };

static bool
is_offered(const struct config *config, const struct auth_peer *peer,
	const struct auth_mechanism *m)
{
	return (config->mechanisms & m->flag) && (!m->binding || peer->exporter) &&
	       (!m->certificate || peer->certificate);
}

const struct auth_mechanism *
auth_mechanism_find(
	const struct config *config, const struct auth_peer *peer, const char *name)
{
	for (size_t i = 0; i < N_MECHANISMS; i++)
		if (text_equal(name, strlen(name), MECHANISMS[i].name))
			return is_offered(config, peer, &MECHANISMS[i]) ? &MECHANISMS[i]
									: NULL;
	return NULL;
}

/* Why a mechanism is not to be had. */
static int
mechanism_refusal(
	const struct config *config, const struct auth_peer *peer, const char *name)
{
	bool stronger = false;

	for (size_t i = 0; i < N_MECHANISMS; i++) {
		const struct auth_mechanism *m = &MECHANISMS[i];

		if (text_equal(name, strlen(name), m->name))
			return stronger && !(config->mechanisms & m->flag) ? -EACCES
									   : -ENOTSUP;
		stronger = stronger || is_offered(config, peer, m);
	}
	return -ENOTSUP;
}

char *
auth_mechanisms(const struct config *config, const struct auth_peer *peer)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };

	for (size_t i = 0; i < N_MECHANISMS; i++) {
		if (!is_offered(config, peer, &MECHANISMS[i]))
			continue;
		if (buffer_len(&b) > 0 && buffer_puts(&b, " ") < 0)
			return NULL;
		if (buffer_puts(&b, MECHANISMS[i].name) < 0)
			return NULL;
	}
	return strndup(buffer_len(&b) > 0 ? buffer_data(&b) : "", buffer_len(&b));
}

void
auth_exchange_because(struct auth_exchange *x, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(x->reason, sizeof(x->reason), format, ap);
	va_end(ap);
}

int
auth_exchange_check(const struct config *config)
{
	for (size_t i = 0; i < N_MECHANISMS; i++)
		if (!MECHANISMS[i].certificate &&
			(config->mechanisms & MECHANISMS[i].flag))
			return auth_gsasl_available() ? 0 : -ELIBACC;
	return 0;
}

/* A fault of writing the store, or of reading it but for its damaged lines; before is
 * what the sentence begins with. */
static void
because_fault(struct auth_exchange *x, const char *before, int r)
{
	const char *users = x->config->users;

	switch (r) {
	case -ETIMEDOUT:
		auth_exchange_because(
			x, "%s%s.lock: held by another process", before, users);
		break;
	case -EINPROGRESS:
		auth_exchange_because(x,
			"%s%s: changed, but its directory could not be written to the "
			"disk",
			before, users);
		break;
	case -EPROTONOSUPPORT:
		auth_exchange_because(
			x, "%s%s:1: format of another version of postern", before, users);
		break;
	case -ELIBACC:
		auth_exchange_because(x, "%slibgsasl cannot be loaded", before);
		break;
	default:
		auth_exchange_because(x, "%s%s: %s", before, users, strerror(-r));
	}
}

enum auth_verdict
auth_exchange_fault(struct auth_exchange *x, int r)
{
	if (r == -EUSERS) {
		auth_exchange_because(x, "not before some time has passed");
		return AUTH_LIMITED;
	}
	x->error = r;
	if (r == -EBADMSG)
		auth_exchange_because(x, "%s:%zu: damaged line", x->config->users,
			x->account.damage > 0 ? x->account.damage : 1);
	else
		because_fault(x, "", r);
	return AUTH_TEMPORARY;
}

int
auth_exchange_ask_leave(struct auth_exchange *x)
{
	const struct auth_peer *p = x->peer;

	return p->may_try && !p->may_try(p->context, x->account.name) ? -EUSERS : 0;
}

int
auth_exchange_claim(struct auth_exchange *x, const char *text, size_t len)
{
	int r;

	auth_account_clear(&x->account);
	r = auth_account_load(x->config, text, len, &x->account);
	if (r == 0)
		r = auth_exchange_ask_leave(x);
	x->loaded = r == 0;
	return r;
}

/* Whether `bind` lets this peer log in as the account's user. */
static bool
is_bound(const struct auth_exchange *x)
{
	if (x->config->bind == CONFIG_BIND_ANY)
		return true;
	return x->peer->certificate && auth_name_listed(x->config, x->peer->names,
					       x->peer->n_names, x->account.name);
}

enum auth_verdict
auth_exchange_judge_key(struct auth_exchange *x)
{
	enum auth_standing standing;
	int r = auth_peer_stands(x->config, x->peer, &standing);

	if (r < 0)
		return auth_exchange_fault(x, r);
	if (standing == AUTH_STANDING_GOOD)
		return AUTH_DONE;
	auth_exchange_because(x, "%s", auth_standing_name(standing));
	return AUTH_WRONG;
}

enum auth_verdict
auth_exchange_judge(struct auth_exchange *x, bool right)
{
	const struct auth_account *a = &x->account;

	if (!*a->name)
		auth_exchange_because(x, "no name of a user here");
	else if (!a->known)
		auth_exchange_because(x, "unknown user");
	else if (!a->password)
		auth_exchange_because(x, "user has no password");
	else if (!right)
		auth_exchange_because(x, "wrong password");
	else if (a->locked)
		auth_exchange_because(x, "user is locked");
	else if (!is_bound(x))
		auth_exchange_because(x, "the certificate does not name the user");
	else
		return auth_exchange_judge_key(x);
	return AUTH_WRONG;
}

enum auth_verdict
auth_exchange_done(struct auth_exchange *x)
{
	bool external = x->mechanism && x->mechanism->certificate;
	const char *right = external ? "certificate proved" : "password right";
	int r = auth_account_note_login(x->config, &x->account, !external);
	char before[64];

	x->error = r < 0 ? r : 0;
	snprintf(before, sizeof(before), "%s; login not written down: ", right);
	if (r == -EBADMSG)
		auth_exchange_because(
			x, "%s%s: damaged first line", before, x->config->users);
	else if (r < 0)
		because_fault(x, before, r);
	else if (x->account.damage > 0)
		auth_exchange_because(x, "%s; %s:%zu: damaged line", right,
			x->config->users, x->account.damage);
	else
		auth_exchange_because(x, "%s", right);
	return AUTH_DONE;
}

enum auth_verdict
auth_exchange_ask(struct auth_exchange *x, const void *data, size_t len)
{
	CLEANUP_FREE char *coded = NULL;

	if (pki_base64_encode(data, len, &coded) < 0 ||
		buffer_puts(&x->text, coded) < 0 || !buffer_string(&x->text)) {
		x->error = -ENOMEM;
		auth_exchange_because(x, "out of memory");
		return AUTH_TEMPORARY;
	}
	return AUTH_CHALLENGE;
}

int
auth_exchange_start(const struct config *config, const struct auth_peer *peer,
	const char *mechanism, struct auth_exchange **ret)
{
	const struct auth_mechanism *found = NULL;
	struct auth_exchange *x;
	int r = 0;

	if (mechanism) {
		found = auth_mechanism_find(config, peer, mechanism);
		if (!found)
			return mechanism_refusal(config, peer, mechanism);
	}
	x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	x->config = config;
	x->peer = peer;
	x->mechanism = found;
	auth_exchange_because(x, "begun");
	if (found && !found->certificate)
		r = auth_sasl_start(x);
	if (r < 0) {
		auth_exchange_free(x);
		return r;
	}
	*ret = x;
	return 0;
}

/* Decodes what the peer sent; *ret_text stays NULL where there is none. */
static int
decode(const char *line, bool initial, uint8_t **ret_text, size_t *ret_len)
{
	if (!line)
		return 0;
	if (initial && strcmp(line, "=") == 0)
		line = "";
	return pki_base64_decode(line, strlen(line), ret_text, ret_len);
}

enum auth_verdict
auth_exchange_step(struct auth_exchange *x, const char *line, const char **ret_text)
{
	uint8_t *text = NULL;
	size_t len = 0;
	enum auth_verdict verdict = AUTH_BROKEN;
	int r;

	buffer_wipe(&x->text);
	*ret_text = "";
	if (x->state == AUTH_STATE_OVER) {
		auth_exchange_because(x, "a step after the last one");
		return AUTH_BROKEN;
	}
	r = decode(line, x->state == AUTH_STATE_START, &text, &len);
	if (r == -EINVAL)
		auth_exchange_because(x, "not base64");
	else if (r < 0)
		verdict = auth_exchange_fault(x, r);
	else if (x->mechanism && x->mechanism->certificate)
		verdict = auth_external_step(x, (const char *)text, len);
	else if (x->mechanism)
		verdict = auth_sasl_step(x, (const char *)text, len);
	else
		verdict = auth_classic_step(x, (const char *)text, len);
	if (text)
		explicit_bzero(text, len);
	free(text);
	x->verdict = verdict;
	if (verdict != AUTH_CHALLENGE)
		x->state = AUTH_STATE_OVER;
	if (verdict == AUTH_CHALLENGE || verdict == AUTH_ENROLLED)
		*ret_text = buffer_data(&x->text);
	return verdict;
}

const char *
auth_exchange_user(const struct auth_exchange *x)
{
	return *x->account.name ? x->account.name : NULL;
}

const char *
auth_exchange_reason(const struct auth_exchange *x)
{
	return x->reason;
}

int
auth_exchange_error(const struct auth_exchange *x)
{
	return x->error == 0 && x->verdict == AUTH_TEMPORARY ? -EIO : x->error;
}

const char *
auth_exchange_mechanism(const struct auth_exchange *x)
{
	return x->mechanism ? x->mechanism->name : "classic";
}

void
auth_exchange_free(struct auth_exchange *x)
{
	if (!x)
		return;
	auth_sasl_end(x);
	buffer_wipe(&x->text);
	free(x->binding);
	explicit_bzero(x, sizeof(*x));
	free(x);
}
