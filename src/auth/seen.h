// SPDX-License-Identifier: ISC
/*
 * When devices were last here: the times of files seen/HH/PIN beside the store, which
 * have no content. The store itself is not written for it.
 */
#ifndef AUTH_SEEN_H
#define AUTH_SEEN_H

#include <stdint.h>

#include "pki/identity.h"

/* How many seconds old a time gets before it is written anew. */
enum { AUTH_SEEN_EVERY = 3600 };

/* Writes down that the device is here now, in seconds since 1970, if it was not so within
 * AUTH_SEEN_EVERY. store is the path of the store, pin in hexadecimal. 0 or a negative
 * errno. */
int auth_seen_note(const char *store, const char *pin, int64_t now);

/* When the device was last here. 1 with *ret, 0 for never, or a negative errno. */
int auth_seen_read(const char *store, const char *pin, int64_t *ret);

/* Forgets the device. 0 or a negative errno. */
int auth_seen_forget(const char *store, const char *pin);

#endif
