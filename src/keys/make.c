// SPDX-License-Identifier: ISC
/*
 * Keys and certificates as this program orders them: how long they last, and which names
 * they have. Reads the clock and the machine's name. Text that holds keys is wiped by its
 * owners.
 */
#include "keys/make.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "keys/name.h"
#include "keys/report.h"
#include "pki/identity.h"

enum {
	DAY = 24 * 60 * 60,
	DAYS_CA = 3650,
	DAYS_PEER = 825,
};

/* Valid a day back, for clocks that are slow. */
static void
set_dates(struct pki_order *order, unsigned days)
{
	int64_t now = time(NULL);

	order->not_before = now - DAY;
	order->not_after = now + (int64_t)days * DAY;
}

static int
make_fault(int r, const char *what)
{
	if (r == 0)
		return 0;
	return keys_fail(EX_SOFTWARE, "%s cannot be made: %s", what, strerror(-r));
}

/* Makes a key of the type asked for, and writes it. */
static int
make_key(const struct keys_options *o, struct buffer *text, struct pki_key **ret)
{
	int r = pki_key_make(o->type, ret);

	if (r == 0)
		r = pki_key_write(*ret, text);
	return make_fault(r, "a key");
}

static int
order_certificate(const struct pki_order *order, const struct pki_key *key,
	const struct keys_ca *ca, struct buffer *cert)
{
	const struct buffer *issuer = ca ? &ca->chain.der[0] : NULL;
	int r = pki_certificate_make(order, key, issuer ? buffer_data(issuer) : NULL,
		issuer ? buffer_len(issuer) : 0, ca ? ca->key : NULL, cert);

	return make_fault(r, "a certificate");
}

int
keys_make_ca(const struct keys_options *o, struct buffer *cert, struct buffer *key,
	struct keys_ca *ret)
{
	CLEANUP(keys_ca_clear) struct keys_ca ca = { 0 };
	struct pki_order order = { .role = PKI_ROLE_CA };
	uint8_t pin[PKI_PIN_SIZE];
	char name[32];
	char hex[9];
	int r = make_key(o, key, &ca.key);

	if (r != 0)
		return r;
	r = make_fault(pki_key_pin(ca.key, pin), "a CA");
	if (r != 0)
		return r;
	/* No two CAs have one name, or clients could not tell them apart. */
	text_hex(pin, 4, hex);
	snprintf(name, sizeof(name), "Postern CA %s", hex);
	order.common_name = name;
	set_dates(&order, o->days ? o->days : DAYS_CA);
	r = order_certificate(&order, ca.key, NULL, cert);
	if (r != 0)
		return r;
	r = pki_chain_read(buffer_data(cert), buffer_len(cert), &ca.chain);
	if (r < 0)
		return make_fault(r, "a CA");
	*ret = TAKE(ca, (struct keys_ca){ 0 });
	return 0;
}

static int
check_ca(const struct keys_folder *folder, const struct buffer *der)
{
	CLEANUP(pki_identity_clear) struct pki_identity id = { 0 };
	CLEANUP(pki_description_clear) struct pki_description what = { 0 };

	if (pki_identity_read(buffer_data(der), buffer_len(der), &id) < 0 ||
		pki_describe(buffer_data(der), buffer_len(der), &what) < 0)
		return keys_fail(EX_DATAERR, "%s/ca.pem is damaged", folder->path);
	if (!what.is_ca)
		return keys_fail(
			EX_DATAERR, "%s/ca.pem is no CA's certificate", folder->path);
	if (id.not_after < time(NULL))
		return keys_fail(EX_DATAERR,
			"%s/ca.pem has expired: a new CA is made by postern-keys init",
			folder->path);
	return 0;
}

static int
check_ca_key(const struct keys_folder *folder, const struct keys_ca *ca)
{
	CLEANUP(pki_identity_clear) struct pki_identity id = { 0 };
	const struct buffer *der = &ca->chain.der[0];
	uint8_t pin[PKI_PIN_SIZE];

	if (pki_identity_read(buffer_data(der), buffer_len(der), &id) < 0 ||
		pki_key_pin(ca->key, pin) < 0 || memcmp(pin, id.pin, sizeof(pin)) != 0)
		return keys_fail(EX_DATAERR, "%s/ca.key is not the key of %s/ca.pem",
			folder->path, folder->path);
	return 0;
}

int
keys_ca_load(const struct keys_folder *folder, struct keys_ca *ret)
{
	CLEANUP(keys_ca_clear) struct keys_ca ca = { 0 };
	CLEANUP(buffer_wipe) struct buffer key = { 0 };
	int r;

	r = keys_folder_load(folder, "ca.pem", &ca.pem);
	if (r == 0)
		r = keys_folder_load(folder, "ca.key", &key);
	if (r != 0)
		return r;
	if (pki_chain_read(buffer_data(&ca.pem), buffer_len(&ca.pem), &ca.chain) < 0)
		return keys_fail(EX_DATAERR, "%s/ca.pem holds no certificate in PEM",
			folder->path);
	if (pki_key_read(buffer_data(&key), buffer_len(&key), &ca.key) < 0)
		return keys_fail(EX_DATAERR,
			"%s/ca.key holds no private key in PEM without a password",
			folder->path);
	r = check_ca(folder, &ca.chain.der[0]);
	if (r == 0)
		r = check_ca_key(folder, &ca);
	if (r != 0)
		return r;
	*ret = TAKE(ca, (struct keys_ca){ 0 });
	return 0;
}

void
keys_ca_clear(struct keys_ca *ca)
{
	buffer_free(&ca->pem);
	pki_chain_clear(&ca->chain);
	pki_key_free(&ca->key);
}

static int
make_peer(const struct keys_options *o, struct pki_order *order, const struct keys_ca *ca,
	struct buffer *cert, struct buffer *key_text)
{
	CLEANUP(pki_key_free) struct pki_key *key = NULL;
	int r;

	set_dates(order, o->days ? o->days : DAYS_PEER);
	r = make_key(o, key_text, &key);
	if (r != 0)
		return r;
	return order_certificate(order, key, ca, cert);
}

int
keys_make_server(const struct keys_options *o, const struct keys_ca *ca,
	struct buffer *cert, struct buffer *key)
{
	struct pki_order order = { .role = PKI_ROLE_SERVER };
	char machine[HOST_NAME_MAX + 1] = "";
	const char *own[1] = { machine };

	if (o->n_hosts == 0) {
		if (gethostname(machine, sizeof(machine)) < 0 || keys_host_fault(machine))
			return keys_fail(EX_USAGE,
				"the machine's name `%s' is no DNS name: give --host "
				"NAME",
				machine);
	}
	order.hosts = o->n_hosts > 0 ? o->hosts : own;
	order.n_hosts = o->n_hosts > 0 ? o->n_hosts : 1;
	order.common_name = order.hosts[0];
	/* A longer name stands among the others alone. */
	if (strlen(order.common_name) > KEYS_NAME_MAX)
		order.common_name = "Postern server";
	return make_peer(o, &order, ca, cert, key);
}

int
keys_make_client(const struct keys_options *o, const struct keys_ca *ca,
	struct buffer *cert, struct buffer *key)
{
	struct pki_order order = {
		.role = PKI_ROLE_CLIENT,
		.common_name = o->name,
		.mail = strchr(o->name, '@') ? o->name : NULL,
	};

	return make_peer(o, &order, ca, cert, key);
}
