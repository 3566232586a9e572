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

static unsigned
verify_chain(const struct tls_credentials *c, gnutls_x509_crt_t leaf,
	const struct tls_span *chain, size_t n)
{
	gnutls_x509_crt_t crts[TLS_PEER_CHAIN_MAX] = { leaf };
	unsigned status = GNUTLS_CERT_INVALID | GNUTLS_CERT_SIGNATURE_FAILURE;
	size_t read = 1;

	while (read < n &&
		pki_crt_read(chain[read].data, chain[read].len, &crts[read]) == 0)
		read++;
	if (read == n)
		status = verify(c, crts, n);
	while (--read > 0)
		pki_crt_free(&crts[read]);
	return status;
}

static bool
is_issued_by_root(const struct tls_credentials *c, gnutls_x509_crt_t crt)
{
	gnutls_x509_crt_t issuer;

	if (gnutls_x509_trust_list_get_issuer(
		    roots_of(c), crt, &issuer, GNUTLS_TL_GET_COPY) < 0)
		return false;
	gnutls_x509_crt_deinit(issuer);
	return true;
}

enum pki_verdict
tls_judge_chain(const struct tls_credentials *c, gnutls_x509_crt_t leaf,
	const struct tls_span *chain, size_t n, uint32_t *ret_status)
{
	enum pki_verdict verdict;

	*ret_status = GNUTLS_CERT_INVALID;
	if (n == 0 || n > TLS_PEER_CHAIN_MAX)
		return PKI_BAD;
	*ret_status = verify_chain(c, leaf, chain, n);
	verdict = pki_verdict_of_status(*ret_status);
	/* GnuTLS does not look at the key usage of the leaf. */
	if (verdict == PKI_TRUSTED)
		verdict = pki_crt_judge(leaf, time(NULL));
	if (verdict == PKI_TRUSTED && c->revocation && !is_issued_by_root(c, leaf))
		return PKI_BAD;
	return verdict;
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
