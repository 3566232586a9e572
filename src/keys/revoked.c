// SPDX-License-Identifier: ISC
/*
 * Lists looked up. They are the folder's own, and are taken as they stand there.
 */
#include "keys/revoked.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "keys/report.h"
#include "pki/file.h"

int
keys_revoked_read(int directory, const char *name, const char *path, bool may_lack,
	struct pki_crls *ret)
{
	CLEANUP(buffer_free) struct buffer text = { 0 };
	int r = pki_file_read(directory, name, PKI_CRL_FILE_MAX, &text);

	if (r == -ENOENT && may_lack)
		return 0;
	if (r < 0)
		return keys_fail(EX_NOINPUT, "%s cannot be read: %s", path, strerror(-r));
	r = pki_crls_read(buffer_data(&text), buffer_len(&text), ret);
	if (r < 0 || ret->n == 0)
		return keys_fail(
			EX_DATAERR, "%s holds a damaged revocation list, or none", path);
	return 0;
}

int
keys_revoked_load(const struct keys_folder *folder, struct pki_crls *ret)
{
	CLEANUP_FREE char *path = NULL;

	if (asprintf(&path, "%s/crl.pem", folder->path) < 0) {
		path = NULL;
		return keys_fail(EX_OSERR, "no memory");
	}
	return keys_revoked_read(folder->fd, "crl.pem", path, true, ret);
}

const struct pki_crl_entry *
keys_revoked_find(const struct pki_crls *crls, const struct buffer *der,
	const struct pki_identity *id)
{
	for (size_t i = 0; i < crls->n; i++) {
		const struct pki_crl_entry *entry = pki_crl_find(
			&crls->lists[i], id->serial, id->serial_len);

		if (entry && pki_crl_is_about(
				     &crls->lists[i], buffer_data(der), buffer_len(der)))
			return entry;
	}
	return NULL;
}

int
keys_revoked_check(const struct keys_folder *folder, const char *name,
	const struct buffer *der, const struct pki_identity *id)
{
	CLEANUP(pki_crls_clear) struct pki_crls crls = { 0 };
	int r = keys_revoked_load(folder, &crls);

	if (r == 0 && keys_revoked_find(&crls, der, id))
		return keys_fail(EX_DATAERR,
			"%s/%s is revoked, and is not renewed: issue --force makes "
			"another",
			folder->path, name);
	return r;
}
