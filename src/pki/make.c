// SPDX-License-Identifier: ISC
/*
 * Certificates made (RFC 5280). Serial numbers are 16 random bytes; the subject key
 * identifier is that of the key; keys sign with the digest that GnuTLS holds fit for
 * them. Nothing is kept between calls. Faults: see make.h.
 */
#include "pki/make.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <string.h>

#include "base/cleanup.h"
#include "pki/digest.h"
#include "pki/handle.h"
#include "pki/identity.h"

enum { SERIAL_SIZE = 16, X509_VERSION = 3 };

static int
make_fault(int gnutls_error)
{
	if (gnutls_error >= 0)
		return 0;
	return gnutls_error == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EIO;
}

/* Random, positive, and never shorter than it looks (RFC 5280 section 4.1.2.2). */
static int
set_serial(gnutls_x509_crt_t crt)
{
	uint8_t serial[SERIAL_SIZE];
	int r = pki_random(serial, sizeof(serial));

	if (r < 0)
		return r;
	serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40);
	return make_fault(gnutls_x509_crt_set_serial(crt, serial, sizeof(serial)));
}

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
	return r == 0 ? set_serial(crt) : make_fault(r);
}

/* A CA signs certificates and revocation lists, and no other CA; a TLS peer signs. */
static int
set_usage(gnutls_x509_crt_t crt, enum pki_role role)
{
	bool ca = role == PKI_ROLE_CA;
	unsigned usage = ca ? GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN
			    : GNUTLS_KEY_DIGITAL_SIGNATURE;
	int r = gnutls_x509_crt_set_basic_constraints(crt, ca, ca ? 0 : -1);

	if (r == 0)
		r = gnutls_x509_crt_set_key_usage(crt, usage);
	if (r == 0 && role == PKI_ROLE_SERVER)
		r = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
	if (r == 0 && role == PKI_ROLE_CLIENT)
		r = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_CLIENT, 0);
	return make_fault(r);
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
set_own_key_id(gnutls_x509_crt_t crt)
{
	uint8_t id[PKI_PIN_SIZE];
	size_t size = sizeof(id);
	int r = gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA1, id, &size);

	return make_fault(r < 0 ? r : gnutls_x509_crt_set_subject_key_id(crt, id, size));
}

/* Only a CA whose key it is may sign; what it signs does not outlive it. */
static int
check_issuer(gnutls_x509_crt_t issuer, const struct pki_key *key)
{
	uint8_t of_crt[PKI_PIN_SIZE];
	uint8_t of_key[PKI_PIN_SIZE];
	size_t size = sizeof(of_crt);
	int r;

	if (gnutls_x509_crt_get_ca_status(issuer, NULL) <= 0)
		return -EBADMSG;
	r = gnutls_x509_crt_get_key_id(issuer, GNUTLS_KEYID_USE_SHA256, of_crt, &size);
	if (r < 0)
		return pki_parse_fault(r);
	r = pki_key_pin(key, of_key);
	if (r < 0)
		return r;
	return memcmp(of_crt, of_key, sizeof(of_key)) == 0 ? 0 : -EKEYREJECTED;
}

static int
obey_issuer(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer)
{
	uint8_t id[64];
	size_t size = sizeof(id);
	time_t until = gnutls_x509_crt_get_expiration_time(issuer);
	int r;

	if (until < gnutls_x509_crt_get_expiration_time(crt)) {
		r = gnutls_x509_crt_set_expiration_time(crt, until);
		if (r < 0)
			return make_fault(r);
	}
	r = gnutls_x509_crt_get_subject_key_id(issuer, id, &size, NULL);
	if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return 0;
	if (r < 0)
		return pki_parse_fault(r);
	return make_fault(gnutls_x509_crt_set_authority_key_id(crt, id, size));
}

static int
sign(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer, const struct pki_key *key)
{
	gnutls_privkey_t signer;
	int r = gnutls_privkey_init(&signer);

	if (r < 0)
		return make_fault(r);
	r = gnutls_privkey_import_x509(signer, pki_key_handle(key), 0);
	/* Of no digest GnuTLS chooses the one that suits the key. */
	if (r == 0)
		r = gnutls_x509_crt_privkey_sign(
			crt, issuer, signer, GNUTLS_DIG_UNKNOWN, 0);
	gnutls_privkey_deinit(signer);
	return make_fault(r);
}

static int
fill(gnutls_x509_crt_t crt, const struct pki_order *order, const struct pki_key *key)
{
	int r = set_basics(crt, order, key);

	if (r == 0)
		r = set_usage(crt, order->role);
	if (r == 0)
		r = set_names(crt, order);
	if (r == 0)
		r = set_own_key_id(crt);
	return r;
}

static int
write_crt(gnutls_x509_crt_t crt, struct buffer *ret)
{
	gnutls_datum_t pem = { NULL, 0 };
	int r = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem);

	if (r < 0)
		return make_fault(r);
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
	if (r < 0)
		return r;
	if (issuer_key) {
		r = pki_crt_read(issuer, issuer_len, &ca);
		if (r == 0)
			r = check_issuer(ca, issuer_key);
		if (r == 0)
			r = obey_issuer(crt, ca);
	}
	if (r == 0)
		r = sign(crt, ca ? ca : crt, issuer_key ? issuer_key : key);
	return r < 0 ? r : write_crt(crt, ret);
}
