// SPDX-License-Identifier: ISC
/*
 * GnuTLS does not say by which path it has found a chain good, so whoever may be the
 * issuer of a certificate that was sent, by its name and key identifier, is asked: one
 * that lacks its list, or whose list has the certificate, is enough to refuse. A client
 * that sends more than its chain harms nobody but itself. Nothing is kept; whatever
 * cannot be read is PKI_BAD.
 */
#include "tls/issuers.h"

#include <gnutls/x509.h>

#include "base/cleanup.h"
#include "pki/constraints.h"
#include "pki/handle.h"
#include "tls/credentials_private.h"
#include "tls/revocation.h"

static enum pki_verdict
judge_by_ca(const struct tls_credentials *c, gnutls_x509_crt_t ca, gnutls_x509_crt_t crt,
	const struct pki_identity *identity, int64_t now)
{
	if (!identity->has_san && identity->n_names > 0 &&
		pki_crt_allows_user(ca, identity->names[0]) <= 0)
		return PKI_BAD;
	if (!c->revocation)
		return PKI_TRUSTED;
	return pki_crl_index_ask(tls_revocation_index(c->revocation), ca, crt, now);
}

/* The root that may have issued a certificate; NULL for none. */
static gnutls_x509_crt_t
find_root(const struct tls_credentials *c, gnutls_x509_crt_t crt)
{
	gnutls_x509_trust_list_t roots;
	gnutls_x509_crt_t root;

	gnutls_certificate_get_trust_list(c->certificates, &roots);
	if (gnutls_x509_trust_list_get_issuer(roots, crt, &root, GNUTLS_TL_GET_COPY) < 0)
		return NULL;
	return root;
}

/* One certificate, by all who may have issued it. */
static enum pki_verdict
judge_one(const struct tls_credentials *c, gnutls_x509_crt_t const *chain, size_t n,
	size_t i, const struct pki_identity *identity, int64_t now)
{
	CLEANUP(pki_crt_free) gnutls_x509_crt_t root = find_root(c, chain[i]);
	enum pki_verdict verdict = root ? judge_by_ca(c, root, chain[i], identity, now)
					: PKI_BAD;
	bool found = root != NULL;

	if (root && verdict != PKI_TRUSTED)
		return verdict;
	for (size_t j = 0; j < n; j++) {
		if (j == i || gnutls_x509_crt_check_issuer(chain[i], chain[j]) == 0)
			continue;
		found = true;
		verdict = judge_by_ca(c, chain[j], chain[i], identity, now);
		if (verdict != PKI_TRUSTED)
			return verdict;
	}
	return found ? PKI_TRUSTED : PKI_BAD;
}

enum pki_verdict
tls_issuers_judge(const struct tls_credentials *c, gnutls_x509_crt_t const *chain,
	size_t n, const struct pki_identity *identity, int64_t now)
{
	enum pki_verdict verdict = PKI_TRUSTED;

	/* A user who is named in a SAN is bound by GnuTLS. */
	if (!c->revocation && identity->has_san)
		return PKI_TRUSTED;
	/* That one is revoked is said before all else. */
	for (size_t i = 0; i < n && verdict != PKI_REVOKED; i++) {
		enum pki_verdict one = judge_one(c, chain, n, i, identity, now);

		if (one != PKI_TRUSTED)
			verdict = one == PKI_REVOKED ? one : PKI_BAD;
	}
	return verdict;
}
