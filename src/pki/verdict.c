// SPDX-License-Identifier: ISC
/*
 * The verdicts on a peer's certificate: their words, their alerts, and how GnuTLS'
 * verification status is read. Pure; whatever is not known to be harmless is refused.
 */
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "pki/identity.h"

static const struct {
	const char *name;
	int alert;
} verdicts[PKI_VERDICTS] = {
	[PKI_TRUSTED] = { "trusted", -1 },
	[PKI_NO_CERTIFICATE] = { "no certificate", GNUTLS_A_CERTIFICATE_REQUIRED },
	[PKI_UNKNOWN_CA] = { "unknown CA", GNUTLS_A_UNKNOWN_CA },
	[PKI_EXPIRED] = { "expired", GNUTLS_A_CERTIFICATE_EXPIRED },
	[PKI_NOT_YET_VALID] = { "not yet valid", GNUTLS_A_CERTIFICATE_EXPIRED },
	[PKI_WRONG_PURPOSE] = { "wrong purpose", GNUTLS_A_UNSUPPORTED_CERTIFICATE },
	[PKI_WEAK] = { "too weak", GNUTLS_A_UNSUPPORTED_CERTIFICATE },
	[PKI_REVOKED] = { "revoked", GNUTLS_A_CERTIFICATE_REVOKED },
	[PKI_BAD] = { "bad certificate", GNUTLS_A_BAD_CERTIFICATE },
};

/* In the order in which they count when several are set. A signer that is no CA and a
 * violated constraint are faults of the chain, not of its age or purpose. */
static const struct {
	unsigned bits;
	enum pki_verdict verdict;
} status_bits[] = {
	{ GNUTLS_CERT_REVOKED, PKI_REVOKED },
	{ GNUTLS_CERT_SIGNATURE_FAILURE | GNUTLS_CERT_SIGNER_NOT_CA |
			GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE |
			GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS |
			GNUTLS_CERT_UNEXPECTED_OWNER | GNUTLS_CERT_MISMATCH,
		PKI_BAD },
	{ GNUTLS_CERT_EXPIRED, PKI_EXPIRED },
	{ GNUTLS_CERT_NOT_ACTIVATED, PKI_NOT_YET_VALID },
	{ GNUTLS_CERT_PURPOSE_MISMATCH, PKI_WRONG_PURPOSE },
	{ GNUTLS_CERT_INSECURE_ALGORITHM, PKI_WEAK },
};

const char *
pki_verdict_name(enum pki_verdict verdict)
{
	return (unsigned)verdict < PKI_VERDICTS ? verdicts[verdict].name
						: verdicts[PKI_BAD].name;
}

int
pki_verdict_alert(enum pki_verdict verdict)
{
	if ((unsigned)verdict >= PKI_VERDICTS || verdict == PKI_TRUSTED)
		return GNUTLS_A_BAD_CERTIFICATE;
	return verdicts[verdict].alert;
}

enum pki_verdict
pki_verdict_of_status(unsigned gnutls_status)
{
	if (gnutls_status == 0)
		return PKI_TRUSTED;
	for (size_t i = 0; i < sizeof(status_bits) / sizeof(status_bits[0]); i++) {
		if (gnutls_status & status_bits[i].bits)
			return status_bits[i].verdict;
	}
	if (gnutls_status == (GNUTLS_CERT_INVALID | GNUTLS_CERT_SIGNER_NOT_FOUND))
		return PKI_UNKNOWN_CA;
	return PKI_BAD;
}
