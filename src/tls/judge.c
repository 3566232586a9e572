// SPDX-License-Identifier: ISC
/*
 * GnuTLS verifies chains for sessions by flags that nobody else can have of it, so chains
 * are verified here by flags of our own. Owns the certificates that it reads, for as long
 * as one call. Whatever cannot be read or verified is PKI_BAD.
 */
#include "tls/judge.h"

#include <gnutls/x509.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/cleanup.h"
#include "pki/handle.h"
#include "tls/credentials_private.h"
#include "tls/issuers.h"
#include "tls/revocation.h"

enum { WORD_MAX = 32 };

/* Words of a priority string that stand for a stronger profile than medium. */
static const struct {
	const char *word;
	gnutls_certificate_verification_profiles_t profile;
} levels[] = {
	{ "SECURE192", GNUTLS_PROFILE_HIGH },
	{ "SECURE256", GNUTLS_PROFILE_HIGH },
	{ "SUITEB128", GNUTLS_PROFILE_SUITEB128 },
	{ "SUITEB192", GNUTLS_PROFILE_SUITEB192 },
};

/* The profile that a word of a priority string asks for, or GNUTLS_PROFILE_UNKNOWN. */
static gnutls_certificate_verification_profiles_t
profile_of_word(const char *word)
{
	static const char PREFIX[] = "%PROFILE_";
	size_t len = sizeof PREFIX - 1;

	if (strncasecmp(word, PREFIX, len) == 0)
		return gnutls_certificate_verification_profile_get_id(word + len);
	word += *word == '+';
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		if (strcasecmp(word, levels[i].word) == 0)
			return levels[i].profile;
	return GNUTLS_PROFILE_UNKNOWN;
}

unsigned
tls_judge_flags(const char *priority)
{
	gnutls_certificate_verification_profiles_t best = GNUTLS_PROFILE_MEDIUM, profile;
	char word[WORD_MAX];
	size_t len;

	for (; *priority; priority += len + (priority[len] == ':')) {
		len = strcspn(priority, ":");
		if (len >= sizeof word)
			continue;
		memcpy(word, priority, len);
		word[len] = '\0';
		profile = profile_of_word(word);
		if (profile > best)
			best = profile;
	}
	return GNUTLS_PROFILE_TO_VFLAGS(best);
}

static gnutls_x509_trust_list_t
roots_of(const struct tls_credentials *c)
{
	gnutls_x509_trust_list_t roots;

	gnutls_certificate_get_trust_list(c->certificates, &roots);
	return roots;
}

/* The status bits of the chain, verified as a client's; those of a forged one where it
 * cannot even be looked at. */
static unsigned
verify(const struct tls_credentials *c, gnutls_x509_crt_t *crts, size_t n)
{
	gnutls_typed_vdata_st purpose = { .type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (void *)GNUTLS_KP_TLS_WWW_CLIENT };
	unsigned status;

	if (gnutls_x509_trust_list_verify_crt2(roots_of(c), crts, (unsigned)n, &purpose,
		    1, c->verify_flags, &status, NULL) < 0)
		return GNUTLS_CERT_INVALID | GNUTLS_CERT_SIGNATURE_FAILURE;
	return status;
}

/* What GnuTLS leaves out of a chain that it trusts. */
static enum pki_verdict
judge_issuers(const struct tls_credentials *c, gnutls_x509_crt_t *crts, size_t n)
{
	CLEANUP(pki_identity_clear) struct pki_identity identity = { 0 };

	if (pki_crt_identity(crts[0], &identity) < 0)
		return PKI_BAD;
	return tls_issuers_judge(c, crts, n, &identity, time(NULL));
}

/* No way leads from them to a root of ours, which is no reason to refuse the holder of a
 * pinned key or that of a device; but a peer has no issuer looked at by leaving it out,
 * so lists are asked by the issuer's name alone. */
static enum pki_verdict
judge_without_issuers(const struct tls_credentials *c, gnutls_x509_crt_t *crts, size_t n)
{
	enum pki_verdict verdict = PKI_TRUSTED;

	for (size_t i = 0; c->revocation && i < n && verdict == PKI_TRUSTED; i++)
		verdict = pki_crl_index_ask_by_name(
			tls_revocation_index(c->revocation), crts[i], time(NULL));
	return verdict == PKI_TRUSTED ? PKI_UNKNOWN_CA : verdict;
}

static enum pki_verdict
judge(const struct tls_credentials *c, gnutls_x509_crt_t *crts, size_t n,
	uint32_t *ret_status)
{
	enum pki_verdict verdict;

	*ret_status = verify(c, crts, n);
	verdict = pki_verdict_of_status(*ret_status);
	/* GnuTLS does not look at the key usage of the leaf. */
	if (verdict == PKI_TRUSTED)
		verdict = pki_crt_judge(crts[0], time(NULL));
	if (verdict == PKI_UNKNOWN_CA)
		return judge_without_issuers(c, crts, n);
	return verdict == PKI_TRUSTED ? judge_issuers(c, crts, n) : verdict;
}

