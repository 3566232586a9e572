// SPDX-License-Identifier: ISC
/*
 * Certificates made (RFC 5280) as they are ordered. Nothing is kept between calls.
 * Faults: see make.h.
 */
#include "pki/make.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <string.h>

#include "base/cleanup.h"
#include "pki/constraints.h"
#include "pki/handle.h"
#include "pki/make_parts.h"

enum { X509_VERSION = 3 };

static int
set_basics(
	gnutls_x509_crt_t crt, const struct pki_order *order, const struct pki_key *key)
{
	int r = gnutls_x509_crt_set_version(crt, X509_VERSION);

	if (r == 0)
		r = gnutls_x509_crt_set_key(crt, pki_key_handle(key));
	if (r == 0)
		r = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0,
			order->common_name, (unsigned)strlen(order->common_name));
	if (r == 0)
		r = gnutls_x509_crt_set_activation_time(crt, order->not_before);
	if (r == 0)
		r = gnutls_x509_crt_set_expiration_time(crt, order->not_after);
	return r == 0 ? pki_make_set_serial(crt) : pki_make_fault(r);
}

/* A CA signs certificates and revocation lists, and other CAs where its path length says
 * so; a TLS peer signs. */
static int
set_usage(gnutls_x509_crt_t crt, const struct pki_order *order)
{
	enum pki_role role = order->role;
	bool ca = role == PKI_ROLE_CA;
	unsigned usage = ca ? GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN
			    : GNUTLS_KEY_DIGITAL_SIGNATURE;
	int r = gnutls_x509_crt_set_basic_constraints(
		crt, ca, ca ? (int)order->path_length : -1);

	if (r == 0)
		r = gnutls_x509_crt_set_key_usage(crt, usage);
	if (r == 0 && role == PKI_ROLE_SERVER)
		r = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
	if (r == 0 && role == PKI_ROLE_CLIENT)
		r = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_CLIENT, 0);
	return pki_make_fault(r);
}

static int
set_host(gnutls_x509_crt_t crt, const char *host)
{
	uint8_t address[16];
	int family = strchr(host, ':') ? AF_INET6 : AF_INET;
	int r;

	if (inet_pton(family, host, address) == 1)
		r = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS,
			address, family == AF_INET ? 4 : 16, GNUTLS_FSAN_APPEND);
	else
		r = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, host,
			(unsigned)strlen(host), GNUTLS_FSAN_APPEND);
	return r == 0 ? 0 : -EINVAL;
}

static int
set_names(gnutls_x509_crt_t crt, const struct pki_order *order)
{
	int r;

	for (size_t i = 0; i < order->n_hosts; i++) {
		r = set_host(crt, order->hosts[i]);
		if (r < 0)
			return r;
	}
	if (!order->mail)
		return 0;
	r = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_RFC822NAME, order->mail,
		(unsigned)strlen(order->mail), GNUTLS_FSAN_APPEND);
	return r == 0 ? 0 : -EINVAL;
}

static int
fill(gnutls_x509_crt_t crt, const struct pki_order *order, const struct pki_key *key)
{
	int r = set_basics(crt, order, key);

	if (r == 0)
		r = set_usage(crt, order);
	if (r == 0)
		r = set_names(crt, order);
	if (r == 0)
		r = pki_constraints_set(crt, order->permits, order->n_permits);
	if (r == 0)
		r = pki_make_set_key_id(crt);
	return r;
}

static int
write_crt(gnutls_x509_crt_t crt, struct buffer *ret)
{
	gnutls_datum_t pem = { NULL, 0 };
	int r = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem);

	if (r < 0)
		return pki_make_fault(r);
	r = buffer_append(ret, pem.data, pem.size);
	gnutls_free(pem.data);
	return r;
}

int
pki_certificate_make(const struct pki_order *order, const struct pki_key *key,
	const void *issuer, size_t issuer_len, const struct pki_key *issuer_key,
	struct buffer *ret)
{
	CLEANUP(pki_crt_free) gnutls_x509_crt_t crt = NULL;
	CLEANUP(pki_crt_free) gnutls_x509_crt_t ca = NULL;
	int r;

	if (gnutls_x509_crt_init(&crt) < 0)
		return -ENOMEM;
	r = fill(crt, order, key);
	if (r == 0 && issuer_key)
		r = pki_crt_read(issuer, issuer_len, &ca);
	if (r == 0)
		r = pki_make_sign(crt, key, ca, issuer_key);
	return r < 0 ? r : write_crt(crt, ret);
}
