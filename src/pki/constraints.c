// SPDX-License-Identifier: ISC
/*
 * Name constraints by GnuTLS. A domain that is permitted stands there three times: as a
 * dNSName, which is itself and all below it, and as an rfc822Name without and with a dot
 * in front, the mailboxes of that host and of all hosts below it. Nothing is kept.
 */
#include "pki/constraints.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/x509-ext.h>
#include <gnutls/x509.h>
#include <string.h>

#include "base/cleanup.h"
#include "pki/handle.h"
#include "pki/make_parts.h"

typedef int get_constraint(
	gnutls_x509_name_constraints_t, unsigned, unsigned *, gnutls_datum_t *);

static void
constraints_free(gnutls_x509_name_constraints_t *constraints)
{
	if (*constraints)
		gnutls_x509_name_constraints_deinit(*constraints);
}

/* 1 with the constraints, 0 where there are none. */
static int
constraints_of(gnutls_x509_crt_t crt, gnutls_x509_name_constraints_t *ret)
{
	CLEANUP(constraints_free) gnutls_x509_name_constraints_t nc = NULL;
	unsigned critical;
	int r;

	if (gnutls_x509_name_constraints_init(&nc) < 0)
		return -ENOMEM;
	r = gnutls_x509_crt_get_name_constraints(crt, nc, 0, &critical);
	if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return 0;
	if (r < 0)
		return pki_parse_fault(r);
	*ret = TAKE_PTR(nc);
	return 1;
}

static int
read_constraints(const void *ca, size_t len, gnutls_x509_name_constraints_t *ret)
{
	CLEANUP(pki_crt_free) gnutls_x509_crt_t crt = NULL;
	int r = pki_crt_read(ca, len, &crt);

	return r < 0 ? r : constraints_of(crt, ret);
}

static gnutls_x509_subject_alt_name_t
type_of(enum pki_name_kind kind)
{
	if (kind == PKI_NAME_DNS)
		return GNUTLS_SAN_DNSNAME;
	return kind == PKI_NAME_MAIL ? GNUTLS_SAN_RFC822NAME : GNUTLS_SAN_IPADDRESS;
}

int
pki_constraints_allow(
	const void *ca, size_t len, enum pki_name_kind kind, const char *name)
{
	CLEANUP(constraints_free) gnutls_x509_name_constraints_t nc = NULL;
	uint8_t address[16];
	gnutls_datum_t datum = { (unsigned char *)name, (unsigned)strlen(name) };
	int r = read_constraints(ca, len, &nc);

	if (r <= 0)
		return r < 0 ? r : 1;
	if (kind == PKI_NAME_ADDRESS) {
		bool is_v6 = strchr(name, ':') != NULL;

		if (inet_pton(is_v6 ? AF_INET6 : AF_INET, name, address) != 1)
			return 0;
		datum = (gnutls_datum_t){ address, is_v6 ? 16 : 4 };
	}
	return gnutls_x509_name_constraints_check(nc, type_of(kind), &datum) != 0;
}

static bool
has_type(gnutls_x509_name_constraints_t nc, get_constraint *get, unsigned wanted)
{
	gnutls_datum_t name;
	unsigned type;

	for (unsigned i = 0; get(nc, i, &type, &name) >= 0; i++) {
		if (type == wanted)
			return true;
	}
	return false;
}

static bool
are_about(gnutls_x509_name_constraints_t nc, gnutls_x509_subject_alt_name_t type)
{
	return has_type(nc, gnutls_x509_name_constraints_get_permitted, type) ||
	       has_type(nc, gnutls_x509_name_constraints_get_excluded, type);
}

int
pki_constraints_are_about(const void *ca, size_t len, enum pki_name_kind kind)
{
	CLEANUP(constraints_free) gnutls_x509_name_constraints_t nc = NULL;
	int r = read_constraints(ca, len, &nc);

	return r <= 0 ? r : are_about(nc, type_of(kind));
}