/* Whether the dates of a certificate, and of the root that may have issued it, are all
 * right; *ret_rooted where there is one. */
static bool
is_current(const struct tls_credentials *c, gnutls_x509_crt_t crt, time_t now,
	bool *ret_rooted)
{
	gnutls_x509_crt_t root;

	if (gnutls_x509_crt_get_activation_time(crt) > now ||
		gnutls_x509_crt_get_expiration_time(crt) < now)
		return false;
	if (gnutls_x509_trust_list_get_issuer(roots_of(c), crt, &root, 0) < 0)
		return true;
	*ret_rooted = true;
	return gnutls_x509_crt_get_activation_time(root) <= now &&
	       gnutls_x509_crt_get_expiration_time(root) >= now;
}

static enum pki_verdict
judge_by_time(const struct tls_credentials *c, gnutls_x509_crt_t *crts, size_t n)
{
	enum pki_verdict verdict = pki_crt_judge(crts[0], time(NULL));
	bool rooted = false;

	for (size_t i = 0; verdict == PKI_TRUSTED && i < n; i++)
		if (!is_current(c, crts[i], time(NULL), &rooted))
			verdict = PKI_EXPIRED;
	if (verdict != PKI_TRUSTED)
		return verdict;
	return rooted ? judge_issuers(c, crts, n) : PKI_UNKNOWN_CA;
}

/* Reads what stands behind the leaf, and has all of it judged: by time alone where
 * ret_status is NULL. */
static enum pki_verdict
read_and_judge(const struct tls_credentials *c, gnutls_x509_crt_t leaf,
	const struct tls_span *chain, size_t n, uint32_t *ret_status)
{
	gnutls_x509_crt_t crts[TLS_PEER_CHAIN_MAX] = { leaf };
	enum pki_verdict verdict = PKI_BAD;
	size_t read = 1;

	while (read < n &&
		pki_crt_read(chain[read].data, chain[read].len, &crts[read]) == 0)
		read++;
	if (read == n)
		verdict = ret_status ? judge(c, crts, n, ret_status)
				     : judge_by_time(c, crts, n);
	while (--read > 0)
		pki_crt_free(&crts[read]);
	return verdict;
}

enum pki_verdict
tls_judge_chain(const struct tls_credentials *c, gnutls_x509_crt_t leaf,
	const struct tls_span *chain, size_t n, uint32_t *ret_status)
{
	*ret_status = GNUTLS_CERT_INVALID;
	if (n == 0 || n > TLS_PEER_CHAIN_MAX)
		return PKI_BAD;
	*ret_status = GNUTLS_CERT_INVALID | GNUTLS_CERT_SIGNATURE_FAILURE;
	return read_and_judge(c, leaf, chain, n, ret_status);
}

enum pki_verdict
tls_judge_again(const struct tls_credentials *c, gnutls_x509_crt_t leaf,
	const struct tls_span *chain, size_t n)
{
	return n == 0 || n > TLS_PEER_CHAIN_MAX ? PKI_BAD
						: read_and_judge(c, leaf, chain, n, NULL);
}

int
tls_judge_terms(const struct tls_credentials *c, uint8_t ret[PKI_SHA256_SIZE])
{
	struct {
		uint8_t roots[PKI_SHA256_SIZE];
		uint32_t flags;
		uint32_t lists;
	} terms = { .flags = c->verify_flags, .lists = c->revocation != NULL };

	memcpy(terms.roots, c->roots, sizeof terms.roots);
	return pki_sha256(&terms, sizeof terms, ret);
}

enum pki_verdict
tls_judge_pinned(const struct tls_credentials *c, gnutls_x509_crt_t pinned)
{
	enum pki_verdict verdict;
	uint32_t status;

	if (!c->revocation)
		return PKI_TRUSTED;
	verdict = tls_judge_chain(c, pinned, NULL, 1, &status);
	return verdict == PKI_UNKNOWN_CA ? PKI_TRUSTED : verdict;
}

enum pki_verdict
tls_judge_device(const struct tls_credentials *c, const struct tls_span *chain, size_t n)
{
	CLEANUP(pki_crt_free) gnutls_x509_crt_t leaf = NULL;
	enum pki_verdict verdict;
	uint32_t status;

	if (!c->revocation)
		return PKI_TRUSTED;
	if (pki_crt_read(chain[0].data, chain[0].len, &leaf) < 0)
		return PKI_BAD;
	verdict = tls_judge_chain(c, leaf, chain, n, &status);
	return verdict == PKI_UNKNOWN_CA ? PKI_TRUSTED : verdict;
}
