// SPDX-License-Identifier: ISC
/*
 * An index of revocation lists as another process may have left it: the input is the
 * index, whose source is taken as the right one. Whatever it holds, it is opened or
 * refused; asked about a CA and a certificate, it gives one of its three answers, the
 * same each time; and nothing outside is read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pki/crl_index.h"
#include "pki/describe.h"
#include "pki/handle.h"
#include "pki/make.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SOURCE_AT = 16, NOW = 1750000000 };

static struct gnutls_x509_crt_int *ca, *crt;

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* A certificate that signs itself, by a key that nobody keeps. */
static void
make(enum pki_role role, struct gnutls_x509_crt_int **ret)
{
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	struct pki_order order = { .role = role,
		.common_name = "CA",
		.not_before = NOW - 1000,
		.not_after = NOW + 1000 };
	struct pki_chain chain;
	struct pki_key *key;

	require(pki_key_make(PKI_KEY_P256, &key) == 0);
	require(pki_certificate_make(&order, key, NULL, 0, NULL, &pem) == 0);
	require(pki_chain_read(buffer_data(&pem), buffer_len(&pem), &chain) == 0);
	require(pki_crt_read(
			buffer_data(&chain.der[0]), buffer_len(&chain.der[0]), ret) == 0);
	pki_chain_clear(&chain);
	pki_key_free(&key);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pki_crl_index index;
	uint8_t *copy;

	if (!ca) {
		make(PKI_ROLE_CA, &ca);
		make(PKI_ROLE_CLIENT, &crt);
	}
	if (size < SOURCE_AT + PKI_CRL_SOURCE_SIZE)
		return 0;
	/* Exactly as long as it is, so that the sanitizers see where it ends. */
	copy = malloc(size);
	require(copy != NULL);
	memcpy(copy, data, size);
	if (pki_crl_index_open(copy, size, copy + SOURCE_AT, &index) == 0) {
		enum pki_verdict verdict = pki_crl_index_ask(&index, ca, crt, NOW);

		require(verdict == PKI_BAD || verdict == PKI_TRUSTED ||
			verdict == PKI_REVOKED);
		require(pki_crl_index_ask(&index, ca, crt, NOW) == verdict);
		require(pki_crl_index_ask(&index, ca, NULL, NOW) != PKI_REVOKED);
	}
	free(copy);
	return 0;
}
