// SPDX-License-Identifier: ISC
/*
 * A CA's files read, and checked before anything is signed. The passphrase is asked for
 * before the folder is locked, so that nobody waits for somebody who thinks.
 */
#include "keys/ca.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "keys/report.h"
#include "keys/secret.h"
#include "pki/identity.h"
#include "pki/protect.h"

#define PASSPHRASE "passphrase of"

int
keys_key_passphrase(const struct keys_options *o, const struct keys_folder *folder,
	const char *name, char **ret)
{
	CLEANUP(buffer_wipe) struct buffer text = { 0 };
	CLEANUP_FREE char *what = NULL;
	int r = keys_folder_load(folder, name, &text);

	*ret = NULL;
	if (r != 0 || !pki_key_is_protected(buffer_data(&text), buffer_len(&text)))
		return r;
	if (o->passphrase_file)
		return keys_secret_from_file("passphrase", o->passphrase_file, ret);
	if (asprintf(&what, PASSPHRASE " %s/%s", folder->path, name) < 0) {
		what = NULL;
		return keys_fail(EX_OSERR, "no memory");
	}
	return keys_secret_ask(what, "--passphrase-file", ret);
}

static int
unprotect(const struct keys_folder *folder, const char *name, const struct buffer *text,
	const char *passphrase, struct pki_key **ret)
{
	if (!passphrase)
		return keys_fail(EX_TEMPFAIL,
			"%s/%s has got a passphrase meanwhile: once more, please",
			folder->path, name);
	switch (pki_key_unprotect(buffer_data(text), buffer_len(text), passphrase, ret)) {
	case 0:
		return 0;
	case -EKEYREJECTED:
		return keys_fail(EX_NOPERM, "the passphrase of %s/%s is another one",
			folder->path, name);
	case -ENOTSUP:
		return keys_fail(EX_DATAERR,
			"%s/%s is encrypted in a way that is not read here: AES under "
			"PBKDF2 is expected, as of openssl pkcs8 -topk8 -v2 aes-256-cbc",
			folder->path, name);
	default:
		return keys_fail(EX_DATAERR, "%s/%s holds a damaged private key, or none",
			folder->path, name);
	}
}

int
keys_key_load(const struct keys_folder *folder, const char *name, const char *passphrase,
	struct pki_key **ret)
{
	CLEANUP(buffer_wipe) struct buffer text = { 0 };
	int r = keys_folder_load(folder, name, &text);

	if (r != 0)
		return r;
	if (pki_key_is_protected(buffer_data(&text), buffer_len(&text)))
		return unprotect(folder, name, &text, passphrase, ret);
	if (pki_key_read(buffer_data(&text), buffer_len(&text), ret) < 0)
		return keys_fail(EX_DATAERR, "%s/%s holds no private key in PEM",
			folder->path, name);
	return 0;
}

int
keys_key_write(const struct pki_key *key, const char *passphrase, struct buffer *ret)
{
	int r = passphrase ? pki_key_protect(key, passphrase, ret)
			   : pki_key_write(key, ret);

	if (r < 0)
		return keys_fail(
			EX_SOFTWARE, "a key cannot be written: %s", strerror(-r));
	return 0;
}

/* Sorts what stands in ca.pem: roots are believed, others are sent along. */
static int
sort_chain(struct keys_ca *ca, bool has_root)
{
	for (size_t i = 0; i < ca->chain.n; i++) {
		CLEANUP(pki_description_clear) struct pki_description what = { 0 };
		struct pki_chain one = { .der = { ca->chain.der[i] }, .n = 1 };
		int r = pki_describe(
			buffer_data(&one.der[0]), buffer_len(&one.der[0]), &what);

		if (r < 0)
			return keys_fail(EX_DATAERR, "%s/ca.pem is damaged", ca->folder);
		if (!what.is_ca)
			return keys_fail(EX_DATAERR, "%s/ca.pem is no CA's certificate",
				ca->folder);
		if (i == 0)
			ca->path_length = what.path_length;
		if (i == 0 && !has_root && !what.self_issued)
			return keys_fail(EX_NOINPUT,
				"%s/root.pem is missing: the CA of ca.pem is none that "
				"anybody believes by itself",
				ca->folder);
		if (!what.self_issued)
			r = pki_chain_write(&one, 0, &ca->sent);
		else if (!has_root)
			r = pki_chain_write(&one, 0, &ca->trusted);
		if (r < 0)
			return keys_fail(EX_OSERR, "no memory");
	}
	return 0;
}

static int
read_dates(struct keys_ca *ca)
{
	CLEANUP(pki_identity_clear) struct pki_identity id = { 0 };
	const struct buffer *der = &ca->chain.der[0];

	if (pki_identity_read(buffer_data(der), buffer_len(der), &id) < 0)
		return keys_fail(EX_DATAERR, "%s/ca.pem is damaged", ca->folder);
	ca->not_after = id.not_after;
	return 0;
}

