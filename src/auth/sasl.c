// SPDX-License-Identifier: ISC
/*
 * The SASL mechanisms, by GNU SASL. The library keeps the protocol; who the user is,
 * whether the password is right and who may log in is decided here. Owns the library's
 * context and session. Every mechanism is one of the list in exchange.c: the library
 * would start others.
 *
 * What the library needs to know: it wants StoredKey and ServerKey in base64; an unknown
 * user must have keys as well, or its error tells; it refuses a client that saw no -PLUS
 * where there was one only if it has channel-binding data, so it gets that exactly where
 * -PLUS is offered; and it does not look at the authorization identity.
 */
#include <errno.h>
#include <gsasl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/exchange_parts.h"
#include "auth/gsasl_on_demand.h"
#include "base/cleanup.h"
#include "base/secret.h"

enum { NUMBER_SIZE = 16 };

static void
property_wipe(Gsasl_session *session, Gsasl_property property)
{
	/* The library frees it without overwriting it. */
	char *value = (char *)gsasl_property_fast(session, property);

	if (value)
		explicit_bzero(value, strlen(value));
	gsasl_property_free(session, property);
}

static int
property_set_bytes(
	Gsasl_session *session, Gsasl_property property, const void *bytes, size_t n)
{
	CLEANUP_SECRET char *text = NULL;

	if (pki_base64_encode(bytes, n, &text) < 0)
		return GSASL_MALLOC_ERROR;
	return gsasl_property_set(session, property, text);
}

/* Looks up the user that the mechanism has read; once. */
static bool
claim(struct auth_exchange *x, Gsasl_session *session)
{
	const char *name = gsasl_property_fast(session, GSASL_AUTHID);

	if (x->loaded || x->fault < 0)
		return x->loaded;
	if (!name)
		name = "";
	x->fault = auth_exchange_claim(x, name, strlen(name));
	return x->loaded;
}

static int
give_scram(struct auth_exchange *x, Gsasl_session *session, Gsasl_property property)
{
	const struct auth_credentials *c = &x->account.credentials;
	char iterations[NUMBER_SIZE];

	if (!claim(x, session))
		return GSASL_NO_CALLBACK;
	switch (property) {
	case GSASL_SCRAM_ITER:
		snprintf(iterations, sizeof(iterations), "%u", c->iterations);
		return gsasl_property_set(session, property, iterations);
	case GSASL_SCRAM_SALT:
		return property_set_bytes(session, property, c->salt, c->salt_len);
	case GSASL_SCRAM_STOREDKEY:
		return property_set_bytes(
			session, property, c->stored, sizeof(c->stored));
	case GSASL_SCRAM_SERVERKEY:
		return property_set_bytes(
			session, property, c->server, sizeof(c->server));
	default:
		return GSASL_NO_CALLBACK;
	}
}

static int
validate_password(struct auth_exchange *x, Gsasl_session *session)
{
	const char *password = gsasl_property_fast(session, GSASL_PASSWORD);
	int r;

	if (!claim(x, session))
		return GSASL_AUTHENTICATION_ERROR;
	if (!password)
		password = "";
	r = auth_password_check(&x->account.credentials, password, strlen(password));
	if (r < 0)
		x->fault = r;
	return r > 0 ? GSASL_OK : GSASL_AUTHENTICATION_ERROR;
}

static int
callback(Gsasl *gsasl, Gsasl_session *session, Gsasl_property property)
{
	struct auth_exchange *x = gsasl_callback_hook_get(gsasl);

	switch (property) {
	case GSASL_SCRAM_ITER:
	case GSASL_SCRAM_SALT:
	case GSASL_SCRAM_STOREDKEY:
	case GSASL_SCRAM_SERVERKEY:
		return give_scram(x, session, property);
	case GSASL_CB_TLS_EXPORTER:
		if (!x->binding)
			return GSASL_NO_CALLBACK;
		return gsasl_property_set(session, property, x->binding);
	case GSASL_VALIDATE_SIMPLE:
		return validate_password(x, session);
	default:
		return GSASL_NO_CALLBACK;
	}
}

int
auth_sasl_start(struct auth_exchange *x)
{
	int r;

	if (auth_mechanism_find(x->config, x->peer, "SCRAM-SHA-256-PLUS")) {
		r = pki_base64_encode(
			x->peer->exporter, x->peer->exporter_len, &x->binding);
		if (r < 0)
			return r;
	}
	if (gsasl_init(&x->gsasl) != GSASL_OK)
		return auth_gsasl_available() ? -ENOMEM : -ELIBACC;
	gsasl_callback_set(x->gsasl, callback);
	gsasl_callback_hook_set(x->gsasl, x);
	switch (gsasl_server_start(x->gsasl, x->mechanism->name, &x->session)) {
	case GSASL_OK:
		return 0;
	case GSASL_MALLOC_ERROR:
		return -ENOMEM;
	default:
		return -ENOTSUP;
	}
}