int
pki_crt_allows_user(gnutls_x509_crt_t ca, const char *name)
{
	CLEANUP(constraints_free) gnutls_x509_name_constraints_t nc = NULL;
	gnutls_datum_t datum = { (unsigned char *)name, (unsigned)strlen(name) };
	int r = constraints_of(ca, &nc);

	if (r <= 0)
		return r < 0 ? r : 1;
	return !are_about(nc, GNUTLS_SAN_RFC822NAME) ||
	       gnutls_x509_name_constraints_check(nc, GNUTLS_SAN_RFC822NAME, &datum) != 0;
}

/* An IP constraint is an address and a mask behind it. */
static int
describe_one(struct buffer *b, unsigned type, const gnutls_datum_t *name)
{
	char address[INET6_ADDRSTRLEN] = "";
	unsigned bits = 0;
	unsigned half = name->size / 2;

	switch (type) {
	case GNUTLS_SAN_DNSNAME:
		return buffer_printf(b, "DNS:%.*s", (int)name->size, name->data);
	case GNUTLS_SAN_RFC822NAME:
		return buffer_printf(b, "email:%.*s", (int)name->size, name->data);
	case GNUTLS_SAN_IPADDRESS:
		if (half != 4 && half != 16)
			return buffer_puts(b, "IP:damaged");
		for (unsigned i = half; i < name->size; i++)
			bits += (unsigned)__builtin_popcount(name->data[i]);
		inet_ntop(half == 4 ? AF_INET : AF_INET6, name->data, address,
			sizeof(address));
		return buffer_printf(b, "IP:%s/%u", address, bits);
	default:
		return buffer_puts(b, "other");
	}
}

static int
describe_all(struct buffer *b, const char *word, gnutls_x509_name_constraints_t nc,
	get_constraint *get)
{
	gnutls_datum_t name;
	unsigned type;
	int r = 0;

	for (unsigned i = 0; r == 0 && get(nc, i, &type, &name) >= 0; i++) {
		if (buffer_len(b) > 0)
			r = buffer_puts(b, i > 0 ? ", " : "; ");
		if (r == 0 && i == 0)
			r = buffer_printf(b, "%s ", word);
		if (r == 0)
			r = describe_one(b, type, &name);
	}
	return r;
}

int
pki_constraints_describe(const void *ca, size_t len, struct buffer *ret)
{
	CLEANUP(constraints_free) gnutls_x509_name_constraints_t nc = NULL;
	int r = read_constraints(ca, len, &nc);

	if (r <= 0)
		return r;
	r = describe_all(
		ret, "permitted", nc, gnutls_x509_name_constraints_get_permitted);
	if (r == 0)
		r = describe_all(
			ret, "excluded", nc, gnutls_x509_name_constraints_get_excluded);
	return r;
}

static int
permit(gnutls_x509_name_constraints_t nc, gnutls_x509_subject_alt_name_t type,
	const char *name)
{
	gnutls_datum_t datum = { (unsigned char *)name, (unsigned)strlen(name) };

	return pki_make_fault(
		gnutls_x509_name_constraints_add_permitted(nc, type, &datum));
}

static int
permit_domain(gnutls_x509_name_constraints_t nc, const char *domain)
{
	char below[256];
	size_t len = strlen(domain);
	int r;

	if (len == 0 || len >= sizeof(below) - 1)
		return -EINVAL;
	below[0] = '.';
	memcpy(below + 1, domain, len + 1);
	r = permit(nc, GNUTLS_SAN_DNSNAME, domain);
	if (r == 0)
		r = permit(nc, GNUTLS_SAN_RFC822NAME, domain);
	if (r == 0)
		r = permit(nc, GNUTLS_SAN_RFC822NAME, below);
	return r;
}

int
pki_constraints_set(gnutls_x509_crt_t crt, const char *const *domains, size_t n)
{
	CLEANUP(constraints_free) gnutls_x509_name_constraints_t nc = NULL;
	int r = 0;

	if (n == 0)
		return 0;
	if (gnutls_x509_name_constraints_init(&nc) < 0)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = permit_domain(nc, domains[i]);
	if (r < 0)
		return r;
	return pki_make_fault(gnutls_x509_crt_set_name_constraints(crt, nc, 1));
}
