// SPDX-License-Identifier: ISC
/*
 * Enrolment by a token: a key that the peer has proved to hold becomes a device of the
 * token's user, and the token is used up, in one change of the store.
 */
#ifndef AUTH_REDEEM_H
#define AUTH_REDEEM_H

#include <stdint.h>

#include "auth/name.h"
#include "auth/store.h"
#include "config/config.h"
#include "pki/identity.h"

/* What a peer sends. */
struct auth_redemption {
	const char *token; /* as it was typed */
	const char *name;  /* the user whom it takes the token to be for, or NULL */
	const char *label; /* of the device, coded as in auth/label.h, or NULL; one that
			    * the token has wins */
};

/* Whether a peer whose key is unknown may come in to show a token, by an open store:
 * there is one that holds, and `enrol` is not off. 1, 0 or a negative errno. */
int auth_redeem_admits(struct auth_store *s, const struct config *config);

/* 1 with the user in ret_user: the key is a device. 0 where the token is refused: it is
 * none, used, past, another name's, its user is locked or the key is a device already; in
 * each case the peer is to be told the same. Or a negative errno of the store.
 * *ret_reason is for the log. A wrong token does not take the store's lock. */
int auth_redeem(const struct config *config, const uint8_t pin[PKI_PIN_SIZE],
	const struct auth_redemption *request, char ret_user[AUTH_NAME_SIZE],
	const char **ret_reason);

#endif
