// SPDX-License-Identifier: ISC
/*
 * `pair`: the model without a CA. The server's certificate and the client's sign
 * themselves; the client's lies in server/pins/ under the SHA-256 of its key, and the
 * server's is the client's ca.pem. A server's pair that is there is kept, and gets one
 * client more, unless --host and --force ask for a new one. All of it is written at once.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "keys/certificate.h"
#include "keys/commands.h"
#include "keys/make.h"
#include "keys/pins.h"
#include "keys/report.h"
#include "keys/set.h"

#define SERVER_KEY  "server/server.key"
#define SERVER_CERT "server/server.pem"

/* Whether the server's pair is kept, with its certificate; or else that it is to be made.
 * Half a pair is a fault. */
static int
keep_server(const struct keys_options *o, const struct keys_folder *folder,
	struct buffer *cert, bool *ret_kept)
{
	static const char *const files[] = { SERVER_CERT, SERVER_KEY };
	CLEANUP(pki_chain_clear) struct pki_chain chain = { 0 };
	CLEANUP(keys_certificate_clear) struct keys_certificate c = { 0 };

	*ret_kept = false;
	if ((o->force && o->n_hosts > 0) || (!keys_folder_has(folder, SERVER_CERT) &&
						    !keys_folder_has(folder, SERVER_KEY)))
		return 0;
	if (o->n_hosts > 0)
		return keys_fail(EX_CANTCREAT,
			"%s/" SERVER_CERT " is there already and keeps its names: --host "
			"with --force overwrites it",
			folder->path);
	for (size_t i = 0; i < 2; i++) {
		if (!keys_folder_has(folder, files[i]))
			return keys_fail(EX_NOINPUT,
				"%s/%s is missing beside its other half: --host with "
				"--force makes both anew",
				folder->path, files[i]);
	}
	*ret_kept = true;
	return keys_certificate_load(folder, SERVER_CERT, cert, &chain, &c);
}

/* The server's pair, where it is made. Its certificate is also what *ret_cert holds. */
static int
make_server(const struct keys_options *o, const struct keys_folder *folder,
	struct keys_set *set, struct buffer *ret_cert)
{
	struct buffer *key = NULL, *cert = NULL;
	bool kept = false;
	int r = keep_server(o, folder, ret_cert, &kept);

	if (r == 0 && kept)
		printf("kept %s/" SERVER_CERT "\n", folder->path);
	if (r != 0 || kept)
		return r;
	r = keys_set_add(set, &key, SERVER_KEY);
	if (r == 0)
		r = keys_set_add(set, &cert, SERVER_CERT);
	if (r == 0)
		r = keys_make_server(o, NULL, SERVER_CERT, cert, key);
	if (r == 0 && buffer_append(ret_cert, buffer_data(cert), buffer_len(cert)) < 0)
		r = keys_fail(EX_OSERR, "no memory");
	return r;
}

static int
make_client(const struct keys_options *o, const struct keys_folder *folder,
	struct keys_set *set)
{
	char old_pin[KEYS_PIN_PATH] = "";
	struct buffer *key = NULL, *cert = NULL;
	char path[KEYS_PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "clients/%s/cert.pem", o->name);
	if (keys_folder_has(folder, path))
		r = keys_pins_find(folder, path, old_pin);
	else
		r = 0;
	if (r == 0)
		r = keys_set_add(set, &key, "clients/%s/key.pem", o->name);
	if (r == 0)
		r = keys_set_add(set, &cert, "%s", path);
	if (r == 0)
		r = keys_make_client(o, NULL, path, cert, key);
	/* A client that is replaced enters no more. */
	if (r == 0 && *old_pin && keys_folder_has(folder, old_pin))
		r = keys_set_drop(set, old_pin);
	return r != 0 ? r : keys_pins_add(folder, set, path, cert);
}

static int
check_free(const struct keys_options *o, const struct keys_folder *folder)
{
	static const char *const files[] = { "key.pem", "cert.pem", "ca.pem" };
	char path[KEYS_PATH_MAX];

	for (size_t i = 0; !o->force && i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "clients/%s/%s", o->name, files[i]);
		if (keys_folder_has(folder, path))
			return keys_folder_taken(folder, path);
	}
	return 0;
}

static int
make_pair(const struct keys_options *o, const struct keys_folder *folder,
	struct keys_set *set)
{
	CLEANUP(buffer_free) struct buffer server = { 0 };
	int r = check_free(o, folder);

	if (r == 0)
		r = make_server(o, folder, set, &server);
	if (r == 0)
		r = make_client(o, folder, set);
	if (r == 0)
		r = keys_set_put(set, &server, "clients/%s/ca.pem", o->name);
	if (r == 0 && !o->force)
		r = keys_set_check_free(folder, set);
	return r;
}

int
keys_pair(const struct keys_options *options)
{
	CLEANUP(keys_folder_close) struct keys_folder folder = { .fd = -1 };
	CLEANUP(keys_set_clear) struct keys_set set = { 0 };
	struct keys_options o = *options;
	int r;

	if (!o.name)
		o.name = "client";
	r = keys_folder_open(o.dir, true, &folder);
	if (r == 0)
		r = keys_folder_lock(&folder);
	if (r == 0)
		r = make_pair(&o, &folder, &set);
	if (r == 0)
		r = keys_set_store(&folder, &set, o.force);
	return r;
}
