// SPDX-License-Identifier: ISC
/*
 * What a certificate may be used for, in words, and who has signed it. Everything read is
 * copied out; the GnuTLS handles live inside one call. Faults: -EBADMSG, -ENOMEM.
 */
#include <errno.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pki/constraints.h"
#include "pki/describe_parts.h"
#include "pki/handle.h"
#include "pki/signature.h"

struct word {
	const char *word;
	unsigned usage;
	const char *oid;
};

/* In the words of RFC 5280 sections 4.2.1.3 and 4.2.1.12. */
static const struct word usages[] = {
	{ "digitalSignature", GNUTLS_KEY_DIGITAL_SIGNATURE, NULL },
	{ "nonRepudiation", GNUTLS_KEY_NON_REPUDIATION, NULL },
	{ "keyEncipherment", GNUTLS_KEY_KEY_ENCIPHERMENT, NULL },
	{ "dataEncipherment", GNUTLS_KEY_DATA_ENCIPHERMENT, NULL },
	{ "keyAgreement", GNUTLS_KEY_KEY_AGREEMENT, NULL },
	{ "keyCertSign", GNUTLS_KEY_KEY_CERT_SIGN, NULL },
	{ "cRLSign", GNUTLS_KEY_CRL_SIGN, NULL },
	{ "encipherOnly", GNUTLS_KEY_ENCIPHER_ONLY, NULL },
	{ "decipherOnly", GNUTLS_KEY_DECIPHER_ONLY, NULL },
};

static const struct word purposes[] = {
	{ "serverAuth", 0, GNUTLS_KP_TLS_WWW_SERVER },
	{ "clientAuth", 0, GNUTLS_KP_TLS_WWW_CLIENT },
	{ "codeSigning", 0, GNUTLS_KP_CODE_SIGNING },
	{ "emailProtection", 0, GNUTLS_KP_EMAIL_PROTECTION },
	{ "timeStamping", 0, GNUTLS_KP_TIME_STAMPING },
	{ "OCSPSigning", 0, GNUTLS_KP_OCSP_SIGNING },
	{ "anyExtendedKeyUsage", 0, GNUTLS_KP_ANY },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int
add_word(struct buffer *b, const char *word)
{
	int r = buffer_len(b) > 0 ? buffer_puts(b, ", ") : 0;

	return r < 0 ? r : buffer_puts(b, word);
}

static int
add_usages(gnutls_x509_crt_t crt, struct buffer *b)
{
	unsigned usage = 0;
	int r = gnutls_x509_crt_get_key_usage(crt, &usage, NULL);

	if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return 0;
	if (r < 0)
		return pki_parse_fault(r);
	r = 0;
	for (size_t i = 0; r == 0 && i < COUNT(usages); i++) {
		if (usage & usages[i].usage)
			r = add_word(b, usages[i].word);
	}
	return r;
}

/* One that has no name here is given as its OID. */
static const char *
purpose_of(const char *oid)
{
	for (size_t i = 0; i < COUNT(purposes); i++) {
		if (strcmp(oid, purposes[i].oid) == 0)
			return purposes[i].word;
	}
	return oid;
}

static int
add_purposes(gnutls_x509_crt_t crt, struct buffer *b)
{
	int r = 0;

	for (unsigned i = 0; r == 0; i++) {
		char oid[128];
		size_t size = sizeof(oid);
		int found = gnutls_x509_crt_get_key_purpose_oid(crt, i, oid, &size, NULL);

		if (found == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return 0;
		if (found < 0 && found != GNUTLS_E_SHORT_MEMORY_BUFFER)
			return pki_parse_fault(found);
		r = add_word(b, found < 0 ? "other" : purpose_of(oid));
	}
	return r;
}

static int
take_text(struct buffer *b, char **ret)
{
	const char *text = buffer_string(b);

	*ret = text ? strdup(text) : NULL;
	return *ret ? 0 : -ENOMEM;
}

static int
describe_constraints(gnutls_x509_crt_t crt, struct buffer *b)
{
	gnutls_datum_t der = { NULL, 0 };
	int r = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &der);

	if (r < 0)
		return pki_parse_fault(r);
	r = pki_constraints_describe(der.data, der.size, b);
	gnutls_free(der.data);
	return r;
}

int
pki_describe_use(gnutls_x509_crt_t crt, struct pki_description *d)
{
	CLEANUP(buffer_free) struct buffer uses = { 0 };
	CLEANUP(buffer_free) struct buffer constraints = { 0 };
	unsigned ca = 0;
	int path_length = -1;
	int r = add_usages(crt, &uses);

	if (r == 0)
		r = add_purposes(crt, &uses);
	if (r == 0)
		r = describe_constraints(crt, &constraints);
	if (r == 0)
		r = take_text(&uses, &d->uses);
	if (r == 0)
		r = take_text(&constraints, &d->constraints);
	if (r < 0)
		return r;
	d->is_ca = gnutls_x509_crt_get_basic_constraints(crt, NULL, &ca, &path_length) >=
			   0 &&
		   ca > 0;
	d->path_length = d->is_ca ? path_length : -1;
	return 0;
}

bool
pki_certificate_is_from(
	const void *der, size_t len, const void *issuer, size_t issuer_len)
{
	CLEANUP(pki_crt_free) gnutls_x509_crt_t crt = NULL;
	CLEANUP(pki_crt_free) gnutls_x509_crt_t ca = NULL;

	if (pki_crt_read(der, len, &crt) < 0 || pki_crt_read(issuer, issuer_len, &ca) < 0)
		return false;
	if (gnutls_x509_crt_get_ca_status(ca, NULL) <= 0 &&
		!pki_der_equal(pki_der_of(der, len), pki_der_of(issuer, issuer_len)))
		return false;
	return gnutls_x509_crt_check_issuer(crt, ca) > 0 &&
	       pki_signature_is_by(pki_der_of(der, len),
		       gnutls_x509_crt_get_signature_algorithm(crt), ca);
}

enum pki_key_type
pki_certificate_key_type(const void *der, size_t len)
{
	CLEANUP(pki_crt_free) gnutls_x509_crt_t crt = NULL;

	if (pki_crt_read(der, len, &crt) < 0)
		return PKI_KEY_P256;
	switch (gnutls_x509_crt_get_pk_algorithm(crt, NULL)) {
	case GNUTLS_PK_RSA:
	case GNUTLS_PK_RSA_PSS:
		return PKI_KEY_RSA3072;
	case GNUTLS_PK_EDDSA_ED25519:
		return PKI_KEY_ED25519;
	default:
		return PKI_KEY_P256;
	}
}

bool
pki_certificate_names(const void *der, size_t len, const char *host)
{
	CLEANUP(pki_crt_free) gnutls_x509_crt_t crt = NULL;

	return pki_crt_read(der, len, &crt) == 0 &&
	       gnutls_x509_crt_check_hostname2(crt, host, 0) != 0;
}
