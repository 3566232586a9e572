// SPDX-License-Identifier: ISC
/*
 * Removing a user with all that is the user's: nothing may be left that would be that of
 * another user of the same name.
 */
#ifndef AUTH_REMOVAL_H
#define AUTH_REMOVAL_H

#include <stdint.h>

#include "auth/update.h"

/* Removes the user, whose line may be damaged, and the user's devices, tokens and window.
 * store is the path that the update was begun with. 0 or a negative errno. */
int auth_user_remove(
	struct auth_update *u, const char *store, const char *name, int64_t now);

#endif
