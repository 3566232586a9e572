// SPDX-License-Identifier: ISC
/*
 * `pair`: the model without a CA. The server's certificate and the client's sign
 * themselves; the client's lies in server/pins/ under the SHA-256 of its key, and the
 * server's is the client's ca.pem. A server's pair that is there is kept, and gets one
 * client more, unless --host and --force ask for a new one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "keys/bundle.h"
#include "keys/commands.h"
#include "keys/folder.h"
#include "keys/make.h"
#include "keys/report.h"
#include "pki/identity.h"

enum { SERVER_KEY, SERVER_CERT, SERVER_FILES };

#define PINS "server/pins"

enum { PIN_PATH = sizeof(PINS "/") + PKI_PIN_HEX };

static void wipe_server_files(struct keys_file (*files)[SERVER_FILES])
{
	for (size_t i = 0; i < SERVER_FILES; i++)
		keys_file_wipe(&(*files)[i]);
}

/* Where the pin of the first certificate of a PEM text belongs. */
static int
pin_path(const struct keys_folder *folder, const char *name, const struct buffer *pem,
	char ret[PIN_PATH])
{
	CLEANUP(pki_chain_clear) struct pki_chain chain = { 0 };
	CLEANUP(pki_identity_clear) struct pki_identity id = { 0 };
	char hex[PKI_PIN_HEX];

	if (pki_chain_read(buffer_data(pem), buffer_len(pem), &chain) < 0 ||
		pki_identity_read(
			buffer_data(&chain.der[0]), buffer_len(&chain.der[0]), &id) < 0)
		return keys_fail(EX_DATAERR, "%s/%s holds no certificate in PEM",
			folder->path, name);
	text_hex(id.pin, sizeof(id.pin), hex);
	snprintf(ret, PIN_PATH, PINS "/%s", hex);
	return 0;
}

/* Whether the server's pair is kept, with its certificate; or else that it is to be made.
 * Half a pair is a fault. */
static int
keep_server(const struct keys_options *o, const struct keys_folder *folder,
	struct keys_file *files, bool *ret_kept)
{
	char path[PIN_PATH];
	int r;

	*ret_kept = false;
	if ((o->force && o->n_hosts > 0) ||
		(!keys_folder_has(folder, files[SERVER_CERT].name) &&
			!keys_folder_has(folder, files[SERVER_KEY].name)))
		return 0;
	if (o->n_hosts > 0)
		return keys_fail(EX_CANTCREAT,
			"%s/%s is there already and keeps its names: --host with --force "
			"overwrites it",
			folder->path, files[SERVER_CERT].name);
	for (size_t i = 0; i < SERVER_FILES; i++) {
		if (!keys_folder_has(folder, files[i].name))
			return keys_fail(EX_NOINPUT,
				"%s/%s is missing beside its other half: --host with "
				"--force makes both anew",
				folder->path, files[i].name);
	}
	r = keys_folder_load(folder, files[SERVER_CERT].name, &files[SERVER_CERT].text);
	if (r == 0)
		r = pin_path(
			folder, files[SERVER_CERT].name, &files[SERVER_CERT].text, path);
	if (r != 0)
		return r;
	*ret_kept = true;
	return 0;
}

static int
store_server(const struct keys_options *o, const struct keys_folder *folder,
	const struct keys_file *files, bool kept)
{
	int r;

	if (kept) {
		printf("kept %s/%s\n", folder->path, files[SERVER_CERT].name);
		return keys_folder_make(folder, PINS);
	}
	r = keys_folder_make(folder, "server");
	if (r == 0)
		r = keys_folder_make(folder, PINS);
	if (r == 0)
		r = keys_folder_store(folder, files, SERVER_FILES, o->force);
	return r;
}

/* Where the pin lies of a client that --force replaces; empty where there is none. */
static int
find_old_pin(const struct keys_folder *folder, const struct keys_bundle *bundle,
	char ret[PIN_PATH])
{
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	const char *name = bundle->files[KEYS_BUNDLE_CERT].name;
	int r;

	ret[0] = '\0';
	if (!keys_folder_has(folder, name))
		return 0;
	r = keys_folder_load(folder, name, &pem);
	return r != 0 ? r : pin_path(folder, name, &pem, ret);
}

/* The new client enters before the old one leaves. */
static int
store_pin(const struct keys_folder *folder, const struct keys_bundle *bundle,
	const char *old_pin)
{
	const struct keys_file *cert = &bundle->files[KEYS_BUNDLE_CERT];
	char path[PIN_PATH];
	struct keys_file pin = { .name = path, .text = cert->text };
	int r = pin_path(folder, cert->name, &cert->text, path);

	if (r == 0)
		r = keys_folder_store(folder, &pin, 1, false);
	if (r != 0 || *old_pin == '\0' || strcmp(old_pin, path) == 0)
		return r;
	if (unlinkat(folder->fd, old_pin, 0) < 0) {
		if (errno == ENOENT)
			return 0;
		return keys_fail(EX_IOERR, "%s/%s cannot be removed: %s", folder->path,
			old_pin, strerror(errno));
	}
	printf("removed %s/%s\n", folder->path, old_pin);
	return 0;
}

static int
make_pair(const struct keys_options *o, const struct keys_folder *folder,
	struct keys_file *server, struct keys_bundle *bundle)
{
	char old_pin[PIN_PATH];
	bool kept;
	int r = keep_server(o, folder, server, &kept);

	if (r == 0)
		r = find_old_pin(folder, bundle, old_pin);
	if (r == 0 && !kept)
		r = keys_make_server(
			o, NULL, &server[SERVER_CERT].text, &server[SERVER_KEY].text);
	if (r == 0)
		r = keys_make_client(o, NULL, &bundle->files[KEYS_BUNDLE_CERT].text,
			&bundle->files[KEYS_BUNDLE_KEY].text);
	if (r == 0)
		r = keys_bundle_trust(bundle, &server[SERVER_CERT].text);
	if (r == 0)
		r = store_server(o, folder, server, kept);
	if (r == 0)
		r = keys_bundle_store(folder, bundle, o->force);
	if (r == 0)
		r = store_pin(folder, bundle, old_pin);
	return r;
}

int
keys_pair(const struct keys_options *options)
{
	CLEANUP(keys_folder_close) struct keys_folder folder = { .fd = -1 };
	CLEANUP(keys_bundle_clear) struct keys_bundle bundle = { 0 };
	CLEANUP(wipe_server_files)
	struct keys_file server[SERVER_FILES] = {
		[SERVER_KEY] = { .name = "server/server.key" },
		[SERVER_CERT] = { .name = "server/server.pem" },
	};
	struct keys_options o = *options;
	int r;

	if (!o.name)
		o.name = "client";
	r = keys_folder_open(o.dir, true, &folder);
	if (r == 0)
		r = keys_bundle_begin(&folder, o.name, o.force, &bundle);
	if (r == 0)
		r = make_pair(&o, &folder, server, &bundle);
	return r;
}
