// SPDX-License-Identifier: ISC
/*
 * `renew` of a client or of the server: the same certificate with other dates and another
 * serial number, of the same key or of a new one. Where a CA signs, the key need not be
 * here at all. What is replaced goes to old/ in the same step in which the new files get
 * their names.
 */
#include "keys/renew.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "keys/commands.h"
#include "keys/make.h"
#include "keys/pins.h"
#include "keys/report.h"
#include "keys/revoked.h"

int
keys_renewal_load(struct keys_renewal *renewal)
{
	int r = keys_certificate_load(renewal->folder, renewal->cert_name, &renewal->pem,
		&renewal->chain, &renewal->old);

	return r != 0 ? r
		      : keys_revoked_check(renewal->folder, renewal->cert_name,
				&renewal->chain.der[0], &renewal->old.id);
}

void
keys_renewal_clear(struct keys_renewal *renewal)
{
	buffer_free(&renewal->pem);
	pki_chain_clear(&renewal->chain);
	keys_certificate_clear(&renewal->old);
	pki_key_free(&renewal->key);
	keys_set_clear(&renewal->set);
}

static int
add_new_key(struct keys_renewal *renewal, const char *passphrase)
{
	const struct buffer *der = &renewal->chain.der[0];
	struct buffer *text = NULL;
	int r = keys_set_add(&renewal->set, &text, "%s", renewal->key_name);

	if (r != 0)
		return r;
	return keys_make_key(
		renewal->o->type_given
			? renewal->o->type
			: pki_certificate_key_type(buffer_data(der), buffer_len(der)),
		passphrase, text, &renewal->key);
}

int
keys_renewal_begin(struct keys_renewal *renewal, const char *passphrase)
{
	CLEANUP(buffer_wipe) struct buffer key = { 0 };
	bool has_key = keys_folder_has(renewal->folder, renewal->key_name);
	int r = 0;

	if (renewal->o->new_key && has_key)
		r = keys_folder_load(renewal->folder, renewal->key_name, &key);
	if (r == 0)
		r = keys_old_keep(&renewal->set, renewal->whose, &renewal->old.id,
			&renewal->pem, renewal->o->new_key && has_key ? &key : NULL);
	if (r == 0 && renewal->o->new_key)
		r = add_new_key(renewal, passphrase);
	return r;
}

/* A key that lies beside its certificate has to be its. */
static int
load_own_key(struct keys_renewal *renewal)
{
	uint8_t pin[PKI_PIN_SIZE];
	int r = keys_key_load(renewal->folder, renewal->key_name, NULL, &renewal->key);

	if (r != 0)
		return r;
	if (pki_key_pin(renewal->key, pin) < 0 ||
		memcmp(pin, renewal->old.id.pin, sizeof(pin)) != 0)
		return keys_fail(EX_DATAERR,
			"%s/%s is not the key of %s/%s: --new-key makes another",
			renewal->folder->path, renewal->key_name, renewal->folder->path,
			renewal->cert_name);
	return 0;
}

/* Nothing is signed for a key that does not fit what lies beside it. */
static int
find_key(struct keys_renewal *renewal, const struct keys_ca *ca)
{
	int r = keys_renewal_begin(renewal, NULL);

	if (r != 0 || renewal->o->new_key)
		return r;
	if (ca && !keys_folder_has(renewal->folder, renewal->key_name))
		return 0;
	return load_own_key(renewal);
}

/* Adds the new certificate; *ret is its text. */
static int
add_certificate(
	struct keys_renewal *renewal, const struct keys_ca *ca, struct buffer **ret)
{
	struct keys_dates dates = keys_dates_of(
		renewal->o, KEYS_DAYS_PEER, ca, renewal->cert_name);
	struct pki_renewal order = { .key = renewal->key,
		.path_length = -1,
		.not_before = dates.from,
		.not_after = dates.until };
	const struct buffer *earlier = &renewal->chain.der[0];
	const struct buffer *issuer = ca ? &ca->chain.der[0] : NULL;
	int r = keys_set_add(&renewal->set, ret, "%s", renewal->cert_name);

	if (r != 0)
		return r;
	r = pki_certificate_renew(buffer_data(earlier), buffer_len(earlier), &order,
		issuer ? buffer_data(issuer) : NULL, issuer ? buffer_len(issuer) : 0,
		ca ? ca->key : NULL, *ret);
	if (r == 0 && ca)
		r = buffer_append(*ret, buffer_data(&ca->sent), buffer_len(&ca->sent));
	if (r < 0)
		return keys_fail(EX_SOFTWARE, "%s/%s cannot be renewed: %s",
			renewal->folder->path, renewal->cert_name, strerror(-r));
	return 0;
}

