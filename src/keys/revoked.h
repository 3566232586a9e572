// SPDX-License-Identifier: ISC
/*
 * Who is revoked, as a file of lists says: what is shown of a certificate, and that it is
 * not renewed. Every call answers 0, or an exit status once the fault has been named.
 */
#ifndef KEYS_REVOKED_H
#define KEYS_REVOKED_H

#include "keys/folder.h"
#include "pki/crl.h"

/* Reads the lists of a file, relative to the folder's descriptor or AT_FDCWD; path is its
 * name in messages. A missing one has none, where that may be. The caller ends them with
 * pki_crls_clear. */
int keys_revoked_read(int directory, const char *name, const char *path, bool may_lack,
	struct pki_crls *ret);

/* Those of the folder's crl.pem, where there is one. */
int keys_revoked_load(const struct keys_folder *folder, struct pki_crls *ret);

/* The entry of a certificate, or NULL. */
const struct pki_crl_entry *keys_revoked_find(const struct pki_crls *crls,
	const struct buffer *der, const struct pki_identity *id);

/* Refuses a certificate of the folder that is revoked; name is its file's. */
int keys_revoked_check(const struct keys_folder *folder, const char *name,
	const struct buffer *der, const struct pki_identity *id);

#endif
