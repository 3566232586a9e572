// SPDX-License-Identifier: ISC
/*
 * What the store says of one user when a login begins; or, of one who is not there, an
 * account that looks and costs the same as one with a generated password, and that no
 * password opens.
 */
#ifndef AUTH_ACCOUNT_H
#define AUTH_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/line.h"
#include "config/config.h"
#include "pki/identity.h"

struct auth_account {
	char name[AUTH_NAME_SIZE]; /* canonical; "" where the text was no name of ours */
	bool known;                /* there is such a user */
	bool password;             /* who has a password */
	bool locked;
	bool logged_in; /* ever */
	bool enrolled;  /* by the certificate with this pin */
	uint8_t enrolled_by[PKI_PIN_SIZE];
	struct auth_credentials credentials; /* random keys unless there is a password */
	size_t damage; /* number of a damaged line of the store that was met, or 0 */
};

/* Looks up what the peer calls a user. 0 with *ret for known and unknown alike, which
 * auth_account_clear wipes; -EBADMSG where the user's own line is damaged (its number is
 * in ret->damage), or another negative errno where the store cannot be read. */
int auth_account_load(const struct config *config, const char *text, size_t len,
	struct auth_account *ret);
void auth_account_clear(struct auth_account *a);

/* Writes down that the user has logged in; the first time only, and where that was by
 * password, nothing if that is another one by now. 0 or a negative errno. */
int auth_account_note_login(
	const struct config *config, const struct auth_account *a, bool by_password);

/* Fills the account from a user's line. 0, -EBADMSG, -ENOMEM. */
int auth_account_read(const char *line, size_t len, struct auth_account *ret);

#endif
