// SPDX-License-Identifier: ISC
/*
 * A client's chain from any bytes: certificates one behind the other, each behind its
 * length of three bytes, judged against one CA. Whoever is trusted can be read, is valid
 * now and is no CA; a device's chain is judged the same or milder; and the same chain is
 * always the same.
 */
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/reader.h"
#include "pki/handle.h"
#include "tls/credentials_private.h"
#include "tls/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Its key is nowhere any more. */
static const char CA[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBTDCB9KADAgECAgEBMAoGCCqGSM49BAMCMB0xGzAZBgNVBAMMEkEgZnV6eiB0\n"
	"YXJnZXQncyBDQTAgFw0yMDAxMDEwMDAwMDBaGA85OTk5MTIzMTIzNTk1OVowHTEb\n"
	"MBkGA1UEAwwSQSBmdXp6IHRhcmdldCdzIENBMFkwEwYHKoZIzj0CAQYIKoZIzj0D\n"
	"AQcDQgAEIU11hRjs2ZKQBfjoyJPlZ1tgQ5QgPEmNrDxshuA0Ztu9Ju9T31wHMYTx\n"
	"QFrjeg20MVl6b5919lRaAEG1/xlpsqMjMCEwDwYDVR0TAQH/BAUwAwEB/zAOBgNV\n"
	"HQ8BAf8EBAMCAQYwCgYIKoZIzj0EAwIDRwAwRAIgNcLV/+GllcJW19k1Nu0OYjKs\n"
	"Sgw+/qsVqZxufYXmbuUCIEmOmABo5eYQL3GqQnzifYLNpOOQhou3y6v4ijGNAZ7k\n"
	"-----END CERTIFICATE-----\n";

static void
check(bool good)
{
	if (!good)
		abort();
}

static const struct tls_credentials *
credentials(void)
{
	static struct tls_credentials c;
	gnutls_datum_t pem = { (void *)CA, sizeof(CA) - 1 };

	if (c.certificates)
		return &c;
	check(gnutls_certificate_allocate_credentials(&c.certificates) == 0);
	check(gnutls_certificate_set_x509_trust_mem(
		      c.certificates, &pem, GNUTLS_X509_FMT_PEM) == 1);
	c.verify_flags = tls_judge_flags("NORMAL");
	return &c;
}

static void
check_trusted(struct gnutls_x509_crt_int *leaf)
{
	struct pki_identity id;
	int64_t now = time(NULL);

	check(pki_crt_judge(leaf, now) == PKI_TRUSTED);
	check(gnutls_x509_crt_get_ca_status(leaf, NULL) <= 0);
	if (pki_crt_identity(leaf, &id) < 0)
		return;
	check(id.not_before <= now && now <= id.not_after);
	pki_identity_clear(&id);
}

static void
judge(struct gnutls_x509_crt_int *leaf, const struct tls_span *chain, size_t n)
{
	const struct tls_credentials *c = credentials();
	struct tls_credentials strict = *c;
	uint32_t status, again;
	enum pki_verdict verdict = tls_judge_chain(c, leaf, chain, n, &status);

	check(verdict < PKI_VERDICTS);
	check(tls_judge_chain(c, leaf, chain, n, &again) == verdict && again == status);
	if (verdict == PKI_TRUSTED)
		check_trusted(leaf);
	check(tls_judge_device(c, chain, n) == PKI_TRUSTED);
	/* As if there were a list, which revokes nobody. */
	strict.revocation = true;
	check(tls_judge_device(&strict, chain, n) != PKI_UNKNOWN_CA);
	check(tls_judge_pinned(c, leaf) == PKI_TRUSTED);
	tls_judge_pinned(&strict, leaf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(pki_crt_free) struct gnutls_x509_crt_int *leaf = NULL;
	struct reader r = { .at = data, .left = size };
	struct tls_span chain[TLS_PEER_CHAIN_MAX + 1];
	size_t n = 0;

	while (r.left > 0 && !r.bad && n <= TLS_PEER_CHAIN_MAX) {
		struct reader one = reader_inner(&r, 3);

		chain[n++] = (struct tls_span){ one.at, one.left };
	}
	if (r.bad || n == 0 || pki_crt_read(chain[0].data, chain[0].len, &leaf) < 0)
		return 0;
	judge(leaf, chain, n);
	return 0;
}
