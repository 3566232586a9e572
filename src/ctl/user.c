// SPDX-License-Identifier: ISC
/*
 * Commands that change one user: add, passwd, lock, unlock, del. Passwords are read
 * and their keys computed before the store is locked.
 */
#include "ctl/user.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "auth/password.h"
#include "auth/removal.h"
#include "auth/stamp.h"
#include "base/cleanup.h"
#include "base/secret.h"
#include "ctl/prompt.h"
#include "ctl/report.h"

static int
derive(const char *password, unsigned iterations, struct auth_credentials *ret)
{
	int r = auth_password_derive(password, iterations, ret);

	if (r == -EINVAL)
		return ctl_fail(EX_DATAERR,
			"the password is empty, longer than %d bytes, or has characters "
			"that SASLprep (RFC 4013) forbids, such as control characters, "
			"or does not know, such as emoji",
			AUTH_PASSWORD_MAX);
	if (r == -ELIBACC)
		return ctl_fail(EX_UNAVAILABLE, "libgsasl cannot be loaded");
	return r < 0 ? ctl_fail(EX_TEMPFAIL, "%s", strerror(-r)) : EX_OK;
}

/* The credentials that the options ask for; *ret_generated is the password, or "". */
static int
get_credentials(const struct config *config, const struct ctl_options *o,
	const char *name, struct auth_credentials *ret,
	char ret_generated[AUTH_PASSWORD_SIZE])
{
	CLEANUP_SECRET char *password = NULL;
	int r;

	*ret_generated = '\0';
	if (o->generate) {
		r = auth_password_generate(ret_generated);
		if (r < 0)
			return ctl_fail(
				EX_TEMPFAIL, "no random numbers: %s", strerror(-r));
		return derive(ret_generated, AUTH_GENERATED_ITERATIONS, ret);
	}
	r = o->password_stdin ? ctl_password_from_stdin(&password)
			      : ctl_password_from_terminal(name, &password);
	if (r != EX_OK)
		return r;
	return derive(password, config->password_iterations, ret);
}

/* c is NULL for a user without a password. */
static int
store_new(const struct config *config, const char *name, const struct auth_credentials *c)
{
	struct ctl_change change = { 0 };
	char stamp[AUTH_STAMP_SIZE];
	int status,
		r = auth_update_begin(config->users, AUTH_WAIT_COMMAND, &change.update);

	if (r < 0)
		return ctl_store_fail(config, r);
	r = auth_update_find(change.update, 'u', name, &change.line);
	if (r == 1)
		status = ctl_fail(EX_DATAERR,
			"%s: there is such a user already; `posternctl user passwd' sets "
			"a "
			"new password",
			name);
	else if (r == -EBADMSG)
		status = ctl_user_damaged(config, name);
	else {
		auth_stamp_now(stamp);
		if (r == 0)
			r = buffer_printf(&change.line, "u %s created=%s", name, stamp);
		if (r == 0 && c)
			r = auth_line_set_credentials(&change.line, c);
		status = r < 0 ? ctl_store_fail(config, r)
			       : ctl_change_commit(config, &change);
	}
	ctl_change_end(&change);
	return status;
}

static int
store_password(
	const struct config *config, const char *name, const struct auth_credentials *c)
{
	struct ctl_change change = { 0 };
	int r, status = ctl_change_begin(config, name, &change);

	if (status == EX_OK) {
		r = ctl_user_set_password(&change.line, c);
		status = r < 0 ? ctl_store_fail(config, r)
			       : ctl_change_commit(config, &change);
	}
	ctl_change_end(&change);
	return status;
}

static int
set_password(const struct config *config, const struct ctl_options *o, const char *name,
	int (*store)(const struct config *config, const char *name,
		const struct auth_credentials *c))
{
	struct auth_credentials c;
	char generated[AUTH_PASSWORD_SIZE];
	int status = get_credentials(config, o, name, &c, generated);

	if (status == EX_OK)
		status = store(config, name, &c);
	if (status == EX_OK && *generated)
		puts(generated);
	explicit_bzero(&c, sizeof(c));
	explicit_bzero(generated, sizeof(generated));
	return status;
}

int
ctl_user_add(const struct config *config, const struct ctl_options *o)
{
	char name[AUTH_NAME_SIZE];
	int status = ctl_user_name(config, o->name, name);

	if (status != EX_OK)
		return status;
	return o->no_password ? store_new(config, name, NULL)
			      : set_password(config, o, name, store_new);
}

int
ctl_user_passwd(const struct config *config, const struct ctl_options *o)
{
	char name[AUTH_NAME_SIZE];
	int status = ctl_user_name(config, o->name, name);

	return status != EX_OK ? status : set_password(config, o, name, store_password);
}

/* Sets a field of the user, or drops it. */
static int
set_field(const struct config *config, const char *word, const char *field,
	const char *value)
{
	struct ctl_change change = { 0 };
	int r, status = ctl_change_begin(config, word, &change);

	if (status == EX_OK) {
		r = auth_line_set(&change.line, field, value);
		status = r < 0 ? ctl_store_fail(config, r)
			       : ctl_change_commit(config, &change);
	}
	ctl_change_end(&change);
	return status;
}

int
ctl_user_lock(const struct config *config, const struct ctl_options *o)
{
	char stamp[AUTH_STAMP_SIZE];

	auth_stamp_now(stamp);
	return set_field(config, o->name, AUTH_FIELD_LOCKED, stamp);
}

int
ctl_user_unlock(const struct config *config, const struct ctl_options *o)
{
	return set_field(config, o->name, AUTH_FIELD_LOCKED, NULL);
}

/* Without a user of that name the certificates that name it are nobody's, and may make
 * one. */
static void
warn_of_certificates(const struct config *config, const char *name)
{
	bool enrols = config->enrol == CONFIG_ENROL_CERTIFICATE ||
		      config->enrol == CONFIG_ENROL_ANY;

	if (enrols && config->tls != CONFIG_TLS_OFF &&
		(config->tls_ca || config->tls_pins))
		ctl_fail(0,
			"the certificates that name %s still get in and may enrol again: "
			"lock the user instead, or revoke them",
			name);
}

/* A damaged line can be removed as well. */
int
ctl_user_del(const struct config *config, const struct ctl_options *o)
{
	struct ctl_change change = { 0 };
	int r, status = ctl_user_name(config, o->name, change.name);

	if (status != EX_OK)
		return status;
	r = auth_update_begin(config->users, AUTH_WAIT_COMMAND, &change.update);
	if (r < 0)
		return ctl_store_fail(config, r);
	r = auth_update_find(change.update, 'u', change.name, &change.line);
	if (r == 0) {
		status = ctl_fail(EX_NOUSER, "%s: there is no such user", change.name);
	} else if (r == 1 || r == -EBADMSG) {
		r = auth_user_remove(
			change.update, config->users, change.name, auth_now());
		if (r == 0)
			r = auth_update_commit(change.update);
	}
	if (r < 0)
		status = ctl_store_fail(config, r);
	else if (status == EX_OK)
		warn_of_certificates(config, change.name);
	ctl_change_end(&change);
	return status;
}
