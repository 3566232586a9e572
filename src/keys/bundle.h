// SPDX-License-Identifier: ISC
/*
 * A client's bundle: clients/NAME/ with cert.pem, key.pem, and in ca.pem whom the client
 * trusts. Every call answers 0, or an exit status once the fault has been named.
 */
#ifndef KEYS_BUNDLE_H
#define KEYS_BUNDLE_H

#include "keys/folder.h"
#include "keys/name.h"

enum { KEYS_BUNDLE_KEY, KEYS_BUNDLE_CERT, KEYS_BUNDLE_CA, KEYS_BUNDLE_FILES };

struct keys_bundle {
	char paths[KEYS_BUNDLE_FILES][KEYS_NAME_MAX + 32];
	char folder[KEYS_NAME_MAX + 32];
	struct keys_file files[KEYS_BUNDLE_FILES]; /* named by paths */
};

/* Names the files of a client whose name was checked, and refuses, without force, where
 * one of them is there. ret stays where it is: its files point into it. */
int keys_bundle_begin(const struct keys_folder *folder, const char *name, bool force,
	struct keys_bundle *ret);

/* Sets whom the client trusts, in PEM. */
int keys_bundle_trust(struct keys_bundle *bundle, const struct buffer *pem);

int keys_bundle_store(
	const struct keys_folder *folder, const struct keys_bundle *bundle, bool force);
void keys_bundle_clear(struct keys_bundle *bundle);

#endif
