// SPDX-License-Identifier: ISC
/*
 * `init`, `issue` and `issue-ca`: the model with a CA. The CA's key never leaves its
 * folder; a bundle holds all that a client needs, and nothing else. A CA below another
 * one has a folder like its own, with root.pem beside, and signs there in the same way.
 */
#include <stdio.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "keys/commands.h"
#include "keys/lists.h"
#include "keys/make.h"
#include "keys/old.h"
#include "keys/report.h"
#include "keys/secret.h"
#include "keys/set.h"

static int
ask_new_passphrase(const struct keys_options *o, char **ret)
{
	*ret = NULL;
	if (!o->protect)
		return 0;
	return keys_secret_new("passphrase of the CA",
		o->command == KEYS_INIT ? "--passphrase-file" : "--new-passphrase-file",
		o->new_passphrase_file, ret);
}

/* The list of a CA that --force replaces is no list of the one that comes. */
static int
replace_list(const struct keys_options *o, const struct keys_folder *folder,
	const struct keys_ca *ca, struct keys_set *set)
{
	struct keys_options plain = { .dir = o->dir };
	struct buffer *list;
	int r;

	if (!keys_folder_has(folder, "crl.pem"))
		return 0;
	r = keys_set_add(set, &list, "crl.pem");
	return r != 0 ? r : keys_lists_begin(&plain, ca, list);
}

static int
make_all(const struct keys_options *o, const struct keys_folder *folder,
	const char *passphrase, struct keys_set *set)
{
	CLEANUP(keys_ca_clear) struct keys_ca ca = { 0 };
	struct buffer *ca_key = NULL, *ca_pem = NULL, *key = NULL, *cert = NULL;
	int r = keys_set_add(set, &ca_key, "ca.key");

	if (r == 0)
		r = keys_set_add(set, &ca_pem, "ca.pem");
	if (r == 0)
		r = keys_set_add(set, &key, "server.key");
	if (r == 0)
		r = keys_set_add(set, &cert, "server.pem");
	if (r == 0 && !o->force)
		r = keys_set_check_free(folder, set);
	if (r == 0)
		r = keys_make_ca(o, NULL, passphrase, ca_pem, ca_key, &ca);
	if (r == 0)
		r = keys_make_server(o, &ca, "server.pem", cert, key);
	if (r == 0)
		r = replace_list(o, folder, &ca, set);
	/* It would say whom an earlier CA stands below. */
	if (r == 0 && o->force && keys_folder_has(folder, "root.pem"))
		r = keys_set_drop(set, "root.pem");
	return r;
}

int
keys_init(const struct keys_options *o)
{
	CLEANUP(keys_folder_close) struct keys_folder folder = { .fd = -1 };
	CLEANUP(keys_set_clear) struct keys_set set = { 0 };
	CLEANUP_SECRET char *passphrase = NULL;
	int r = ask_new_passphrase(o, &passphrase);

	if (r == 0)
		r = keys_folder_open(o->dir, true, &folder);
	if (r == 0)
		r = keys_folder_lock(&folder);
	if (r == 0)
		r = make_all(o, &folder, passphrase, &set);
	if (r == 0)
		r = keys_set_store(&folder, &set, o->force);
	return r;
}

/* A certificate that --force replaces can still be revoked afterwards. */
static int
keep_client(const struct keys_options *o, const struct keys_folder *folder,
	struct keys_set *set)
{
	char whose[KEYS_PATH_MAX];
	char path[KEYS_PATH_MAX];

	if (!o->force)
		return 0;
	snprintf(whose, sizeof(whose), "clients/%s", o->name);
	snprintf(path, sizeof(path), "clients/%s/cert.pem", o->name);
	return keys_old_keep_file(folder, set, (struct keys_old){ NULL, whose }, path);
}

