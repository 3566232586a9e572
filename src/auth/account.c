// SPDX-License-Identifier: ISC
/*
 * Accounts: lines of the store in the form that a login needs. The caller owns the struct
 * and wipes it. Faults: those of reading and writing the store.
 */
#include "auth/account.h"

#include <errno.h>
#include <string.h>

#include "auth/password.h"
#include "auth/stamp.h"
#include "auth/store.h"
#include "auth/update.h"
#include "base/cleanup.h"
#include "base/secret.h"
#include "base/text.h"

int
auth_account_read(const char *line, size_t len, struct auth_account *ret)
{
	const char *value;
	size_t value_len;
	int r;

	if (!auth_line_is_whole(line, len))
		return -EBADMSG;
	r = auth_line_credentials(line, len, &ret->credentials);
	if (r < 0)
		return r;
	ret->known = true;
	ret->password = r > 0;
	ret->locked = auth_line_has(line, len, AUTH_FIELD_LOCKED);
	ret->logged_in = auth_line_has(line, len, AUTH_FIELD_FIRST_LOGIN);
	ret->enrolled = auth_line_get(
				line, len, AUTH_FIELD_ENROLLED_BY, &value, &value_len) &&
			text_unhex(value, value_len, ret->enrolled_by, PKI_PIN_SIZE) == 0;
	return 0;
}

/* Credentials that answer as those of a user with a generated password do. */
static int
make_decoy(const struct auth_store *s, const char *text, size_t len,
	struct auth_credentials *ret)
{
	int r = auth_store_salt(s, text, len, ret->salt);

	ret->salt_len = AUTH_SALT_SIZE;
	ret->iterations = AUTH_GENERATED_ITERATIONS;
	if (r == 0)
		r = pki_random(ret->stored, sizeof(ret->stored));
	if (r == 0)
		r = pki_random(ret->server, sizeof(ret->server));
	return r;
}

static int
look_up(struct auth_store *s, struct auth_account *ret)
{
	CLEANUP(buffer_wipe) struct buffer line = { 0 };
	int r = auth_store_find(s, 'u', ret->name, &line);

	ret->damage = auth_store_damage(s);
	return r <= 0 ? r : auth_account_read(buffer_data(&line), buffer_len(&line), ret);
}

int
auth_account_load(const struct config *config, const char *text, size_t len,
	struct auth_account *ret)
{
	CLEANUP(auth_store_cleanup) struct auth_store *s = NULL;
	int r;

	memset(ret, 0, sizeof(*ret));
	r = auth_store_open(config->users, &s);
	if (r < 0)
		return r;
	if (auth_name_read(config, text, len, ret->name) == 0) {
		text = ret->name;
		len = strlen(ret->name);
	}
	/* Made for everybody, so that it costs as much to know a user as not to. */
	r = make_decoy(s, text, len, &ret->credentials);
	return r < 0 || !*ret->name ? r : look_up(s, ret);
}

void
auth_account_clear(struct auth_account *a)
{
	explicit_bzero(a, sizeof(*a));
}

static bool
is_same_password(const struct auth_credentials *a, const struct auth_credentials *b)
{
	return a->salt_len == b->salt_len && a->iterations == b->iterations &&
	       secret_equal(a->salt, b->salt, a->salt_len) &&
	       secret_equal(a->stored, b->stored, sizeof(a->stored));
}

int
auth_account_note_login(
	const struct config *config, const struct auth_account *a, bool by_password)
{
	CLEANUP(auth_update_cleanup) struct auth_update *u = NULL;
	CLEANUP(buffer_wipe) struct buffer line = { 0 };
	struct auth_account now = { 0 };
	char stamp[AUTH_STAMP_SIZE];
	bool due;
	int r;

	if (a->logged_in)
		return 0;
	r = auth_update_begin(config->users, AUTH_WAIT_LOGIN, &u);
	if (r < 0)
		return r;
	r = auth_update_find(u, 'u', a->name, &line);
	if (r <= 0)
		return r;
	r = auth_account_read(buffer_data(&line), buffer_len(&line), &now);
	due = r == 0 && !now.logged_in &&
	      (!by_password || (now.password && is_same_password(&now.credentials,
							&a->credentials)));
	auth_account_clear(&now);
	if (!due)
		return r;
	auth_stamp_now(stamp);
	r = auth_line_set(&line, AUTH_FIELD_FIRST_LOGIN, stamp);
	if (r == 0)
		r = auth_update_put(u, buffer_data(&line), buffer_len(&line));
	return r < 0 ? r : auth_update_commit(u);
}
