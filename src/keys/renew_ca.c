// SPDX-License-Identifier: ISC
/*
 * `renew ca` and `renew cas/NAME`. With the same key all that a CA has signed stays good.
 * With a new one it gets a new name as well; a root believes its earlier certificate
 * beside the new one, so that both sides can be led over in any order, and the earlier
 * key stays in old/ca, for lists of whom it signed are made as long as its certificate
 * lasts.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "base/text.h"
#include "keys/lists.h"
#include "keys/make.h"
#include "keys/renew.h"
#include "keys/report.h"
#include "keys/secret.h"
#include "pki/file.h"
#include "pki/protect.h"

/* The name of a CA without what its key adds to it. */
static void
plain_name(const struct keys_certificate *c, size_t size, char *ret)
{
	const char *name = c->id.n_names > 0 ? c->id.names[0] : "CA";
	size_t len = strlen(name);
	char hex[9];

	text_hex(c->id.pin, 4, hex);
	if (len > 9 && name[len - 9] == ' ' && strcmp(name + len - 8, hex) == 0)
		len -= 9;
	snprintf(ret, size, "%.*s", (int)(len < size ? len : size - 1), name);
}

/* Adds the certificate that is signed by parent or, where that is NULL, by its own key. A
 * key that is NULL is the earlier one. */
static int
add_ca(struct keys_renewal *renewal, const struct keys_ca *parent,
	const struct pki_key *key, struct buffer *ret)
{
	struct keys_dates dates = keys_dates_of(
		renewal->o, parent ? KEYS_DAYS_BELOW : KEYS_DAYS_CA, parent, "the CA");
	struct pki_renewal order = { .key = key,
		.path_length = renewal->o->path_length,
		.not_before = dates.from,
		.not_after = dates.until };
	const struct buffer *earlier = &renewal->chain.der[0];
	const struct buffer *issuer = parent ? &parent->chain.der[0] : NULL;
	char plain[KEYS_CA_NAME_MAX + 1];
	char name[KEYS_NAME_MAX + 1];
	int r = 0;

	if (renewal->o->new_key) {
		plain_name(&renewal->old, sizeof(plain), plain);
		r = keys_make_ca_name(plain, key, sizeof(name), name);
		order.common_name = name;
	}
	if (r != 0)
		return r;
	r = pki_certificate_renew(buffer_data(earlier), buffer_len(earlier), &order,
		issuer ? buffer_data(issuer) : NULL, issuer ? buffer_len(issuer) : 0,
		parent ? parent->key : NULL, ret);
	if (r < 0)
		return keys_fail(EX_SOFTWARE, "%s/%s cannot be renewed: %s",
			renewal->folder->path, renewal->cert_name, strerror(-r));
	return 0;
}

/* Behind a root's certificate stand those that are believed as well: the one that has
 * another key, and what stood there before. None that has expired. */
static int
add_earlier_roots(const struct keys_renewal *renewal, struct buffer *ret)
{
	int r = 0;

	for (size_t i = renewal->o->new_key ? 0 : 1; r == 0 && i < renewal->chain.n;
		i++) {
		CLEANUP(keys_certificate_clear) struct keys_certificate c = { 0 };
		struct pki_chain one = { .der = { renewal->chain.der[i] }, .n = 1 };

		if (keys_certificate_read(&one.der[0], &c) == 0 &&
			c.id.not_after >= time(NULL))
			r = pki_chain_write(&one, 0, ret);
	}
	return r == 0 ? 0 : keys_fail(EX_OSERR, "no memory");
}

/* The lists of the keys that there were, and one of the new key. */
static int
add_lists(
	struct keys_renewal *renewal, const struct keys_ca *old, const struct buffer *pem)
{
	CLEANUP(keys_lists_clear) struct keys_lists lists = { 0 };
	CLEANUP(keys_ca_clear) struct keys_ca new = { 0 };
	struct keys_options plain = { .dir = renewal->o->dir };
	struct buffer *text = NULL;
	int r;

	if (!renewal->o->new_key || !keys_folder_has(renewal->folder, "crl.pem"))
		return 0;
	r = keys_lists_read(&plain, renewal->folder, old, &lists);
	if (r == 0)
		r = keys_set_add(&renewal->set, &text, "crl.pem");
	if (r == 0)
		r = keys_ca_of(plain.dir, pem, NULL, &renewal->key, &new);
	if (r == 0)
		r = keys_lists_begin(&plain, &new, text);
	return r != 0 ? r : keys_lists_make(&lists, text);
}

