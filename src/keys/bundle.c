// SPDX-License-Identifier: ISC
/*
 * A client's bundle. The client's name is part of a path here, and has been checked by
 * whoever calls; it is checked once more, because nothing else keeps it inside the
 * folder.
 */
#include "keys/bundle.h"

#include <stdio.h>
#include <sysexits.h>

#include "keys/name.h"
#include "keys/report.h"

int
keys_bundle_begin(const struct keys_folder *folder, const char *name, bool force,
	struct keys_bundle *ret)
{
	static const char *const names[KEYS_BUNDLE_FILES] = {
		[KEYS_BUNDLE_KEY] = "key.pem",
		[KEYS_BUNDLE_CERT] = "cert.pem",
		[KEYS_BUNDLE_CA] = "ca.pem",
	};

	if (keys_name_fault(name))
		return keys_fail(EX_USAGE, "NAME `%s' %s", name, keys_name_fault(name));
	snprintf(ret->folder, sizeof(ret->folder), "clients/%s", name);
	for (size_t i = 0; i < KEYS_BUNDLE_FILES; i++) {
		snprintf(ret->paths[i], sizeof(ret->paths[i]), "clients/%s/%s", name,
			names[i]);
		ret->files[i].name = ret->paths[i];
	}
	if (force)
		return 0;
	return keys_folder_check_free(folder, ret->files, KEYS_BUNDLE_FILES);
}

int
keys_bundle_trust(struct keys_bundle *bundle, const struct buffer *pem)
{
	if (buffer_append(&bundle->files[KEYS_BUNDLE_CA].text, buffer_data(pem),
		    buffer_len(pem)) < 0)
		return keys_fail(EX_OSERR, "no memory");
	return 0;
}

int
keys_bundle_store(
	const struct keys_folder *folder, const struct keys_bundle *bundle, bool force)
{
	int r = keys_folder_make(folder, "clients");

	if (r == 0)
		r = keys_folder_make(folder, bundle->folder);
	if (r == 0)
		r = keys_folder_store(folder, bundle->files, KEYS_BUNDLE_FILES, force);
	return r;
}

void
keys_bundle_clear(struct keys_bundle *bundle)
{
	for (size_t i = 0; i < KEYS_BUNDLE_FILES; i++)
		keys_file_wipe(&bundle->files[i]);
}
