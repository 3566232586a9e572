// SPDX-License-Identifier: ISC
/*
 * Devices as lines of the store. Nothing is kept between calls. Faults: those of the
 * store. A damaged line is a fault, never a device without what the line would say.
 */
#include "auth/device.h"

#include <errno.h>
#include <string.h>

#include "auth/stamp.h"
#include "base/cleanup.h"
#include "base/text.h"

/* How the null reverse-path stands in a list of senders. */
static const char NULL_SENDER[] = "<>";

const char *
auth_standing_name(enum auth_standing standing)
{
	switch (standing) {
	case AUTH_STANDING_GOOD:
		return "good";
	case AUTH_STANDING_REVOKED:
		return "device-revoked";
	case AUTH_STANDING_EXPIRED:
		return "device-expired";
	case AUTH_STANDING_LOCKED:
		return "user-locked";
	case AUTH_STANDING_ORPHAN:
		return "device-without-user";
	case AUTH_STANDING_GONE:
		return "device-removed";
	}
	return "unknown";
}

int
auth_device_of_line(const char *line, size_t len, struct auth_device *ret)
{
	struct auth_device d = { .expires = AUTH_NEVER };
	const char *value;
	size_t value_len;

	if (!auth_line_is_whole(line, len) || line[0] != 'd' ||
		!auth_line_user(line, len, &value, &value_len))
		return -EBADMSG;
	memcpy(d.user, value, value_len);
	d.revoked = auth_line_has(line, len, AUTH_FIELD_REVOKED);
	d.used = auth_line_has(line, len, AUTH_FIELD_FIRST_USE);
	if (auth_line_time(line, len, AUTH_FIELD_EXPIRES, &d.expires) < 0)
		return -EBADMSG;
	/* A label decides nothing: one that cannot be read is none. */
	if (!auth_line_get(line, len, AUTH_FIELD_LABEL, &value, &value_len) ||
		auth_label_read(value, value_len, d.label) < 0)
		*d.label = '\0';
	*ret = d;
	return 0;
}

int
auth_user_stands(struct auth_store *s, const char *user, struct buffer *ret_line,
	enum auth_standing *ret)
{
	int r = auth_store_find(s, 'u', user, ret_line);

	if (r < 0)
		return r;
	*ret = AUTH_STANDING_GOOD;
	if (r == 0)
		*ret = AUTH_STANDING_ORPHAN;
	else if (auth_line_has(
			 buffer_data(ret_line), buffer_len(ret_line), AUTH_FIELD_LOCKED))
		*ret = AUTH_STANDING_LOCKED;
	return 0;
}

/* As auth_device_find, with the device's line. */
static int
find(struct auth_store *s, const uint8_t pin[PKI_PIN_SIZE], int64_t now,
	struct buffer *ret_line, struct auth_device *ret,
	enum auth_standing *ret_standing)
{
	CLEANUP(buffer_wipe) struct buffer user_line = { 0 };
	struct auth_device d;
	enum auth_standing standing = AUTH_STANDING_GOOD;
	char word[PKI_PIN_HEX];
	int r;

	text_hex(pin, PKI_PIN_SIZE, word);
	r = auth_store_find(s, 'd', word, ret_line);
	if (r <= 0)
		return r;
	r = auth_device_of_line(buffer_data(ret_line), buffer_len(ret_line), &d);
	if (r < 0)
		return r;
	if (d.revoked)
		standing = AUTH_STANDING_REVOKED;
	else if (d.expires <= now)
		standing = AUTH_STANDING_EXPIRED;
	else
		r = auth_user_stands(s, d.user, &user_line, &standing);
	if (r < 0)
		return r;
	*ret = d;
	*ret_standing = standing;
	return 1;
}

int
auth_device_find(struct auth_store *s, const uint8_t pin[PKI_PIN_SIZE], int64_t now,
	struct auth_device *ret, enum auth_standing *ret_standing)
{
	CLEANUP(buffer_free) struct buffer line = { 0 };