static int
renew_root(struct keys_renewal *renewal, const struct keys_ca *ca, const char *passphrase)
{
	struct keys_copies copies;
	struct buffer *pem = NULL;
	int r = keys_renewal_begin(renewal, passphrase ? passphrase : ca->passphrase);

	if (r == 0)
		r = keys_set_add(&renewal->set, &pem, "ca.pem");
	if (r == 0)
		r = add_ca(renewal, NULL, renewal->key ? renewal->key : ca->key, pem);
	if (r == 0)
		r = add_earlier_roots(renewal, pem);
	if (r == 0)
		r = add_lists(renewal, ca, pem);
	if (r == 0)
		r = keys_set_store(renewal->folder, &renewal->set, true);
	copies = (struct keys_copies){ renewal->folder, renewal->whose, &ca->trusted,
		pem };
	if (r == 0)
		r = keys_copies_rewrite(&copies, "clients", "ca.pem");
	return r != 0 ? r : keys_copies_rewrite(&copies, "cas", "root.pem");
}

/* For the key of a CA that has none so far. */
static int
ask_new_passphrase(const struct keys_options *o, char **ret)
{
	*ret = NULL;
	if (!o->protect)
		return 0;
	return keys_secret_new("passphrase of the CA", "--new-passphrase-file",
		o->new_passphrase_file, ret);
}

int
keys_renew_ca(const struct keys_options *o, const struct keys_folder *folder)
{
	CLEANUP_SECRET char *passphrase = NULL;
	CLEANUP(keys_ca_clear) struct keys_ca ca = { 0 };
	CLEANUP(keys_renewal_clear)
	struct keys_renewal renewal = { .o = o,
		.folder = folder,
		.cert_name = "ca.pem",
		.key_name = "ca.key",
		.whose = { NULL, "ca" } };
	int r = ask_new_passphrase(o, &passphrase);

	if (r == 0)
		r = keys_ca_open(o, folder, &ca);
	if (r == 0 && passphrase && ca.passphrase)
		r = keys_fail(EX_USAGE,
			"%s/ca.key has a passphrase, which the new key gets as well: "
			"postern-keys passphrase makes it another one",
			folder->path);
	if (r == 0)
		r = keys_renewal_load(&renewal);
	if (r == 0 && !renewal.old.what.self_issued)
		r = keys_fail(EX_USAGE,
			"the CA of %s is below another one, in whose folder renew "
			"cas/NAME makes it anew",
			folder->path);
	return r != 0 ? r : renew_root(&renewal, &ca, passphrase);
}

static bool
has_pin(const struct buffer *der, const uint8_t pin[PKI_PIN_SIZE])
{
	CLEANUP(pki_identity_clear) struct pki_identity id = { 0 };

	return pki_identity_read(buffer_data(der), buffer_len(der), &id) == 0 &&
	       memcmp(id.pin, pin, PKI_PIN_SIZE) == 0;
}

/* Puts the new certificates of the CA, whose key is pin, into a chain that goes through
 * it. */
static int
rewrite_chain(const struct keys_folder *below, const char *path,
	const uint8_t pin[PKI_PIN_SIZE], const struct buffer *new)
{
	CLEANUP(pki_chain_clear) struct pki_chain chain = { 0 };
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	CLEANUP(keys_set_clear) struct keys_set set = { 0 };
	struct pki_chain leaf;
	struct buffer *text = NULL;
	int r;

	if (pki_file_read(below->fd, path, PKI_CERTIFICATE_MAX, &pem) < 0 ||
		pki_chain_read(buffer_data(&pem), buffer_len(&pem), &chain) < 0 ||
		chain.n < 2 || !has_pin(&chain.der[1], pin))
		return 0;
	leaf = (struct pki_chain){ .der = { chain.der[0] }, .n = 1 };
	r = keys_set_add(&set, &text, "%s", path);
	if (r == 0 && (pki_chain_write(&leaf, 0, text) < 0 ||
			      buffer_append(text, buffer_data(new), buffer_len(new)) < 0))
		r = keys_fail(EX_OSERR, "no memory");
	return r != 0 ? r : keys_set_store(below, &set, true);
}

static int
rewrite_chains(const struct keys_folder *below, const uint8_t pin[PKI_PIN_SIZE],
	const struct buffer *new)
{
	CLEANUP(keys_entries_clear) struct keys_entries entries = { 0 };
	int r = rewrite_chain(below, "server.pem", pin, new);

	if (r == 0)
		r = keys_folder_list(below, "clients", &entries);
	for (int i = 0; r == 0 && i < entries.n; i++) {
		char path[KEYS_PATH_MAX];

		if (snprintf(path, sizeof(path), "clients/%s/cert.pem",
			    entries.list[i]->d_name) < (int)sizeof(path))
			r = rewrite_chain(below, path, pin, new);
	}
	return r;
}