/* An expired CA signs nothing but itself. */
static int
check_expiry(const struct keys_options *o, const struct keys_ca *ca)
{
	if (ca->not_after >= time(NULL) ||
		(o->command == KEYS_RENEW && o->who == KEYS_WHO_CA))
		return 0;
	return keys_fail(EX_DATAERR,
		"%s/ca.pem has expired: postern-keys renew makes it anew", ca->folder);
}

static int
check_key(const struct keys_ca *ca)
{
	CLEANUP(pki_identity_clear) struct pki_identity id = { 0 };
	const struct buffer *der = &ca->chain.der[0];
	uint8_t pin[PKI_PIN_SIZE];

	if (pki_identity_read(buffer_data(der), buffer_len(der), &id) < 0 ||
		pki_key_pin(ca->key, pin) < 0 || memcmp(pin, id.pin, sizeof(pin)) != 0)
		return keys_fail(EX_DATAERR, "%s/ca.key is not the key of %s/ca.pem",
			ca->folder, ca->folder);
	return 0;
}

/* A root's own ca.pem is passed on as it is written. */
static int
set_trusted(struct keys_ca *ca, const struct buffer *root)
{
	const struct buffer *text = root;

	if (!root && buffer_len(&ca->sent) == 0)
		text = &ca->pem;
	if (text) {
		buffer_free(&ca->trusted);
		ca->trusted = (struct buffer){ 0 };
		if (buffer_append(&ca->trusted, buffer_data(text), buffer_len(text)) < 0)
			return keys_fail(EX_OSERR, "no memory");
	}
	if (pki_chain_read(
		    buffer_data(&ca->trusted), buffer_len(&ca->trusted), &ca->roots) < 0)
		return keys_fail(EX_DATAERR, "%s/%s holds no certificate in PEM",
			ca->folder, root ? "root.pem" : "ca.pem");
	return 0;
}

static int
fill(struct keys_ca *ca, const struct buffer *pem, const struct buffer *root)
{
	int r;

	if (buffer_append(&ca->pem, buffer_data(pem), buffer_len(pem)) < 0)
		return keys_fail(EX_OSERR, "no memory");
	if (pki_chain_read(buffer_data(pem), buffer_len(pem), &ca->chain) < 0)
		return keys_fail(
			EX_DATAERR, "%s/ca.pem holds no certificate in PEM", ca->folder);
	r = sort_chain(ca, root != NULL);
	if (r == 0)
		r = set_trusted(ca, root);
	if (r == 0)
		r = read_dates(ca);
	return r;
}

int
keys_ca_of(const char *folder, const struct buffer *pem, const struct buffer *root,
	struct pki_key **key, struct keys_ca *ret)
{
	CLEANUP(keys_ca_clear) struct keys_ca ca = { .folder = folder };
	int r = fill(&ca, pem, root);

	if (r != 0)
		return r;
	ca.key = TAKE_PTR(*key);
	*ret = TAKE(ca, (struct keys_ca){ 0 });
	return 0;
}

static int
load(const struct keys_options *o, const struct keys_folder *folder, char **passphrase,
	struct keys_ca *ret)
{
	CLEANUP(keys_ca_clear) struct keys_ca ca = { .folder = folder->path };
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	CLEANUP(buffer_free) struct buffer root = { 0 };
	bool has_root = keys_folder_has(folder, "root.pem");
	int r = keys_folder_load(folder, "ca.pem", &pem);

	if (r == 0)
		r = keys_key_load(folder, "ca.key", *passphrase, &ca.key);
	if (r == 0 && has_root)
		r = keys_folder_load(folder, "root.pem", &root);
	if (r == 0)
		r = fill(&ca, &pem, has_root ? &root : NULL);
	if (r == 0)
		r = check_key(&ca);
	if (r == 0)
		r = check_expiry(o, &ca);
	if (r != 0)
		return r;
	ca.passphrase = TAKE_PTR(*passphrase);
	*ret = TAKE(ca, (struct keys_ca){ 0 });
	return 0;
}

int
keys_ca_open(const struct keys_options *o, const struct keys_folder *folder,
	struct keys_ca *ret)
{
	CLEANUP_SECRET char *passphrase = NULL;
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	int r = keys_folder_load(folder, "ca.pem", &pem);

	if (r == 0)
		r = keys_key_passphrase(o, folder, "ca.key", &passphrase);
	if (r == 0)
		r = keys_folder_lock(folder);
	return r != 0 ? r : load(o, folder, &passphrase, ret);
}

void
keys_ca_clear(struct keys_ca *ca)
{
	buffer_free(&ca->pem);
	buffer_free(&ca->sent);
	buffer_free(&ca->trusted);
	pki_chain_clear(&ca->chain);
	pki_chain_clear(&ca->roots);
	pki_key_free(&ca->key);
	secret_free(ca->passphrase);
	ca->passphrase = NULL;
}
