// SPDX-License-Identifier: ISC
/*
 * One certificate judged as a client's, its chain aside, because neither a pinned
 * certificate nor its key usage is looked at when a chain is verified. Whatever cannot be
 * read is PKI_BAD.
 */
#include <gnutls/x509.h>
#include <string.h>

#include "base/cleanup.h"
#include "pki/handle.h"
#include "pki/identity.h"

static bool
is_known_extension(const char *oid)
{
	static const char *const known[] = {
		"2.5.29.15",         /* keyUsage */
		"2.5.29.17",         /* subjectAltName */
		"2.5.29.18",         /* issuerAltName */
		"2.5.29.19",         /* basicConstraints */
		"2.5.29.30",         /* nameConstraints: of a CA, nothing to do here */
		"2.5.29.32",         /* certificatePolicies */
		"2.5.29.37",         /* extKeyUsage */
		"1.3.6.1.5.5.7.1.24" /* TLS feature: of a server */
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(oid, known[i]) == 0)
			return true;
	}
	return false;
}

/* RFC 5280 section 4.2: a critical extension that is not known makes it unusable. */
static bool
extensions_are_known(gnutls_x509_crt_t crt)
{
	for (unsigned i = 0;; i++) {
		char oid[128];
		size_t size = sizeof(oid);
		unsigned critical;
		int r = gnutls_x509_crt_get_extension_info(crt, i, oid, &size, &critical);

		if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return true;
		if (r < 0 || (critical && !is_known_extension(oid)))
			return false;
	}
}

/* RFC 5280 section 4.2.1.12: clientAuth or anyExtendedKeyUsage, where there is any. */
static enum pki_verdict
judge_purpose(gnutls_x509_crt_t crt)
{
	for (unsigned i = 0;; i++) {
		char oid[128];
		size_t size = sizeof(oid);
		int r = gnutls_x509_crt_get_key_purpose_oid(crt, i, oid, &size, NULL);

		if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return i == 0 ? PKI_TRUSTED : PKI_WRONG_PURPOSE;
		if (r == GNUTLS_E_SHORT_MEMORY_BUFFER)
			continue;
		if (r < 0)
			return PKI_BAD;
		if (strcmp(oid, GNUTLS_KP_TLS_WWW_CLIENT) == 0 ||
			strcmp(oid, GNUTLS_KP_ANY) == 0)
			return PKI_TRUSTED;
	}
}

/* RFC 5280 section 4.2.1.3: a TLS client signs. */
static enum pki_verdict
judge_usage(gnutls_x509_crt_t crt)
{
	unsigned usage;
	int r = gnutls_x509_crt_get_key_usage(crt, &usage, NULL);

	if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return PKI_TRUSTED;
	if (r < 0)
		return PKI_BAD;
	return usage & GNUTLS_KEY_DIGITAL_SIGNATURE ? PKI_TRUSTED : PKI_WRONG_PURPOSE;
}

static enum pki_verdict
judge_key(gnutls_x509_crt_t crt)
{
	unsigned bits;
	int algorithm = gnutls_x509_crt_get_pk_algorithm(crt, &bits);

	if (algorithm <= GNUTLS_PK_UNKNOWN)
		return PKI_BAD;
	return gnutls_pk_bits_to_sec_param((gnutls_pk_algorithm_t)algorithm, bits) >=
			       GNUTLS_SEC_PARAM_MEDIUM
		       ? PKI_TRUSTED
		       : PKI_WEAK;
}

static enum pki_verdict
judge_dates(gnutls_x509_crt_t crt, int64_t now)
{
	time_t from = gnutls_x509_crt_get_activation_time(crt);
	time_t until = gnutls_x509_crt_get_expiration_time(crt);

	if (from == (time_t)-1 || until == (time_t)-1)
		return PKI_BAD;
	if (now > until)
		return PKI_EXPIRED;
	return now < from ? PKI_NOT_YET_VALID : PKI_TRUSTED;
}

enum pki_verdict
pki_crt_judge(gnutls_x509_crt_t crt, int64_t now)
{
	enum pki_verdict verdict;

	if (!extensions_are_known(crt))
		return PKI_BAD;
	verdict = judge_dates(crt, now);
	if (verdict != PKI_TRUSTED)
		return verdict;
	verdict = judge_purpose(crt);
	if (verdict != PKI_TRUSTED)
		return verdict;
	verdict = judge_usage(crt);
	if (verdict != PKI_TRUSTED)
		return verdict;
	return judge_key(crt);
}

enum pki_verdict
pki_client_judge(const void *der, size_t len, int64_t now)
{
	CLEANUP(pki_crt_free) gnutls_x509_crt_t crt = NULL;

	if (pki_crt_read(der, len, &crt) < 0)
		return PKI_BAD;
	return pki_crt_judge(crt, now);
}