void
auth_sasl_end(struct auth_exchange *x)
{
	static const Gsasl_property SECRETS[] = { GSASL_PASSWORD, GSASL_SCRAM_STOREDKEY,
		GSASL_SCRAM_SERVERKEY, GSASL_SCRAM_SALTED_PASSWORD,
		GSASL_CB_TLS_EXPORTER };

	if (x->session) {
		for (size_t i = 0; i < sizeof(SECRETS) / sizeof(SECRETS[0]); i++)
			property_wipe(x->session, SECRETS[i]);
		gsasl_finish(x->session);
	}
	if (x->gsasl)
		gsasl_done(x->gsasl);
	x->session = NULL;
	x->gsasl = NULL;
}

/* An authorization identity must be the user, too (RFC 4616, RFC 5802 section 5.1). */
static bool
is_other_identity(const struct auth_exchange *x)
{
	const char *authzid = gsasl_property_fast(x->session, GSASL_AUTHZID);
	char name[AUTH_NAME_SIZE];

	if (!authzid || !*authzid)
		return false;
	if (auth_name_read(x->config, authzid, strlen(authzid), name) < 0)
		return true;
	return strcmp(name, x->account.name) != 0;
}

static enum auth_verdict
finish(struct auth_exchange *x, const char *output, size_t output_len)
{
	enum auth_verdict verdict;

	if (!x->loaded) {
		auth_exchange_because(x, "the mechanism named no user");
		return AUTH_WRONG;
	}
	verdict = auth_exchange_judge(x, true);
	if (verdict == AUTH_DONE && is_other_identity(x)) {
		auth_exchange_because(x, "asked to act as another user");
		verdict = AUTH_WRONG;
	}
	if (verdict != AUTH_DONE)
		return verdict;
	if (output_len == 0)
		return auth_exchange_done(x);
	/* The server's last words go out as a challenge (RFC 4954 section 4). */
	x->state = AUTH_STATE_LAST;
	auth_exchange_because(x, "password right");
	return auth_exchange_ask(x, output, output_len);
}

static enum auth_verdict
fail(struct auth_exchange *x, int rc)
{
	switch (rc) {
	case GSASL_AUTHENTICATION_ERROR:
		if (!x->loaded)
			auth_exchange_because(x, "channel binding refused");
		else if (auth_exchange_judge(x, false) == AUTH_WRONG &&
			 x->account.password && x->mechanism->binding)
			auth_exchange_because(x, "wrong password or channel binding");
		return AUTH_WRONG;
	case GSASL_MALLOC_ERROR:
	case GSASL_CRYPTO_ERROR:
		auth_exchange_because(x, "libgsasl: %s", gsasl_strerror(rc));
		return AUTH_TEMPORARY;
	case GSASL_MECHANISM_PARSE_ERROR:
	case GSASL_MECHANISM_CALLED_TOO_MANY_TIMES:
	case GSASL_BASE64_ERROR:
		auth_exchange_because(
			x, "%s: %s", x->mechanism->name, gsasl_strerror(rc));
		return AUTH_BROKEN;
	default:
		auth_exchange_because(
			x, "%s: %s", x->mechanism->name, gsasl_strerror(rc));
		return AUTH_WRONG;
	}
}

static enum auth_verdict
step(struct auth_exchange *x, const char *text, size_t len)
{
	char *output = NULL;
	size_t output_len = 0;
	enum auth_verdict verdict;
	int rc = gsasl_step(x->session, text, len, &output, &output_len);

	if (x->fault < 0) {
		verdict = auth_exchange_fault(x, x->fault);
	} else if (rc == GSASL_OK) {
		verdict = finish(x, output, output_len);
	} else if (rc == GSASL_NEEDS_MORE) {
		auth_exchange_because(x, "%s has begun", x->mechanism->name);
		verdict = auth_exchange_ask(x, output, output_len);
	} else {
		verdict = fail(x, rc);
	}
	gsasl_free(output);
	return verdict;
}

enum auth_verdict
auth_sasl_step(struct auth_exchange *x, const char *text, size_t len)
{
	enum auth_verdict verdict;
	bool first = x->state == AUTH_STATE_START;

	if (x->state == AUTH_STATE_LAST) {
		if (text && len == 0)
			return auth_exchange_done(x);
		auth_exchange_because(x, "an answer where none was asked for");
		return AUTH_BROKEN;
	}
	x->state = AUTH_STATE_RUNNING;
	if (first && (!text || x->mechanism->server_first)) {
		verdict = step(x, "", 0);
		if (verdict != AUTH_CHALLENGE || !text)
			return verdict;
		buffer_wipe(&x->text);
	}
	if (!text || (len == 0 && !x->mechanism->server_first)) {
		auth_exchange_because(x, "an empty answer");
		return AUTH_BROKEN;
	}
	return step(x, text, len);
}
