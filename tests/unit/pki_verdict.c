// SPDX-License-Identifier: ISC
/*
 * How the status of a verified chain is read, and which alert answers each verdict.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

#include "pki/identity.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	unsigned status;
	enum pki_verdict verdict;
} statuses[] = {
	{ 0, PKI_TRUSTED },
	{ GNUTLS_CERT_INVALID, PKI_BAD },
	{ GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_INVALID, PKI_UNKNOWN_CA },
	{ GNUTLS_CERT_SIGNER_NOT_FOUND, PKI_BAD },
	{ GNUTLS_CERT_INVALID | GNUTLS_CERT_EXPIRED, PKI_EXPIRED },
	{ GNUTLS_CERT_EXPIRED, PKI_EXPIRED },
	{ GNUTLS_CERT_INVALID | GNUTLS_CERT_NOT_ACTIVATED, PKI_NOT_YET_VALID },
	{ GNUTLS_CERT_INVALID | GNUTLS_CERT_PURPOSE_MISMATCH, PKI_WRONG_PURPOSE },
	{ GNUTLS_CERT_INVALID | GNUTLS_CERT_INSECURE_ALGORITHM, PKI_WEAK },
	{ GNUTLS_CERT_INVALID | GNUTLS_CERT_REVOKED, PKI_REVOKED },
	{ GNUTLS_CERT_INVALID | GNUTLS_CERT_SIGNATURE_FAILURE, PKI_BAD },
	{ GNUTLS_CERT_INVALID | GNUTLS_CERT_SIGNER_NOT_CA, PKI_BAD },
	{ GNUTLS_CERT_INVALID | GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNER_NOT_CA,
		PKI_BAD },
	{ GNUTLS_CERT_INVALID | GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, PKI_BAD },
	{ GNUTLS_CERT_INVALID | GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS, PKI_BAD },
	{ GNUTLS_CERT_UNEXPECTED_OWNER, PKI_BAD },
	{ GNUTLS_CERT_INVALID_OCSP_STATUS, PKI_BAD },
	{ GNUTLS_CERT_INVALID | GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED, PKI_BAD },
	{ GNUTLS_CERT_INVALID | GNUTLS_CERT_REVOKED | GNUTLS_CERT_EXPIRED |
			GNUTLS_CERT_SIGNATURE_FAILURE,
		PKI_REVOKED },
	{ GNUTLS_CERT_INVALID | GNUTLS_CERT_SIGNATURE_FAILURE | GNUTLS_CERT_EXPIRED,
		PKI_BAD },
	{ GNUTLS_CERT_INVALID | GNUTLS_CERT_EXPIRED | GNUTLS_CERT_PURPOSE_MISMATCH,
		PKI_EXPIRED },
	{ GNUTLS_CERT_INVALID | GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_EXPIRED,
		PKI_EXPIRED },
	{ GNUTLS_CERT_INVALID | GNUTLS_CERT_PURPOSE_MISMATCH |
			GNUTLS_CERT_INSECURE_ALGORITHM,
		PKI_WRONG_PURPOSE },
};

static void
test_status(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(statuses); i++) {
		enum pki_verdict verdict = pki_verdict_of_status(statuses[i].status);

		if (verdict != statuses[i].verdict)
			fail_msg("status %#x: %s", statuses[i].status,
				pki_verdict_name(verdict));
	}
	/* Bits that no version has yet are refused like the others. */
	for (unsigned bit = 0; bit < 32; bit++) {
		assert_int_not_equal(pki_verdict_of_status(1U << bit), PKI_TRUSTED);
		assert_int_not_equal(pki_verdict_of_status(1U << bit), PKI_UNKNOWN_CA);
	}
	assert_int_equal(pki_verdict_of_status(GNUTLS_CERT_SIGNER_NOT_FOUND |
					       GNUTLS_CERT_INVALID | 1U << 30),
		PKI_BAD);
}

static void
test_alerts(void **state)
{
	static const int alerts[PKI_VERDICTS] = {
		[PKI_TRUSTED] = 42, /* never to be sent, and never a welcome */
		[PKI_NO_CERTIFICATE] = 116,
		[PKI_UNKNOWN_CA] = 48,
		[PKI_EXPIRED] = 45,
		[PKI_NOT_YET_VALID] = 45,
		[PKI_WRONG_PURPOSE] = 43,
		[PKI_WEAK] = 43,
		[PKI_REVOKED] = 44,
		[PKI_BAD] = 42,
	};

	(void)state;
	for (int i = 0; i < PKI_VERDICTS; i++) {
		assert_int_equal(pki_verdict_alert((enum pki_verdict)i), alerts[i]);
		assert_true(strlen(pki_verdict_name((enum pki_verdict)i)) > 0);
	}
	assert_int_equal(pki_verdict_alert(PKI_VERDICTS), 42);
	assert_int_equal(pki_verdict_alert((enum pki_verdict) - 1), 42);
	assert_string_equal(pki_verdict_name(PKI_VERDICTS), pki_verdict_name(PKI_BAD));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_alerts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
