// SPDX-License-Identifier: ISC
/*
 * `export`: a client's bundle as one PKCS #12 file. Neither the CA's key nor its
 * passphrase is needed. The password is wiped; what the library does with it is its own.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "auth/password.h"
#include "base/cleanup.h"
#include "base/secret.h"
#include "keys/ca.h"
#include "keys/certificate.h"
#include "keys/commands.h"
#include "keys/report.h"
#include "keys/secret.h"
#include "keys/set.h"
#include "pki/pkcs12.h"

#define WHAT "password of the export"

static int
find_password(const struct keys_options *o, char **ret)
{
	if (!o->generate)
		return keys_secret_new(
			WHAT, "--password-file or --generate", o->password_file, ret);
	*ret = calloc(1, AUTH_PASSWORD_SIZE);
	if (!*ret)
		return keys_fail(EX_OSERR, "no memory");
	if (auth_password_generate(*ret) < 0)
		return keys_fail(EX_SOFTWARE, "no password can be generated");
	return 0;
}

/* The three files of a bundle, which have to belong together. */
struct bundle {
	struct pki_key *key;
	struct pki_chain chain;
	struct pki_chain roots;
	struct keys_certificate cert;
};

static void
bundle_clear(struct bundle *b)
{
	pki_key_free(&b->key);
	pki_chain_clear(&b->chain);
	pki_chain_clear(&b->roots);
	keys_certificate_clear(&b->cert);
}

static int
load_bundle(const struct keys_folder *folder, const char *name, struct bundle *ret)
{
	CLEANUP(keys_certificate_clear) struct keys_certificate root = { 0 };
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	CLEANUP(buffer_free) struct buffer root_pem = { 0 };
	char path[KEYS_PATH_MAX];
	uint8_t pin[PKI_PIN_SIZE];
	int r;

	snprintf(path, sizeof(path), "clients/%s/cert.pem", name);
	r = keys_certificate_load(folder, path, &pem, &ret->chain, &ret->cert);
	snprintf(path, sizeof(path), "clients/%s/ca.pem", name);
	if (r == 0)
		r = keys_certificate_load(folder, path, &root_pem, &ret->roots, &root);
	snprintf(path, sizeof(path), "clients/%s/key.pem", name);
	if (r == 0)
		r = keys_key_load(folder, path, NULL, &ret->key);
	if (r != 0)
		return r;
	if (pki_key_pin(ret->key, pin) < 0 ||
		memcmp(pin, ret->cert.id.pin, sizeof(pin)) != 0)
		return keys_fail(EX_DATAERR,
			"%s/%s is not the key of the certificate beside it", folder->path,
			path);
	return 0;
}

static int
make_file(const struct keys_options *o, const struct bundle *bundle, const char *password,
	struct buffer *ret)
{
	struct pki_pkcs12 order = { .name = o->name,
		.passphrase = password,
		.key = bundle->key,
		.chain = &bundle->chain,
		.roots = &bundle->roots,
		.legacy = o->legacy };
	int r = pki_pkcs12_make(&order, ret);

	if (r == -EINVAL)
		return keys_fail(EX_DATAERR, "the " WHAT " is no UTF-8 text that can be "
					     "one");
	if (r < 0)
		return keys_fail(EX_SOFTWARE,
			"the export cannot be made, or only weaker than it should be: %s",
			strerror(-r));
	return 0;
}

static int
write_export(const struct keys_options *o, const struct keys_folder *folder,
	const char *password, struct keys_set *set)
{
	CLEANUP(bundle_clear) struct bundle bundle = { 0 };
	int r = load_bundle(folder, o->name, &bundle);

	if (r == 0)
		r = make_file(o, &bundle, password, &set->files[0].text);
	if (r == 0)
		r = keys_set_store(folder, set, o->force);
	/* Where nobody else knows it, it is said, once, and last. */
	if (r == 0 && o->generate)
		printf("%s\n", password);
	return r;
}

int
keys_export(const struct keys_options *o)
{
	CLEANUP(keys_folder_close) struct keys_folder folder = { .fd = -1 };
	CLEANUP(keys_set_clear) struct keys_set set = { 0 };
	CLEANUP_SECRET char *password = NULL;
	struct buffer *text;
	int r = keys_folder_open(o->dir, false, &folder);

	if (r == 0)
		r = keys_set_add(&set, &text, "clients/%s/%s.p12", o->name, o->name);
	if (r == 0 && !o->force)
		r = keys_set_check_free(&folder, &set);
	if (r == 0)
		r = find_password(o, &password);
	if (r == 0)
		r = keys_folder_lock(&folder);
	return r != 0 ? r : write_export(o, &folder, password, &set);
}
