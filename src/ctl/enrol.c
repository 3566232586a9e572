// SPDX-License-Identifier: ISC
/*
 * posternctl enrol open, close and token. A token's text is wiped once it is printed.
 */
#include "ctl/enrol.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "auth/stamp.h"
#include "auth/token.h"
#include "auth/window.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/report.h"
#include "ctl/user.h"
#include "pki/describe.h"
#include "pki/file.h"
#include "pki/identity.h"

enum { SERVER_FILE_MAX = 256 * 1024 };

/* The window that the options mean: 0, or an exit status. */
static int
read_name(const struct config *config, const char *word, char ret[AUTH_NAME_SIZE])
{
	if (word)
		return ctl_user_name(config, word, ret);
	memcpy(ret, AUTH_WINDOW_ANYBODY, sizeof(AUTH_WINDOW_ANYBODY));
	return EX_OK;
}

int
ctl_enrol_open(const struct config *config, const struct ctl_options *o)
{
	CLEANUP(auth_update_cleanup) struct auth_update *u = NULL;
	int64_t now = auth_now();
	struct auth_window w = { .until = now + o->for_seconds, .uses = o->uses };
	int r, status;

	if (config->enrol != CONFIG_ENROL_WINDOW)
		return ctl_fail(EX_CONFIG,
			"a window opens nothing unless the configuration says `enrol = "
			"window'");
	status = read_name(config, o->window_name, w.name);
	if (status != EX_OK)
		return status;
	r = auth_update_begin(config->users, AUTH_WAIT_COMMAND, &u);
	if (r == 0)
		r = auth_window_tidy(u, NULL, now, NULL);
	if (r == 0)
		r = auth_window_put(u, &w);
	if (r == 0)
		r = auth_update_commit(u);
	return r < 0 ? ctl_store_fail(config, r) : EX_OK;
}

/* Windows and tokens: of that name, or without one all of them. */
int
ctl_enrol_close(const struct config *config, const struct ctl_options *o)
{
	CLEANUP(auth_update_cleanup) struct auth_update *u = NULL;
	char name[AUTH_NAME_SIZE] = "";
	size_t closed = 0, withdrawn = 0;
	int r, status = EX_OK;

	if (o->window_name)
		status = ctl_user_name(config, o->window_name, name);
	if (status != EX_OK)
		return status;
	r = auth_update_begin(config->users, AUTH_WAIT_COMMAND, &u);
	if (r == 0)
		r = auth_window_tidy(u, name, auth_now(), &closed);
	if (r == 0)
		r = auth_token_withdraw(u, name, auth_now(), &withdrawn);
	if (r == 0)
		r = auth_update_commit(u);
	if (r < 0)
		return ctl_store_fail(config, r);
	if (closed + withdrawn == 0)
		ctl_fail(0, "no window or token was open");
	return EX_OK;
}

/* Tells of a user for whom the token is worth less than one may think: 0, or an exit
 * status. */
static int
look_at_user(const struct config *config, struct auth_update *u, const char *user)
{
	CLEANUP(buffer_wipe) struct buffer line = { 0 };
	int r = auth_update_find(u, 'u', user, &line);

	if (r == -EBADMSG)
		return ctl_user_damaged(config, user);
	if (r < 0)
		return ctl_store_fail(config, r);
	if (r == 0)
		ctl_fail(0, "%s: there is no such user yet; the token makes one", user);
	else if (auth_line_has(buffer_data(&line), buffer_len(&line), AUTH_FIELD_LOCKED))
		ctl_fail(0, "%s: is locked, and the token worth nothing until that ends",
			user);
	return EX_OK;
}

static int
store_token(const struct config *config, const struct auth_token *token, const char *text)
{
	CLEANUP(auth_update_cleanup) struct auth_update *u = NULL;
	int status, r = auth_update_begin(config->users, AUTH_WAIT_COMMAND, &u);

	if (r < 0)
		return ctl_store_fail(config, r);
	status = look_at_user(config, u, token->user);
	if (status != EX_OK)
		return status;
	r = auth_token_put(u, text, token);
	if (r == 0)
		r = auth_token_tidy(u, auth_now());
	if (r == 0)
		r = auth_update_commit(u);
	return r < 0 ? ctl_store_fail(config, r) : EX_OK;
}

static int
read_token(
	const struct config *config, const struct ctl_options *o, struct auth_token *ret)
{
	char coded[AUTH_LABEL_CODED_SIZE];

	if (config->enrol == CONFIG_ENROL_OFF)
		return ctl_fail(EX_CONFIG,
			"a token is worth nothing while the configuration says `enrol = "
			"off'");
	if (o->label && auth_label_code(o->label, coded) < 0)
		return ctl_fail(EX_DATAERR,
			"--label: at most %d printable characters of ASCII are expected, "
			"no blank at an end, and not a pin",
			AUTH_LABEL_MAX);
	ret->expires = auth_now() + o->for_seconds;
	snprintf(ret->label, sizeof(ret->label), "%s", o->label ? o->label : "");
	return ctl_user_name(config, o->name, ret->user);
}

/* The pin by which a machine is to know the server: that of the CA which the server shows
 * behind its certificate, if it does, or else its own. 0 or a negative errno. */
static int
server_pin(const struct config *config, char ret[PKI_PIN_HEX])
{
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	CLEANUP(pki_chain_clear) struct pki_chain chain = { .n = 0 };
	CLEANUP(pki_identity_clear) struct pki_identity identity = { 0 };
	const struct buffer *last;
	int r = pki_file_read(AT_FDCWD, config->tls_cert, SERVER_FILE_MAX, &pem);

	if (r == 0)
		r = pki_chain_read(buffer_data(&pem), buffer_len(&pem), &chain);
	if (r < 0)
		return r;
	last = &chain.der[chain.n - 1];
	r = pki_identity_read(buffer_data(last), buffer_len(last), &identity);
	if (r == 0)
		text_hex(identity.pin, PKI_PIN_SIZE, ret);
	return r;
}

/* What is to be typed on the machine, but for the token, which is shown once. */
static void
tell_how(const struct config *config)
{
	char pin[PKI_PIN_HEX];

	if (config->tls != CONFIG_TLS_OFF && server_pin(config, pin) == 0)
		fprintf(stderr,
			"On the machine: postern enrol%s %s --ca-pin %s --token TOKEN\n",
			config->tls == CONFIG_TLS_STARTTLS ? " --starttls" : "",
			config->hostname, pin);
}

int
ctl_enrol_token(const struct config *config, const struct ctl_options *o)
{
	struct auth_token token = { .expires = 0 };
	char text[AUTH_TOKEN_SIZE];
	int r, status = read_token(config, o, &token);

	if (status != EX_OK)
		return status;
	r = auth_token_generate(text);
	status = r < 0 ? ctl_fail(EX_TEMPFAIL, "no random numbers: %s", strerror(-r))
		       : store_token(config, &token, text);
	if (status == EX_OK) {
		tell_how(config);
		puts(text);
	}
	explicit_bzero(text, sizeof(text));
	return status;
}