static int
make_peer(struct keys_renewal *renewal, const struct keys_ca *ca)
{
	struct buffer *cert = NULL;
	int r = keys_renewal_load(renewal);

	if (r == 0)
		r = find_key(renewal, ca);
	if (r == 0)
		r = add_certificate(renewal, ca, &cert);
	if (r == 0 && ca && renewal->o->who == KEYS_WHO_CLIENT)
		r = keys_set_put(&renewal->set, &ca->trusted, "clients/%s/ca.pem",
			renewal->o->name);
	/* Of a pair: the earlier key stays pinned until somebody takes it away. */
	if (r == 0 && !ca && renewal->o->who == KEYS_WHO_CLIENT)
		r = keys_pins_add(
			renewal->folder, &renewal->set, renewal->cert_name, cert);
	if (r == 0)
		r = keys_set_store(renewal->folder, &renewal->set, true);
	if (r == 0 && !ca && renewal->o->who == KEYS_WHO_SERVER)
		r = keys_copies_rewrite(&(struct keys_copies){ renewal->folder,
						renewal->whose, &renewal->pem, cert },
			"clients", "ca.pem");
	return r;
}

static int
hint_at_old_pin(const struct keys_renewal *renewal)
{
	char hex[PKI_PIN_HEX];
	char path[KEYS_PIN_PATH];

	if (!renewal->o->new_key || renewal->o->who != KEYS_WHO_CLIENT)
		return 0;
	text_hex(renewal->old.id.pin, PKI_PIN_SIZE, hex);
	snprintf(path, sizeof(path), KEYS_PINS "/%s", hex);
	if (keys_folder_has(renewal->folder, path))
		printf("%s/%s admits the earlier key until it is removed\n",
			renewal->folder->path, path);
	return 0;
}

static int
renew_self_signed(struct keys_renewal *renewal)
{
	int r = keys_folder_lock(renewal->folder);

	if (r == 0)
		r = make_peer(renewal, NULL);
	return r != 0 ? r : hint_at_old_pin(renewal);
}

static int
renew_signed(struct keys_renewal *renewal)
{
	CLEANUP(keys_ca_clear) struct keys_ca ca = { 0 };
	int r = keys_ca_open(renewal->o, renewal->folder, &ca);

	return r != 0 ? r : make_peer(renewal, &ca);
}

/* Whether the CA has a part in it decides whether its passphrase is asked for. */
static int
renew_peer(struct keys_renewal *renewal)
{
	CLEANUP(keys_certificate_clear) struct keys_certificate c = { 0 };
	CLEANUP(pki_chain_clear) struct pki_chain chain = { 0 };
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	int r = keys_certificate_load(
		renewal->folder, renewal->cert_name, &pem, &chain, &c);

	if (r != 0)
		return r;
	return c.what.self_issued ? renew_self_signed(renewal) : renew_signed(renewal);
}

static int
renew_client(const struct keys_options *o, const struct keys_folder *folder)
{
	char whose[KEYS_PATH_MAX];
	char cert[KEYS_PATH_MAX];
	char key[KEYS_PATH_MAX];
	CLEANUP(keys_renewal_clear)
	struct keys_renewal renewal = { .o = o,
		.folder = folder,
		.cert_name = cert,
		.key_name = key,
		.whose = { NULL, whose } };

	snprintf(whose, sizeof(whose), "clients/%s", o->name);
	snprintf(cert, sizeof(cert), "clients/%s/cert.pem", o->name);
	snprintf(key, sizeof(key), "clients/%s/key.pem", o->name);
	return renew_peer(&renewal);
}

static int
renew_server(const struct keys_options *o, const struct keys_folder *folder)
{
	bool has_ca = keys_folder_has(folder, "server.pem") ||
		      !keys_folder_has(folder, "server/server.pem");
	CLEANUP(keys_renewal_clear)
	struct keys_renewal renewal = { .o = o,
		.folder = folder,
		.cert_name = has_ca ? "server.pem" : "server/server.pem",
		.key_name = has_ca ? "server.key" : "server/server.key",
		.whose = { NULL, "server" } };

	return renew_peer(&renewal);
}

int
keys_renew(const struct keys_options *o)
{
	CLEANUP(keys_folder_close) struct keys_folder folder = { .fd = -1 };
	int r = keys_folder_open(o->dir, false, &folder);

	if (r != 0)
		return r;
	switch (o->who) {
	case KEYS_WHO_CLIENT:
		return renew_client(o, &folder);
	case KEYS_WHO_SERVER:
		return renew_server(o, &folder);
	case KEYS_WHO_CA:
		return keys_renew_ca(o, &folder);
	default:
		return keys_renew_below(o, &folder);
	}
}
