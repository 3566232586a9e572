// SPDX-License-Identifier: ISC
/*
 * What a certificate that is made anew replaces: it stays in old/, under the date and the
 * serial number, so that it can still be revoked, and its key, where there is another
 * one, still be used. Every call answers 0, or an exit status once the fault has been
 * named.
 *
 *   old/clients/NAME/2026-11-23-101500-5f3a9c01.pem  and .key
 *   old/server/…  old/ca/…
 */
#ifndef KEYS_OLD_H
#define KEYS_OLD_H

#include "keys/set.h"
#include "pki/identity.h"

#define KEYS_OLD "old"

/* Whose: a folder below old/ of the folder itself, or of cas/BELOW in it. */
struct keys_old {
	const char *below; /* NULL: of the folder itself */
	const char *whose; /* as `clients/brad', `server', `ca' */
};

/* Adds the certificate that is replaced, whose first one is id, and its key, which may be
 * NULL, to what is written. */
int keys_old_keep(struct keys_set *set, struct keys_old whose,
	const struct pki_identity *id, const struct buffer *pem,
	const struct buffer *key);

/* The same of a certificate that lies in the folder, where there is one that can be read.
 */
int keys_old_keep_file(const struct keys_folder *folder, struct keys_set *set,
	struct keys_old whose, const char *path);

/* Calls each with the path of every certificate that lies there, and with its text, in
 * the order of their dates; the first result that is not 0 ends it and is answered. */
int keys_old_each(const struct keys_folder *folder, struct keys_old whose,
	int (*each)(void *context, const char *path, const struct buffer *pem),
	void *context);

#endif
