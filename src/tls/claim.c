// SPDX-License-Identifier: ISC
/*
 * A claim that nothing could be read for says so, and claims nothing.
 */
#include "tls/claim.h"

#include <gnutls/x509.h>
#include <time.h>

#include "base/cleanup.h"
#include "pki/handle.h"
#include "tls/judge.h"

void
tls_claim_make(const struct tls_credentials *c, const struct tls_span *chain, size_t n,
	bool again, struct tls_claim *ret)
{
	CLEANUP(pki_crt_free) gnutls_x509_crt_t leaf = NULL;

	ret->verdict = ret->leaf = PKI_NO_CERTIFICATE;
	if (n == 0)
		return;
	ret->verdict = ret->leaf = PKI_BAD;
	if (pki_crt_read(chain[0].data, chain[0].len, &leaf) < 0 ||
		pki_crt_identity(leaf, &ret->identity) < 0)
		return;
	ret->verdict = again ? tls_judge_again(c, leaf, chain, n)
			     : tls_judge_chain(c, leaf, chain, n, &ret->status);
	ret->leaf = ret->verdict;
	if (ret->verdict != PKI_UNKNOWN_CA)
		return;
	ret->leaf = pki_crt_judge(leaf, time(NULL));
	ret->self_signed = pki_crt_is_self_signed(leaf);
}
