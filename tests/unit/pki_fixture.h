// SPDX-License-Identifier: ISC
/*
 * A CA for tests of this room: a key and its certificate.
 */
#ifndef PKI_FIXTURE_H
#define PKI_FIXTURE_H

#include "base/cleanup.h"
#include "pki/describe.h"
#include "pki/identity.h"
#include "pki/make.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const int64_t from = 1700000000;
static const int64_t until = 1800000000;

struct holder {
	struct pki_key *key;
	struct pki_chain chain;
};

static inline void
holder_clear(struct holder *h)
{
	pki_key_free(&h->key);
	pki_chain_clear(&h->chain);
}

static inline const void *
holder_der(const struct holder *h)
{
	return buffer_data(&h->chain.der[0]);
}

static inline size_t
holder_len(const struct holder *h)
{
	return buffer_len(&h->chain.der[0]);
}

/* Makes a key and a certificate, signed by issuer or, where that is NULL, by itself. */
static inline void
holder_make(const struct pki_order *wanted, enum pki_key_type type,
	const struct holder *issuer, struct holder *ret)
{
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	struct pki_order order = *wanted;

	order.not_before = from;
	order.not_after = until;
	assert_int_equal(pki_key_make(type, &ret->key), 0);
	assert_int_equal(
		pki_certificate_make(&order, ret->key, issuer ? holder_der(issuer) : NULL,
			issuer ? holder_len(issuer) : 0, issuer ? issuer->key : NULL,
			&pem),
		0);
	assert_int_equal(
		pki_chain_read(buffer_data(&pem), buffer_len(&pem), &ret->chain), 0);
}

#endif
