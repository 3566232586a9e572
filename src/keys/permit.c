// SPDX-License-Identifier: ISC
/*
 * Name constraints obeyed. A client without a domain is named by its CN alone, about
 * which constraints say nothing: where they are about mail addresses at all, a server
 * refuses it, and so does this.
 */
#include "keys/permit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "keys/report.h"
#include "pki/constraints.h"

/* One CA of those that have to permit a name. */
struct judge {
	const struct keys_ca *ca;
	const struct buffer *der;
};

static int
refuse(struct judge j, const char *name)
{
	CLEANUP(buffer_free) struct buffer what = { 0 };
	const char *text = "";

	if (pki_constraints_describe(buffer_data(j.der), buffer_len(j.der), &what) == 0)
		text = buffer_string(&what);
	return keys_fail(EX_USAGE, "the CA of %s may not sign for `%s': %s", j.ca->folder,
		name, text ? text : "its constraints");
}

static int
check(struct judge j, enum pki_name_kind kind, const char *name)
{
	int r = pki_constraints_allow(buffer_data(j.der), buffer_len(j.der), kind, name);

	if (r < 0)
		return keys_fail(EX_DATAERR, "the CA's certificate in %s is damaged",
			j.ca->folder);
	return r > 0 ? 0 : refuse(j, name);
}

static int
check_name_alone(struct judge j, const char *name)
{
	int r = pki_constraints_are_about(
		buffer_data(j.der), buffer_len(j.der), PKI_NAME_MAIL);

	if (r < 0)
		return keys_fail(EX_DATAERR, "the CA's certificate in %s is damaged",
			j.ca->folder);
	return r == 0 ? 0 : refuse(j, name);
}

static enum pki_name_kind
kind_of(const char *host)
{
	unsigned char address[16];

	return inet_pton(AF_INET, host, address) == 1 ||
			       inet_pton(AF_INET6, host, address) == 1
		       ? PKI_NAME_ADDRESS
		       : PKI_NAME_DNS;
}

static int
check_one(struct judge j, const struct pki_order *order)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < order->n_hosts; i++)
		r = check(j, kind_of(order->hosts[i]), order->hosts[i]);
	if (r == 0 && order->mail)
		r = check(j, PKI_NAME_MAIL, order->mail);
	if (r == 0 && order->role == PKI_ROLE_CLIENT && !order->mail)
		r = check_name_alone(j, order->common_name);
	return r;
}

int
keys_permit_check_order(const struct pki_order *order, const struct keys_ca *ca)
{
	int r = 0;

	for (size_t i = 0; ca && r == 0 && i < ca->chain.n; i++)
		r = check_one((struct judge){ ca, &ca->chain.der[i] }, order);
	for (size_t i = 0; ca && r == 0 && i < ca->roots.n; i++)
		r = check_one((struct judge){ ca, &ca->roots.der[i] }, order);
	return r;
}

int
keys_permit_check_domains(const struct keys_options *o, const struct keys_ca *parent)
{
	int r = 0;

	for (size_t i = 0; parent && r == 0 && i < o->n_permits; i++) {
		char mail[300];
		struct pki_order order = { .role = PKI_ROLE_SERVER,
			.hosts = &o->permits[i],
			.n_hosts = 1,
			.mail = mail };

		snprintf(mail, sizeof(mail), "any@%s", o->permits[i]);
		r = keys_permit_check_order(&order, parent);
	}
	return r;
}
