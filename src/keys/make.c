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

#include "base/calendar.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "keys/permit.h"
#include "keys/report.h"
#include "pki/identity.h"

enum { DAY = 24 * 60 * 60 };

/* Valid a day back, for clocks that are slow. */
struct keys_dates
keys_dates_of(const struct keys_options *o, unsigned usual, const struct keys_ca *ca,
	const char *what)
{
	unsigned days = o->days ? o->days : usual;
	int64_t now = time(NULL);
	struct keys_dates dates = { now - DAY, now + (int64_t)days * DAY };
	struct calendar c;

	if (!ca || dates.until <= ca->not_after)
		return dates;
	dates.until = ca->not_after;
	calendar_of(dates.until, &c);
	printf("%s ends on %04d-%02d-%02d with the CA that signs it: %u days would "
	       "outlive it\n",
		what, c.year, c.month, c.day, days);
	return dates;
}

static int
make_fault(int r, const char *what)
{
	if (r == 0)
		return 0;
	return keys_fail(EX_SOFTWARE, "%s cannot be made: %s", what, strerror(-r));
}

int
keys_make_key(enum pki_key_type type, const char *passphrase, struct buffer *text,
	struct pki_key **ret)
{
	CLEANUP(pki_key_free) struct pki_key *key = NULL;
	int r = make_fault(pki_key_make(type, &key), "a key");

	if (r == 0)
		r = keys_key_write(key, passphrase, text);
	if (r == 0)
		*ret = TAKE_PTR(key);
	return r;
}

static int
order_certificate(const struct pki_order *order, const struct pki_key *key,
	const struct keys_ca *ca, struct buffer *cert)
{
	const struct buffer *issuer = ca ? &ca->chain.der[0] : NULL;
	int r = pki_certificate_make(order, key, issuer ? buffer_data(issuer) : NULL,
		issuer ? buffer_len(issuer) : 0, ca ? ca->key : NULL, cert);

	if (r == 0 && ca)
		r = buffer_append(cert, buffer_data(&ca->sent), buffer_len(&ca->sent));
	return make_fault(r, "a certificate");
}

int
keys_make_ca_name(const char *name, const struct pki_key *key, size_t size, char *ret)
{
	uint8_t pin[PKI_PIN_SIZE];
	char hex[9];
	int r = make_fault(pki_key_pin(key, pin), "a CA");

	if (r != 0)
		return r;
	text_hex(pin, 4, hex);
	snprintf(ret, size, "%s %s", name, hex);
	return 0;
}

static int
check_path_length(const struct keys_options *o, const struct keys_ca *parent)
{
	int wanted = o->path_length < 0 ? 0 : o->path_length;

	if (!parent || parent->path_length < 0 || wanted < parent->path_length)
		return 0;
	if (parent->path_length == 0)
		return keys_fail(EX_DATAERR,
			"%s/ca.pem may have no CA below it: its path length is 0, and "
			"renew ca --path-length 1 makes it 1",
			parent->folder);
	return keys_fail(EX_USAGE,
		"--path-length %d is too much: %s/ca.pem has %d, and each below has less",
		wanted, parent->folder, parent->path_length);
}

int
keys_make_ca(const struct keys_options *o, const struct keys_ca *parent,
	const char *passphrase, struct buffer *pem, struct buffer *key_text,
	struct keys_ca *ret)
{
	CLEANUP(pki_key_free) struct pki_key *key = NULL;
	struct keys_dates dates = keys_dates_of(
		o, parent ? KEYS_DAYS_BELOW : KEYS_DAYS_CA, parent, "the CA");
	char name[KEYS_NAME_MAX + 1];
	struct pki_order order = { .role = PKI_ROLE_CA,
		.common_name = name,
		.not_before = dates.from,
		.not_after = dates.until,
		.path_length = o->path_length < 0 ? 0 : (unsigned)o->path_length,
		.permits = o->permits,
		.n_permits = o->n_permits };
	int r = check_path_length(o, parent);

	if (r == 0)
		r = keys_permit_check_domains(o, parent);
	if (r == 0)
		r = keys_make_key(o->type, passphrase, key_text, &key);
	if (r == 0)
		r = keys_make_ca_name(
			parent ? o->name : "Postern CA", key, sizeof(name), name);
	if (r == 0)
		r = order_certificate(&order, key, parent, pem);
	return r != 0 ? r
		      : keys_ca_of(
				o->dir, pem, parent ? &parent->trusted : NULL, &key, ret);
}

static int
make_peer(const struct keys_options *o, struct pki_order *order, const struct keys_ca *ca,
	const char *what, struct buffer *cert, struct buffer *key_text)
{
	CLEANUP(pki_key_free) struct pki_key *key = NULL;
	struct keys_dates dates = keys_dates_of(o, KEYS_DAYS_PEER, ca, what);
	int r;

	order->not_before = dates.from;
	order->not_after = dates.until;
	r = keys_permit_check_order(order, ca);
	if (r == 0)
		r = keys_make_key(o->type, NULL, key_text, &key);
	return r != 0 ? r : order_certificate(order, key, ca, cert);
}

int
keys_make_server(const struct keys_options *o, const struct keys_ca *ca, const char *what,
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
	return make_peer(o, &order, ca, what, cert, key);
}

int
keys_make_client(const struct keys_options *o, const struct keys_ca *ca, const char *what,
	struct buffer *cert, struct buffer *key)
{
	struct pki_order order = {
		.role = PKI_ROLE_CLIENT,
		.common_name = o->name,
		.mail = strchr(o->name, '@') ? o->name : NULL,
	};

	return make_peer(o, &order, ca, what, cert, key);
}
