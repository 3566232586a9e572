// SPDX-License-Identifier: ISC
/*
 * Changing one user's line: the steps that all commands share. A change owns the update
 * and the line.
 */
#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include "auth/stamp.h"
#include "auth/store.h"
#include "base/text.h"
#include "ctl/report.h"
#include "ctl/user.h"

int
ctl_user_name(const struct config *config, const char *word, char ret[AUTH_NAME_SIZE])
{
	struct buffer b = { 0 };
	int r = auth_name_read(config, word, strlen(word), ret);

	if (r == 0)
		return EX_OK;
	/* What was typed may hold anything; a little of it is enough. */
	text_escape(&b, word, strnlen(word, AUTH_LOCAL_MAX));
	if (r == -EADDRNOTAVAIL)
		ctl_fail(0, "`%s': its domain is not served; expected one of `domains'",
			buffer_string(&b));
	else
		ctl_fail(0,
			"`%s' is no name of a user: at most %d letters, digits and . _ + "
			"- "
			"= are expected, and perhaps @DOMAIN",
			buffer_string(&b), AUTH_LOCAL_MAX);
	buffer_free(&b);
	return EX_DATAERR;
}

int
ctl_user_damaged(const struct config *config, const char *name)
{
	struct auth_store *s = NULL;
	struct buffer line = { 0 };
	size_t number = 0;

	if (auth_store_open(config->users, &s) == 0 &&
		auth_store_find(s, 'u', name, &line) == -EBADMSG)
		number = auth_store_damage(s);
	auth_store_free(s);
	buffer_wipe(&line);
	return ctl_fail(EX_DATAERR,
		"%s:%zu: damaged line of %s; mend it, or remove it by `posternctl user "
		"del'",
		config->users, number, name);
}

int
ctl_user_set_password(struct buffer *line, const struct auth_credentials *c)
{
	char stamp[AUTH_STAMP_SIZE];
	int r = auth_line_set_credentials(line, c);

	auth_stamp_now(stamp);
	if (r == 0)
		r = auth_line_set(line, AUTH_FIELD_PASSWORD, stamp);
	if (r == 0)
		r = auth_line_set(line, AUTH_FIELD_ENROLLED_BY, NULL);
	return r;
}

int
ctl_change_begin(const struct config *config, const char *word, struct ctl_change *ret)
{
	int r, status = ctl_user_name(config, word, ret->name);

	if (status != EX_OK)
		return status;
	r = auth_update_begin(config->users, AUTH_WAIT_COMMAND, &ret->update);
	if (r < 0)
		return ctl_store_fail(config, r);
	r = auth_update_find(ret->update, 'u', ret->name, &ret->line);
	if (r == -EBADMSG)
		return ctl_user_damaged(config, ret->name);
	if (r < 0)
		return ctl_store_fail(config, r);
	if (r == 0)
		return ctl_fail(EX_NOUSER, "%s: there is no such user", ret->name);
	return EX_OK;
}

int
ctl_change_commit(const struct config *config, struct ctl_change *c)
{
	int r = auth_update_put(c->update, buffer_data(&c->line), buffer_len(&c->line));

	if (r == 0)
		r = auth_update_commit(c->update);
	return r < 0 ? ctl_store_fail(config, r) : EX_OK;
}

void
ctl_change_end(struct ctl_change *c)
{
	auth_update_free(c->update);
	buffer_wipe(&c->line);
	c->update = NULL;
}
