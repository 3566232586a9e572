// SPDX-License-Identifier: ISC
/*
 * server/pins: the certificates of the clients that a server without a CA admits, each
 * under the SHA-256 of its key. Every call answers 0, or an exit status once the fault
 * has been named.
 */
#ifndef KEYS_PINS_H
#define KEYS_PINS_H

#include "keys/set.h"
#include "pki/identity.h"

#define KEYS_PINS "server/pins"

enum { KEYS_PIN_PATH = sizeof(KEYS_PINS "/") + PKI_PIN_HEX };

/* Where the first certificate of a file of the folder lies, if it is pinned. */
int keys_pins_find(
	const struct keys_folder *folder, const char *name, char ret[KEYS_PIN_PATH]);

/* Adds a certificate, in PEM, to what is written; name is its own, for messages. */
int keys_pins_add(const struct keys_folder *folder, struct keys_set *set,
	const char *name, const struct buffer *pem);

#endif
