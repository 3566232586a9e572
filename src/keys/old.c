// SPDX-License-Identifier: ISC
/*
 * What has been replaced. Names are made of a date and a serial number alone, which also
 * order them.
 */
#include "keys/old.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/calendar.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "keys/certificate.h"
#include "pki/file.h"

enum { SERIAL_SHOWN = 4 };

static void
name_of(const struct pki_identity *id, size_t size, char *ret)
{
	char serial[2 * SERIAL_SHOWN + 1];
	struct calendar c;

	calendar_of(time(NULL), &c);
	text_hex(id->serial,
		id->serial_len < SERIAL_SHOWN ? id->serial_len : SERIAL_SHOWN, serial);
	snprintf(ret, size, "%04d-%02d-%02d-%02d%02d%02d-%s", c.year, c.month, c.day,
		c.hour, c.minute, c.second, serial);
}

static void
folder_of(struct keys_old whose, char ret[KEYS_PATH_MAX])
{
	snprintf(ret, KEYS_PATH_MAX, "%s%s%s" KEYS_OLD "/%s", whose.below ? "cas/" : "",
		whose.below ? whose.below : "", whose.below ? "/" : "", whose.whose);
}

int
keys_old_keep(struct keys_set *set, struct keys_old whose, const struct pki_identity *id,
	const struct buffer *pem, const struct buffer *key)
{
	char folder[KEYS_PATH_MAX];
	char name[64];
	int r;

	folder_of(whose, folder);
	name_of(id, sizeof(name), name);
	r = keys_set_put(set, pem, "%s/%s.pem", folder, name);
	if (r == 0 && key)
		r = keys_set_put(set, key, "%s/%s.key", folder, name);
	return r;
}

int
keys_old_keep_file(const struct keys_folder *folder, struct keys_set *set,
	struct keys_old whose, const char *path)
{
	CLEANUP(keys_certificate_clear) struct keys_certificate old = { 0 };
	CLEANUP(pki_chain_clear) struct pki_chain chain = { 0 };
	CLEANUP(buffer_free) struct buffer pem = { 0 };

	if (pki_file_read(folder->fd, path, PKI_CERTIFICATE_MAX, &pem) < 0 ||
		pki_chain_read(buffer_data(&pem), buffer_len(&pem), &chain) < 0 ||
		keys_certificate_read(&chain.der[0], &old) < 0)
		return 0;
	return keys_old_keep(set, whose, &old.id, &pem, NULL);
}

static bool
is_certificate(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && strcmp(name + len - 4, ".pem") == 0;
}

int
keys_old_each(const struct keys_folder *folder, struct keys_old whose,
	int (*each)(void *context, const char *path, const struct buffer *pem),
	void *context)
{
	CLEANUP(keys_entries_clear) struct keys_entries entries = { 0 };
	char below[KEYS_PATH_MAX];
	char path[KEYS_PATH_MAX];
	int r;

	folder_of(whose, below);
	r = keys_folder_list(folder, below, &entries);
	for (int i = 0; r == 0 && i < entries.n; i++) {
		CLEANUP(buffer_free) struct buffer pem = { 0 };
		const char *name = entries.list[i]->d_name;

		if (!is_certificate(name))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", below, name) >=
			(int)sizeof(path))
			continue;
		r = keys_folder_load(folder, path, &pem);
		if (r == 0)
			r = each(context, path, &pem);
	}
	return r;
}
