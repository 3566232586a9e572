// SPDX-License-Identifier: ISC
/*
 * Enrolment: a peer makes itself a user and is told a generated password, once.
 */
#ifndef AUTH_ENROL_H
#define AUTH_ENROL_H

#include <stdbool.h>

#include "auth/account.h"
#include "auth/exchange.h"
#include "auth/password.h"

/* Whether `enrol` lets this peer make the user with that canonical address, as far as can
 * be seen without the store's lock. *ret_reason says why or why not. */
bool auth_enrol_admits(const struct config *config, const struct auth_peer *peer,
	const char *name, const char **ret_reason);

/* Whether that account, as far as was seen, may be enrolled again by this peer: it was
 * enrolled by the same certificate, has never logged in and is not locked. */
bool auth_enrol_again(const struct auth_peer *peer, const struct auth_account *a);

/* Makes the user, or gives a new password to one that may be enrolled again; what holds
 * is decided under the store's lock, so that of many who enrol one name at once each
 * learns a password and the last one works, or -EEXIST; and so that a window is used as
 * often as it may be and no more. Where the user could not log in by what the certificate
 * says, its key becomes a device of the user. 0 with the password, -EEXIST where the user
 * is there and is not this peer's to enrol again, or the key is another user's,
 * -ECANCELED where the window has closed meanwhile, or another negative errno. */
int auth_enrol(const struct config *config, const struct auth_peer *peer,
	const char *name, char ret_password[AUTH_PASSWORD_SIZE]);

#endif
