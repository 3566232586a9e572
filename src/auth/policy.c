// SPDX-License-Identifier: ISC
/*
 * What users may do. The store is opened for each question and closed again; a user whose
 * own line is damaged is there, but may do nothing that the line would have to say.
 */
#include "auth/policy.h"

#include <errno.h>
#include <string.h>

#include "auth/device.h"
#include "auth/name.h"
#include "auth/store.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/text.h"

/* As auth_store_find, in the store of the configuration. */
static int
find_user(const struct config *config, const char *name, struct buffer *ret_line)
{
	CLEANUP(auth_store_cleanup) struct auth_store *s = NULL;
	int r = auth_store_open(config->users, &s);

	return r < 0 ? r : auth_store_find(s, 'u', name, ret_line);
}

/* Whether the address is of a served domain; *ret_at is its last "@". */
static bool
is_served(const struct config *config, const char *address, const char **ret_at)
{
	char domain[AUTH_NAME_SIZE];
	const char *at = strrchr(address, '@');
	size_t len = at ? strlen(at + 1) : 0;

	if (len == 0 || at == address || len > AUTH_NAME_MAX)
		return false;
	memcpy(domain, at + 1, len + 1);
	text_lower(domain, len);
	*ret_at = at;
	return config_serves(config, domain);
}

/* The user's own address, or an alias in the user's line. */
static bool
is_own(const struct buffer *line, const char *user, const char *address)
{
	char name[AUTH_NAME_SIZE];

	if (auth_address_read(address, strlen(address), name) < 0)
		return false;
	return strcmp(name, user) == 0 ||
	       auth_line_has_alias(buffer_data(line), buffer_len(line), name);
}

static bool
is_sender(const struct config *config, const struct buffer *line, const char *user,
	const char *address)
{
	const char *at;

	/* The null reverse-path is nobody's address: a notification (RFC 5321
	 * section 4.5.5) may have it whoever sends it. */
	if (!*address)
		return true;
	switch (config->senders) {
	case CONFIG_SENDERS_ANY:
		return true;
	case CONFIG_SENDERS_DOMAIN:
		return is_served(config, address, &at);
	case CONFIG_SENDERS_OWN:
		return is_own(line, user, address);
	}
	return false;
}

int
auth_peer_stands(const struct config *config, const struct auth_peer *peer,
	enum auth_standing *ret)
{
	CLEANUP(auth_store_cleanup) struct auth_store *s = NULL;
	int r;

	*ret = AUTH_STANDING_GOOD;
	if (!peer->pin)
		return 0;
	r = auth_store_open(config->users, &s);
	return r < 0 ? r : auth_device_stands(s, peer->pin, peer->device, ret);
}

/* 1 or 0 with *ret_standing, or a negative errno. */
static int
judge_sender(struct auth_store *s, const struct config *config, const char *user,
	const char *address, enum auth_standing *ret_standing)
{
	CLEANUP(buffer_wipe) struct buffer line = { 0 };
	int r = auth_user_stands(s, user, &line, ret_standing);

	if (r < 0)
		return r;
	return *ret_standing == AUTH_STANDING_GOOD &&
	       is_sender(config, &line, user, address);
}

int
auth_may_send_as(const struct config *config, const struct auth_peer *peer,
	const char *user, const char *address, enum auth_standing *ret_standing)
{
	CLEANUP(auth_store_cleanup) struct auth_store *s = NULL;
	int r = auth_store_open(config->users, &s);

	*ret_standing = AUTH_STANDING_GOOD;
	if (r == 0 && peer->pin)
		r = auth_device_may_send(
			s, peer->pin, peer->device, address, ret_standing);
	else if (r == 0)
		r = 1;
	if (r < 0 || *ret_standing != AUTH_STANDING_GOOD)
		return r;
	return r > 0 ? judge_sender(s, config, user, address, ret_standing) : 0;
}

int
auth_may_receive(const struct config *config, const char *address)
{
	CLEANUP(buffer_wipe) struct buffer line = { 0 };
	char name[AUTH_NAME_SIZE];
	const char *at;
	int r;

	if (!is_served(config, address, &at))
		return 0;
	if (config->recipients == CONFIG_RECIPIENTS_ANY)
		return 1;
	if (text_equal(address, (size_t)(at - address), "postmaster"))
		return 1;
	if (auth_address_read(address, strlen(address), name) < 0)
		return 0;
	r = find_user(config, name, &line);
	return r == -EBADMSG ? 1 : r;
}

int
auth_may_enter(struct auth_store *s, const struct config *config, char *const *names,
	size_t n_names)
{
	CLEANUP(buffer_wipe) struct buffer line = { 0 };
	char name[AUTH_NAME_SIZE];
	size_t locked = 0;
	int r;

	for (size_t i = 0; i < n_names; i++) {
		if (auth_name_read(config, names[i], strlen(names[i]), name) < 0)
			continue;
		r = auth_store_find(s, 'u', name, &line);
		if (r < 0 && r != -EBADMSG)
			return r;
		/* Whose line is damaged does not log in, and is told so there. */
		if (r <= 0 || !auth_line_has(buffer_data(&line), buffer_len(&line),
				      AUTH_FIELD_LOCKED))
			return 1;
		locked++;
	}
	return locked == 0;
}
