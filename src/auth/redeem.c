// SPDX-License-Identifier: ISC
/*
 * Tokens against the store: looked up without a lock first, because strangers ask, then
 * again under it. Text of tokens is wiped. Faults: those of the store.
 */
#include "auth/redeem.h"

#include <errno.h>
#include <string.h>

#include "auth/device.h"
#include "auth/stamp.h"
#include "auth/token.h"
#include "base/cleanup.h"

int
auth_redeem_admits(struct auth_store *s, const struct config *config)
{
	return config->enrol == CONFIG_ENROL_OFF ? 0 : auth_token_any(s, auth_now());
}

/* 1 where there is such a token. */
static int
look_for(const struct config *config, const char *text, struct auth_token *ret)
{
	CLEANUP(auth_store_cleanup) struct auth_store *s = NULL;
	int r = auth_store_open(config->users, &s);

	return r < 0 ? r : auth_token_find(s, text, auth_now(), ret);
}

/* Whether the token's user may have a device; who is not there yet is made, with no
 * password. 1, 0 or a negative errno. */
static int
ready_user(struct auth_update *u, const char *user)
{
	CLEANUP(buffer_wipe) struct buffer line = { 0 };
	char stamp[AUTH_STAMP_SIZE];
	int r = auth_update_find(u, 'u', user, &line);

	if (r < 0)
		return r;
	if (r > 0)
		return !auth_line_has(
			buffer_data(&line), buffer_len(&line), AUTH_FIELD_LOCKED);
	auth_stamp_now(stamp);
	r = buffer_printf(&line, "u %s %s=%s", user, AUTH_FIELD_CREATED, stamp);
	if (r == 0)
		r = auth_update_put(u, buffer_data(&line), buffer_len(&line));
	return r < 0 ? r : 1;
}

/* Everything that is decided and changed under the lock. */
static int
exchange(const struct config *config, const uint8_t pin[PKI_PIN_SIZE], const char *text,
	const char *label, struct auth_token *token, const char **ret_reason)
{
	CLEANUP(auth_update_cleanup) struct auth_update *u = NULL;
	int64_t now = auth_now();
	int r = auth_update_begin(config->users, AUTH_WAIT_SERVICE, &u);

	if (r < 0)
		return r;
	*ret_reason = "the token was used meanwhile";
	r = auth_token_take(u, text, now, token);
	if (r <= 0)
		return r;
	*ret_reason = "the token's user is locked";
	r = ready_user(u, token->user);
	if (r <= 0)
		return r;
	*ret_reason = "the key is a device already";
	r = auth_device_put(u, pin, token->user, *token->label ? token->label : label);
	if (r == -EEXIST)
		return 0;
	if (r == 0)
		r = auth_token_tidy(u, now);
	if (r == 0)
		r = auth_update_commit(u);
	return r < 0 ? r : 1;
}

/* What the peer says beside the token. */
static const char *
judge_words(const struct config *config, const struct auth_redemption *request,
	const char *user, char ret_label[AUTH_LABEL_SIZE])
{
	char name[AUTH_NAME_SIZE];

	*ret_label = '\0';
	if (request->label &&
		auth_label_read(request->label, strlen(request->label), ret_label) < 0)
		return "no label of a device";
	if (request->name &&
		(auth_name_read(config, request->name, strlen(request->name), name) < 0 ||
			strcmp(name, user) != 0))
		return "the token is for another user";
	return NULL;
}

int
auth_redeem(const struct config *config, const uint8_t pin[PKI_PIN_SIZE],
	const struct auth_redemption *request, char ret_user[AUTH_NAME_SIZE],
	const char **ret_reason)
{
	char text[AUTH_TOKEN_SIZE], label[AUTH_LABEL_SIZE];
	struct auth_token token;
	const char *fault;
	int r;

	*ret_reason = "enrolment is off";
	if (config->enrol == CONFIG_ENROL_OFF)
		return 0;
	*ret_reason = "no token";
	if (auth_token_read(request->token, strlen(request->token), text) < 0)
		return 0;
	*ret_reason = "the token is unknown, used or past";
	r = look_for(config, text, &token);
	fault = r > 0 ? judge_words(config, request, token.user, label) : NULL;
	if (fault) {
		*ret_reason = fault;
		r = 0;
	}
	if (r > 0)
		r = exchange(config, pin, text, label, &token, ret_reason);
	explicit_bzero(text, sizeof(text));
	if (r <= 0)
		return r;
	memcpy(ret_user, token.user, sizeof(token.user));
	*ret_reason = "the token is right";
	return 1;
}
