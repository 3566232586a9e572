// SPDX-License-Identifier: ISC
/*
 * Enrolment. Nothing is kept between calls; the password is wiped unless the caller gets
 * it. Faults: those of the store's update.
 */
#include "auth/enrol.h"

#include <errno.h>
#include <string.h>

#include "auth/device.h"
#include "auth/stamp.h"
#include "auth/store.h"
#include "auth/update.h"
#include "auth/window.h"
#include "base/cleanup.h"
#include "base/secret.h"
#include "base/text.h"

static bool
is_named(const struct config *config, const struct auth_peer *peer, const char *name)
{
	return peer->certificate &&
	       auth_name_listed(config, peer->names, peer->n_names, name);
}

static bool
is_window_open(const struct config *config, const char *name, const char **ret_reason)
{
	CLEANUP(auth_store_cleanup) struct auth_store *s = NULL;
	int r = auth_store_open(config->users, &s);

	if (r == 0)
		r = auth_window_find(s, name, auth_now());
	*ret_reason = r > 0    ? "a window of enrolment is open"
		      : r == 0 ? "no window of enrolment is open for that user"
			       : "whether a window is open cannot be read";
	return r > 0;
}

bool
auth_enrol_admits(const struct config *config, const struct auth_peer *peer,
	const char *name, const char **ret_reason)
{
	bool named = is_named(config, peer, name);

	if (config->enrol != CONFIG_ENROL_OFF && config->bind == CONFIG_BIND_USER &&
		peer->device && !named) {
		*ret_reason = "the key is a device of another user";
		return false;
	}
	switch (config->enrol) {
	case CONFIG_ENROL_OFF:
		break;
	case CONFIG_ENROL_WINDOW:
		return is_window_open(config, name, ret_reason);
	case CONFIG_ENROL_ANY:
		*ret_reason = "enrol = any";
		return true;
	case CONFIG_ENROL_CERTIFICATE:
		*ret_reason = named ? "the certificate names the user"
				    : "the certificate does not name the user";
		return named;
	}
	*ret_reason = "enrolment is off";
	return false;
}

bool
auth_enrol_again(const struct auth_peer *peer, const struct auth_account *a)
{
	return a->known && !a->logged_in && !a->locked && a->enrolled && peer->pin &&
	       secret_equal(a->enrolled_by, peer->pin, PKI_PIN_SIZE);
}

/* Leaves in line what the store has of the user, or the beginning of a new line. */
static int
begin_line(struct auth_update *u, const struct auth_peer *peer, const char *name,
	struct buffer *line)
{
	struct auth_account now = { 0 };
	int r = auth_update_find(u, 'u', name, line);

	if (r < 0)
		return r;
	if (r == 0)
		return buffer_printf(line, "u %s", name);
	r = auth_account_read(buffer_data(line), buffer_len(line), &now);
	if (r == 0 && !auth_enrol_again(peer, &now))
		r = -EEXIST;
	auth_account_clear(&now);
	return r;
}

static int
fill_line(struct buffer *line, const struct auth_peer *peer,
	const struct auth_credentials *credentials)
{
	char stamp[AUTH_STAMP_SIZE], pin[PKI_PIN_HEX];
	int r;

	auth_stamp_now(stamp);
	r = auth_line_set_credentials(line, credentials);
	if (r == 0)
		r = auth_line_set(line, AUTH_FIELD_CREATED, stamp);
	if (r < 0 || !peer->pin)
		return r;
	text_hex(peer->pin, PKI_PIN_SIZE, pin);
	return auth_line_set(line, AUTH_FIELD_ENROLLED_BY, pin);
}

/* Where a certificate logs in whom it names alone, one that does not name its user would
 * be of no use to whoever has just enrolled: the key itself is to be the user's. */
static int
bind_key(struct auth_update *u, const struct config *config, const struct auth_peer *peer,
	const char *name)
{
	CLEANUP(buffer_free) struct buffer line = { 0 };
	struct auth_device device;
	char pin[PKI_PIN_HEX];
	int r;

	if (config->bind != CONFIG_BIND_USER || !peer->pin ||
		is_named(config, peer, name))
		return 0;
	text_hex(peer->pin, PKI_PIN_SIZE, pin);
	r = auth_update_find(u, 'd', pin, &line);
	if (r < 0)
		return r;
	if (r == 0)
		return auth_device_put(u, peer->pin, name, "");
	r = auth_device_of_line(buffer_data(&line), buffer_len(&line), &device);
	if (r == 0 && (device.revoked || strcmp(device.user, name) != 0))
		r = -EEXIST;
	return r;
}

static int
use_window(struct auth_update *u, const struct config *config, const char *name)
{
	int r;

	if (config->enrol != CONFIG_ENROL_WINDOW)
		return 0;
	r = auth_window_use(u, name, auth_now());
	return r == 0 ? -ECANCELED : r < 0 ? r : 0;
}

static int
store_user(const struct config *config, const struct auth_peer *peer, const char *name,
	const struct auth_credentials *credentials)
{
	CLEANUP(auth_update_cleanup) struct auth_update *u = NULL;
	CLEANUP(buffer_wipe) struct buffer line = { 0 };
	int r = auth_update_begin(config->users, AUTH_WAIT_SERVICE, &u);

	if (r == 0)
		r = begin_line(u, peer, name, &line);
	if (r == 0)
		r = use_window(u, config, name);
	if (r == 0)
		r = bind_key(u, config, peer, name);
	if (r == 0)
		r = fill_line(&line, peer, credentials);
	if (r == 0)
		r = auth_update_put(u, buffer_data(&line), buffer_len(&line));
	return r < 0 ? r : auth_update_commit(u);
}

int
auth_enrol(const struct config *config, const struct auth_peer *peer, const char *name,
	char ret_password[AUTH_PASSWORD_SIZE])
{
	struct auth_credentials credentials;
	char password[AUTH_PASSWORD_SIZE];
	int r = auth_password_generate(password);

	/* The long computation stands outside the lock. */
	if (r == 0)
		r = auth_password_derive(
			password, AUTH_GENERATED_ITERATIONS, &credentials);
	if (r == 0)
		r = store_user(config, peer, name, &credentials);
	if (r == 0)
		memcpy(ret_password, password, sizeof(password));
	explicit_bzero(password, sizeof(password));
	explicit_bzero(&credentials, sizeof(credentials));
	return r;
}