static int
make_bundle(const struct keys_options *o, const struct keys_folder *folder,
	const struct keys_ca *ca, struct keys_set *set)
{
	struct buffer *key = NULL, *cert = NULL;
	int r = keys_set_add(set, &key, "clients/%s/key.pem", o->name);

	if (r == 0)
		r = keys_set_add(set, &cert, "clients/%s/cert.pem", o->name);
	if (r == 0)
		r = keys_set_put(set, &ca->trusted, "clients/%s/ca.pem", o->name);
	if (r == 0 && !o->force)
		r = keys_set_check_free(folder, set);
	if (r == 0)
		r = keys_make_client(o, ca, set->files[1].name, cert, key);
	return r != 0 ? r : keep_client(o, folder, set);
}

int
keys_issue(const struct keys_options *o)
{
	CLEANUP(keys_folder_close) struct keys_folder folder = { .fd = -1 };
	CLEANUP(keys_ca_clear) struct keys_ca ca = { 0 };
	CLEANUP(keys_set_clear) struct keys_set set = { 0 };
	int r = keys_folder_open(o->dir, false, &folder);

	if (r == 0)
		r = keys_ca_open(o, &folder, &ca);
	if (r == 0)
		r = make_bundle(o, &folder, &ca, &set);
	if (r == 0)
		r = keys_set_store(&folder, &set, o->force);
	return r;
}

static int
keep_ca(const struct keys_options *o, const struct keys_folder *folder,
	struct keys_set *set)
{
	if (!o->force)
		return 0;
	return keys_old_keep_file(
		folder, set, (struct keys_old){ o->name, "ca" }, set->files[1].name);
}

/* What lies in the folder of a CA below: its pair, the roots, and perhaps a server's. */
static int
make_below(const struct keys_options *o, const struct keys_folder *folder,
	const struct keys_ca *parent, const char *passphrase, struct keys_set *set)
{
	CLEANUP(keys_ca_clear) struct keys_ca ca = { 0 };
	struct buffer *ca_key = NULL, *ca_pem = NULL, *key = NULL, *cert = NULL;
	int r = keys_set_add(set, &ca_key, "cas/%s/ca.key", o->name);

	if (r == 0)
		r = keys_set_add(set, &ca_pem, "cas/%s/ca.pem", o->name);
	if (r == 0)
		r = keys_set_put(set, &parent->trusted, "cas/%s/root.pem", o->name);
	if (r == 0 && o->n_hosts > 0)
		r = keys_set_add(set, &key, "cas/%s/server.key", o->name);
	if (r == 0 && o->n_hosts > 0)
		r = keys_set_add(set, &cert, "cas/%s/server.pem", o->name);
	if (r == 0 && !o->force)
		r = keys_set_check_free(folder, set);
	if (r == 0)
		r = keys_make_ca(o, parent, passphrase, ca_pem, ca_key, &ca);
	if (r == 0 && o->n_hosts > 0)
		r = keys_make_server(o, &ca, set->files[set->n - 1].name, cert, key);
	return r != 0 ? r : keep_ca(o, folder, set);
}

/* Nobody signs with the CA below while it is replaced. */
static int
lock_below(const struct keys_options *o, const struct keys_folder *folder,
	struct keys_folder *below)
{
	char path[KEYS_PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "cas/%s", o->name);
	r = keys_folder_make(folder, path);
	if (r == 0)
		r = keys_folder_open_below(folder, o->name, below);
	return r != 0 ? r : keys_folder_lock(below);
}

int
keys_issue_ca(const struct keys_options *o)
{
	CLEANUP(keys_folder_close) struct keys_folder folder = { .fd = -1 };
	CLEANUP(keys_folder_close) struct keys_folder below = { .fd = -1 };
	CLEANUP(keys_ca_clear) struct keys_ca ca = { 0 };
	CLEANUP(keys_set_clear) struct keys_set set = { 0 };
	CLEANUP_SECRET char *passphrase = NULL;
	int r = ask_new_passphrase(o, &passphrase);

	if (r == 0)
		r = keys_folder_open(o->dir, false, &folder);
	if (r == 0)
		r = keys_ca_open(o, &folder, &ca);
	if (r == 0)
		r = lock_below(o, &folder, &below);
	if (r == 0)
		r = make_below(o, &folder, &ca, passphrase, &set);
	if (r == 0)
		r = keys_set_store(&folder, &set, o->force);
	return r;
}
