// SPDX-License-Identifier: ISC
/*
 * `init` and `issue`: the model with a CA. The CA's key never leaves its folder; a bundle
 * holds all that a client needs, and nothing else.
 */
#include "keys/commands.h"

#include "base/cleanup.h"
#include "keys/bundle.h"
#include "keys/folder.h"
#include "keys/make.h"

enum { INIT_CA_KEY, INIT_CA, INIT_KEY, INIT_CERT, INIT_FILES };

static void wipe_init_files(struct keys_file (*files)[INIT_FILES])
{
	for (size_t i = 0; i < INIT_FILES; i++)
		keys_file_wipe(&(*files)[i]);
}

int
keys_init(const struct keys_options *o)
{
	CLEANUP(keys_folder_close) struct keys_folder folder = { .fd = -1 };
	CLEANUP(keys_ca_clear) struct keys_ca ca = { 0 };
	CLEANUP(wipe_init_files)
	struct keys_file files[INIT_FILES] = {
		[INIT_CA_KEY] = { .name = "ca.key" },
		[INIT_CA] = { .name = "ca.pem" },
		[INIT_KEY] = { .name = "server.key" },
		[INIT_CERT] = { .name = "server.pem" },
	};
	int r;

	r = keys_folder_open(o->dir, true, &folder);
	if (r == 0 && !o->force)
		r = keys_folder_check_free(&folder, files, INIT_FILES);
	if (r == 0)
		r = keys_make_ca(o, &files[INIT_CA].text, &files[INIT_CA_KEY].text, &ca);
	if (r == 0)
		r = keys_make_server(
			o, &ca, &files[INIT_CERT].text, &files[INIT_KEY].text);
	if (r == 0)
		r = keys_folder_store(&folder, files, INIT_FILES, o->force);
	return r;
}

int
keys_issue(const struct keys_options *o)
{
	CLEANUP(keys_folder_close) struct keys_folder folder = { .fd = -1 };
	CLEANUP(keys_ca_clear) struct keys_ca ca = { 0 };
	CLEANUP(keys_bundle_clear) struct keys_bundle bundle = { 0 };
	int r;

	r = keys_folder_open(o->dir, false, &folder);
	if (r == 0)
		r = keys_ca_load(&folder, &ca);
	if (r == 0)
		r = keys_bundle_begin(&folder, o->name, o->force, &bundle);
	if (r == 0)
		r = keys_make_client(o, &ca, &bundle.files[KEYS_BUNDLE_CERT].text,
			&bundle.files[KEYS_BUNDLE_KEY].text);
	if (r == 0)
		r = keys_bundle_trust(&bundle, &ca.pem);
	if (r == 0)
		r = keys_bundle_store(&folder, &bundle, o->force);
	return r;
}

int
keys_run(const struct keys_options *o)
{
	static int (*const commands[KEYS_COMMANDS])(const struct keys_options *) = {
		[KEYS_INIT] = keys_init,
		[KEYS_ISSUE] = keys_issue,
		[KEYS_PAIR] = keys_pair,
		[KEYS_LIST] = keys_list,
		[KEYS_SHOW] = keys_show,
	};

	return commands[o->command](o);
}
