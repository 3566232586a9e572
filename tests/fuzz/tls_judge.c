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
#include <unistd.h>

#include "base/cleanup.h"
#include "base/reader.h"
#include "pki/handle.h"
#include "tls/credentials_private.h"
#include "tls/judge.h"
#include "tls/revocation.h"

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

/* A list of somebody else, which says nothing of anybody here. */
static struct tls_revocation *
other_list(void)
{
	static const char list[] =
		"-----BEGIN X509 CRL-----\n"
		"MIHMMHQCAQEwCgYIKoZIzj0EAwIwEjEQMA4GA1UEAxMHVGVzdCBDQRcNMjYxMTI2\n"
		"MDEzMjA4WhcNMjYxMTI2MDMzMjA4WjAAoC8wLTAfBgNVHSMEGDAWgBQ5IKfqpwYw\n"
		"dweoHwriHcI9QoKltjAKBgNVHRQEAwIBCTAKBggqhkjOPQQDAgNIADBFAiEA3l8h\n"
		"E0pkTnTIYB28+XdPFrZZW39Ar6OFluZHWU/RLsgCIA/+KTVry3k6KEGqsjD169Db\n"
		"y8tXQnknTI2XE5Zt0K4S\n"
		"-----END X509 CRL-----\n";
	static struct tls_revocation *r;
	char path[] = "/tmp/postern-fuzz-XXXXXX";
	int fd;

	if (r)
		return r;
	fd = mkstemp(path);
	check(fd >= 0 && write(fd, list, sizeof(list) - 1) == (ssize_t)sizeof(list) - 1);
	check(tls_revocation_load(path, NULL, NULL, 0, &r) == 0);
	unlink(path);
	close(fd);
	return r;
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
	strict.revocation = other_list();
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
