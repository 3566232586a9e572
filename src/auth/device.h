// SPDX-License-Identifier: ISC
/*
 * Devices: keys that the administrator, a token or a window has made those of a user. A
 * key that is a device logs in its user and nobody else, whatever a certificate around it
 * says, and needs no CA.
 */
#ifndef AUTH_DEVICE_H
#define AUTH_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/label.h"
#include "auth/name.h"
#include "auth/store.h"
#include "auth/update.h"
#include "pki/identity.h"

#define AUTH_NEVER INT64_MAX

struct auth_device {
	char user[AUTH_NAME_SIZE];
	char label[AUTH_LABEL_SIZE]; /* "" for none */
	bool revoked;
	bool used;       /* its first use is written down */
	int64_t expires; /* seconds since 1970, or AUTH_NEVER */
};

enum auth_standing {
	AUTH_STANDING_GOOD,
	AUTH_STANDING_REVOKED,
	AUTH_STANDING_EXPIRED,
	AUTH_STANDING_LOCKED, /* its user is */
	AUTH_STANDING_ORPHAN, /* its user is not in the store */
	AUTH_STANDING_GONE,   /* it was a device, and is none any more */
};

/* A word for the log. */
const char *auth_standing_name(enum auth_standing standing);

/* 0 or -EBADMSG. */
int auth_device_of_line(const char *line, size_t len, struct auth_device *ret);

/* How a user of an open store stands: well, locked, or not there. 0 with the user's line,
 * if there is one, in *ret_line, or a negative errno. */
int auth_user_stands(struct auth_store *s, const char *user, struct buffer *ret_line,
	enum auth_standing *ret);

/* Looks for the device with that key in an open store, and says how it stands now. 1 with
 * *ret and *ret_standing, 0 where the key is no device; -EBADMSG where its line or that
 * of its user is damaged: then nobody may say that it is in order. Or another negative
 * errno.
 */
int auth_device_find(struct auth_store *s, const uint8_t pin[PKI_PIN_SIZE], int64_t now,
	struct auth_device *ret, enum auth_standing *ret_standing);

/* How a key stands now that was a device when its peer came, or was none. One that was
 * none, and is none, is good. 0 with *ret, or a negative errno. */
int auth_device_stands(struct auth_store *s, const uint8_t pin[PKI_PIN_SIZE], bool device,
	enum auth_standing *ret);

/* The same, and whether the store lets it send as address: that address is among the
 * senders of the device, if it lists any. address is "local@domain" in any case, or ""
 * for the null reverse-path. 1 or 0, each with *ret_standing, or a negative errno. */
int auth_device_may_send(struct auth_store *s, const uint8_t pin[PKI_PIN_SIZE],
	bool device, const char *address, enum auth_standing *ret_standing);

/* Makes a key the device of a user: label may be "". 0, -EEXIST where the key is a device
 * already, or another negative errno. */
int auth_device_put(struct auth_update *u, const uint8_t pin[PKI_PIN_SIZE],
	const char *user, const char *label);

/* Writes down in the store that the device, which was never used, is now; all of the
 * store is written for that, and its lock waited for up to wait milliseconds. 0 or a
 * negative errno. */
int auth_device_note_first_use(
	const char *store, const uint8_t pin[PKI_PIN_SIZE], unsigned wait);

#endif