/* The CA's own limit leaves room for one below that has less. */
static int
check_path_length(const struct keys_renewal *renewal, const struct keys_ca *parent)
{
	int wanted = renewal->o->path_length >= 0 ? renewal->o->path_length
						  : renewal->old.what.path_length;

	if (parent->path_length < 0 || (wanted >= 0 && wanted < parent->path_length))
		return 0;
	return keys_fail(EX_USAGE,
		"%s may stand %d CAs below %s/ca.pem at most: --path-length says less",
		renewal->cert_name, parent->path_length, parent->folder);
}

static int
renew_intermediate(struct keys_renewal *renewal, const struct keys_ca *parent,
	const struct keys_folder *below, const char *passphrase)
{
	struct buffer *pem = NULL;
	int r = keys_renewal_load(renewal);

	if (r == 0)
		r = check_path_length(renewal, parent);
	if (r == 0)
		r = keys_renewal_begin(renewal, passphrase);
	if (r == 0)
		r = keys_set_add(&renewal->set, &pem, "%s", renewal->cert_name);
	if (r == 0)
		r = add_ca(renewal, parent, renewal->key, pem);
	if (r == 0 && buffer_append(pem, buffer_data(&parent->sent),
			      buffer_len(&parent->sent)) < 0)
		r = keys_fail(EX_OSERR, "no memory");
	if (r == 0)
		r = keys_set_put(&renewal->set, &parent->trusted, "cas/%s/root.pem",
			renewal->o->name);
	if (r == 0)
		r = keys_set_store(renewal->folder, &renewal->set, true);
	if (r == 0 && !renewal->o->new_key)
		r = rewrite_chains(below, renewal->old.id.pin, pem);
	if (r == 0 && renewal->o->new_key && keys_folder_has(below, "crl.pem"))
		printf("%s/crl.pem has no list of the new key yet: postern-keys crl "
		       "--dir %s makes one\n",
			below->path, below->path);
	return r;
}

/* A key that had a passphrase is followed by one that has the same: both are needed
 * together, and opened by one. */
static int
find_passphrase_below(
	const struct keys_options *o, const struct keys_folder *below, char **ret)
{
	CLEANUP(buffer_wipe) struct buffer text = { 0 };
	CLEANUP(pki_key_free) struct pki_key *key = NULL;
	CLEANUP_FREE char *what = NULL;
	int r = 0;

	*ret = NULL;
	if (o->new_key && keys_folder_has(below, "ca.key"))
		r = keys_folder_load(below, "ca.key", &text);
	if (r != 0)
		return r;
	if (!pki_key_is_protected(buffer_data(&text), buffer_len(&text)))
		return ask_new_passphrase(o, ret);
	if (o->new_passphrase_file)
		r = keys_secret_from_file("passphrase", o->new_passphrase_file, ret);
	else if (asprintf(&what, "passphrase of %s/ca.key", below->path) >= 0)
		r = keys_secret_ask(what, "--new-passphrase-file", ret);
	else
		what = NULL;
	return r != 0 ? r : keys_key_load(below, "ca.key", *ret, &key);
}

int
keys_renew_below(const struct keys_options *o, const struct keys_folder *folder)
{
	char cert[KEYS_PATH_MAX];
	char key[KEYS_PATH_MAX];
	CLEANUP_SECRET char *passphrase = NULL;
	CLEANUP(keys_folder_close) struct keys_folder below = { .fd = -1 };
	CLEANUP(keys_ca_clear) struct keys_ca ca = { 0 };
	CLEANUP(keys_renewal_clear)
	struct keys_renewal renewal = { .o = o,
		.folder = folder,
		.cert_name = cert,
		.key_name = key,
		.whose = { o->name, "ca" } };
	int r = keys_folder_open_below(folder, o->name, &below);

	snprintf(cert, sizeof(cert), "cas/%s/ca.pem", o->name);
	snprintf(key, sizeof(key), "cas/%s/ca.key", o->name);
	if (r == 0)
		r = find_passphrase_below(o, &below, &passphrase);
	if (r == 0)
		r = keys_ca_open(o, folder, &ca);
	if (r == 0)
		r = keys_folder_lock(&below);
	return r != 0 ? r : renew_intermediate(&renewal, &ca, &below, passphrase);
}
