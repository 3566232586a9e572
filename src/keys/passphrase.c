// SPDX-License-Identifier: ISC
/*
 * `passphrase`: the CA's key written anew under another one, and with it its earlier
 * keys, which sign lists beside it and are opened by the same. Keys and passphrases are
 * wiped.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "keys/ca.h"
#include "keys/commands.h"
#include "keys/old.h"
#include "keys/secret.h"
#include "keys/set.h"

struct change {
	const struct keys_folder *folder;
	const char *old; /* NULL: there was none */
	const char *new;
	struct keys_set set;
};

static void
change_clear(struct change *change)
{
	keys_set_clear(&change->set);
}

static int
change_key(struct change *change, const char *name)
{
	CLEANUP(pki_key_free) struct pki_key *key = NULL;
	struct buffer *text = NULL;
	int r = keys_key_load(change->folder, name, change->old, &key);

	if (r == 0)
		r = keys_set_add(&change->set, &text, "%s", name);
	return r != 0 ? r : keys_key_write(key, change->new, text);
}

/* A certificate that was replaced with its key has it beside it. */
static int
change_earlier(void *context, const char *path, const struct buffer *pem)
{
	struct change *change = context;
	char name[KEYS_PATH_MAX];

	(void)pem;
	snprintf(name, sizeof(name), "%.*s.key", (int)strlen(path) - 4, path);
	return keys_folder_has(change->folder, name) ? change_key(change, name) : 0;
}

int
keys_passphrase(const struct keys_options *o)
{
	CLEANUP(keys_folder_close) struct keys_folder folder = { .fd = -1 };
	CLEANUP(keys_ca_clear) struct keys_ca ca = { 0 };
	CLEANUP(change_clear) struct change change = { .folder = &folder };
	CLEANUP_SECRET char *passphrase = NULL;
	int r = keys_folder_open(o->dir, false, &folder);

	if (r == 0)
		r = keys_secret_new("passphrase of the CA", "--new-passphrase-file",
			o->new_passphrase_file, &passphrase);
	if (r == 0)
		r = keys_ca_open(o, &folder, &ca);
	if (r != 0)
		return r;
	change.old = ca.passphrase;
	change.new = passphrase;
	r = change_key(&change, "ca.key");
	if (r == 0)
		r = keys_old_each(&folder, (struct keys_old){ NULL, "ca" },
			change_earlier, &change);
	return r != 0 ? r : keys_set_store(&folder, &change.set, true);
}