	return find(s, pin, now, &line, ret, ret_standing);
}

/* As auth_device_find, but that a key that was no device may be none. */
static int
find_again(struct auth_store *s, const uint8_t pin[PKI_PIN_SIZE], bool device,
	struct buffer *ret_line, enum auth_standing *ret)
{
	struct auth_device d;
	int r = find(s, pin, auth_now(), ret_line, &d, ret);

	if (r == 0)
		*ret = device ? AUTH_STANDING_GONE : AUTH_STANDING_GOOD;
	return r;
}

int
auth_device_stands(struct auth_store *s, const uint8_t pin[PKI_PIN_SIZE], bool device,
	enum auth_standing *ret)
{
	CLEANUP(buffer_free) struct buffer line = { 0 };
	int r = find_again(s, pin, device, &line, ret);

	return r < 0 ? r : 0;
}

static bool
lists_sender(const struct buffer *line, const char *address)
{
	const char *data = buffer_data(line);
	size_t len = buffer_len(line);
	char name[AUTH_NAME_SIZE];

	if (!auth_line_has(data, len, AUTH_FIELD_SENDERS))
		return true;
	if (!*address)
		return auth_line_lists(data, len, AUTH_FIELD_SENDERS, NULL_SENDER);
	return auth_address_read(address, strlen(address), name) == 0 &&
	       auth_line_lists(data, len, AUTH_FIELD_SENDERS, name);
}

int
auth_device_may_send(struct auth_store *s, const uint8_t pin[PKI_PIN_SIZE], bool device,
	const char *address, enum auth_standing *ret_standing)
{
	CLEANUP(buffer_free) struct buffer line = { 0 };
	int r = find_again(s, pin, device, &line, ret_standing);

	if (r < 0)
		return r;
	if (*ret_standing != AUTH_STANDING_GOOD)
		return 0;
	return r == 0 || lists_sender(&line, address);
}

int
auth_device_put(struct auth_update *u, const uint8_t pin[PKI_PIN_SIZE], const char *user,
	const char *label)
{
	CLEANUP(buffer_free) struct buffer line = { 0 };
	char word[PKI_PIN_HEX], stamp[AUTH_STAMP_SIZE], coded[AUTH_LABEL_CODED_SIZE];
	int r;

	text_hex(pin, PKI_PIN_SIZE, word);
	r = auth_update_find(u, 'd', word, &line);
	if (r != 0)
		return r > 0 ? -EEXIST : r;
	auth_stamp_now(stamp);
	r = buffer_printf(&line, "d %s %s %s=%s", word, user, AUTH_FIELD_CREATED, stamp);
	if (r == 0 && *label)
		r = auth_label_code(label, coded);
	if (r == 0 && *label)
		r = auth_line_set(&line, AUTH_FIELD_LABEL, coded);
	return r < 0 ? r : auth_update_put(u, buffer_data(&line), buffer_len(&line));
}

int
auth_device_note_first_use(
	const char *store, const uint8_t pin[PKI_PIN_SIZE], unsigned wait)
{
	CLEANUP(auth_update_cleanup) struct auth_update *u = NULL;
	CLEANUP(buffer_free) struct buffer line = { 0 };
	char word[PKI_PIN_HEX], stamp[AUTH_STAMP_SIZE];
	int r = auth_update_begin(store, wait, &u);

	if (r < 0)
		return r;
	text_hex(pin, PKI_PIN_SIZE, word);
	r = auth_update_find(u, 'd', word, &line);
	if (r <= 0 || auth_line_has(buffer_data(&line), buffer_len(&line),
			      AUTH_FIELD_FIRST_USE))
		return r < 0 ? r : 0;
	auth_stamp_now(stamp);
	r = auth_line_set(&line, AUTH_FIELD_FIRST_USE, stamp);
	if (r == 0)
		r = auth_update_put(u, buffer_data(&line), buffer_len(&line));
	return r < 0 ? r : auth_update_commit(u);
}
