// SPDX-License-Identifier: ISC
/*
 * The checks, each with the attack that it stops. Owns the public key while it verifies.
 * Whatever is not known to be right is a fault.
 */
#include "tls/proof.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "pki/digest.h"
#include "pki/spki.h"
#include "tls/credentials_private.h"
#include "tls/random.h"

enum { DIGEST_MAX = 64, MESSAGE_HASH = 254, TLS_AES_256_GCM_SHA384 = 0x1302 };

/* The signature schemes (RFC 8446 section 4.2.3), each for one type of key, in TLS 1.3
 * and in TLS 1.2, where one of ECDSA says no curve; unknown where it may not be used in a
 * handshake. None has SHA-1. */
static const struct {
	uint16_t scheme;
	gnutls_pk_algorithm_t key;
	gnutls_sign_algorithm_t tls13, tls12;
} schemes[] = {
	{ 0x0403, GNUTLS_PK_ECDSA, GNUTLS_SIGN_ECDSA_SECP256R1_SHA256,
		GNUTLS_SIGN_ECDSA_SHA256 },
	{ 0x0503, GNUTLS_PK_ECDSA, GNUTLS_SIGN_ECDSA_SECP384R1_SHA384,
		GNUTLS_SIGN_ECDSA_SHA384 },
	{ 0x0603, GNUTLS_PK_ECDSA, GNUTLS_SIGN_ECDSA_SECP521R1_SHA512,
		GNUTLS_SIGN_ECDSA_SHA512 },
	{ 0x0807, GNUTLS_PK_EDDSA_ED25519, GNUTLS_SIGN_EDDSA_ED25519,
		GNUTLS_SIGN_EDDSA_ED25519 },
	{ 0x0808, GNUTLS_PK_EDDSA_ED448, GNUTLS_SIGN_EDDSA_ED448,
		GNUTLS_SIGN_EDDSA_ED448 },
	{ 0x0804, GNUTLS_PK_RSA, GNUTLS_SIGN_RSA_PSS_RSAE_SHA256,
		GNUTLS_SIGN_RSA_PSS_RSAE_SHA256 },
	{ 0x0805, GNUTLS_PK_RSA, GNUTLS_SIGN_RSA_PSS_RSAE_SHA384,
		GNUTLS_SIGN_RSA_PSS_RSAE_SHA384 },
	{ 0x0806, GNUTLS_PK_RSA, GNUTLS_SIGN_RSA_PSS_RSAE_SHA512,
		GNUTLS_SIGN_RSA_PSS_RSAE_SHA512 },
	{ 0x0809, GNUTLS_PK_RSA_PSS, GNUTLS_SIGN_RSA_PSS_SHA256,
		GNUTLS_SIGN_RSA_PSS_SHA256 },
	{ 0x080a, GNUTLS_PK_RSA_PSS, GNUTLS_SIGN_RSA_PSS_SHA384,
		GNUTLS_SIGN_RSA_PSS_SHA384 },
	{ 0x080b, GNUTLS_PK_RSA_PSS, GNUTLS_SIGN_RSA_PSS_SHA512,
		GNUTLS_SIGN_RSA_PSS_SHA512 },
	{ 0x0401, GNUTLS_PK_RSA, GNUTLS_SIGN_UNKNOWN, GNUTLS_SIGN_RSA_SHA256 },
	{ 0x0501, GNUTLS_PK_RSA, GNUTLS_SIGN_UNKNOWN, GNUTLS_SIGN_RSA_SHA384 },
	{ 0x0601, GNUTLS_PK_RSA, GNUTLS_SIGN_UNKNOWN, GNUTLS_SIGN_RSA_SHA512 },
};

static void
pubkey_cleanup(gnutls_pubkey_t *key)
{
	if (*key)
		gnutls_pubkey_deinit(*key);
}

static bool
is_same(const struct tls_span *a, const void *data, size_t len)
{
	return a->len == len && memcmp(a->data, data, len) == 0;
}

static bool
has_drawn_random(const struct tls_terms *terms, const struct tls_transcript *t)
{
	uint8_t said[TLS_RANDOM_SIZE];

	tls_random_say(terms->credentials, t->tls13, terms->random, said);
	return memcmp(t->random, said, sizeof said) == 0;
}

/* Whether the parameters of a TLS 1.2 ServerKeyExchange are those of an elliptic curve.
 * A client reads them by the cipher suite, and so has everybody who looks for the
 * signature behind them. 1, 0 or -EPROTO for a suite in which nothing is signed. */
static int
is_elliptic(uint16_t suite)
{
	uint8_t id[2];
	gnutls_kx_algorithm_t exchange;

	for (size_t i = 0; gnutls_cipher_suite_info(i, id, &exchange, NULL, NULL, NULL);
		i++) {
		if ((id[0] << 8 | id[1]) != suite)
			continue;
		if (exchange == GNUTLS_KX_ECDHE_ECDSA || exchange == GNUTLS_KX_ECDHE_RSA)
			return 1;
		return exchange == GNUTLS_KX_DHE_RSA ? 0 : -EPROTO;
	}
	return -EPROTO;
}

/* The server's signature as it stands in the transcript; an empty one where none does. */
static struct tls_span
find_signature(const struct tls_transcript *t)
{
	struct tls_signed s = { 0 };
	int elliptic;

	if (t->tls13)
		return t->server.signature;
	elliptic = is_elliptic(t->suite);
	if (elliptic >= 0)
		tls_transcript_key_exchange(&t->key_exchange, elliptic, &s);
	return s.signature;
}

static bool
has_our_certificate(const struct tls_terms *terms, const struct tls_transcript *t)
{
	const gnutls_datum_t *ours = &terms->credentials->chain[0].cert;

	return is_same(&t->server_certificate, ours->data, ours->size);
}

int
tls_proof_bind(const struct tls_terms *terms, const struct tls_transcript *t,
	const char **ret_reason)
{
	struct tls_span signature = find_signature(t);

	/* Nothing could bind a handshake to a key that has signed nothing. */
	if (!terms->credentials || terms->made.len == 0)
		*ret_reason = "proof-without-signature";
	/* A handshake that some client once had with some server, be it this one: it has
	 * another random, since this one did not exist. */
	else if (!has_drawn_random(terms, t))
		*ret_reason = "foreign-random";
	/* One that a client has now with another server, which was made to say the random
	 * of this connection: who holds the key of that server has signed there. */
	else if (!is_same(&signature, terms->made.data, terms->made.len))
		*ret_reason = "foreign-signature";
	/* The same with our signature, which the tls process can have made of anything: a
	 * client that was shown the certificate of another server has not meant us, and
	 * has not verified by our key what we signed. */
	else if (!has_our_certificate(terms, t))
		*ret_reason = "foreign-certificate";
	else
		return 0;
	return -EPROTO;
}

/* The digest of what was said before the client's signature (RFC 8446 section 4.4.1). A
 * ClientHello that was to be said again is in it by its own digest alone. */
static int
digest_transcript(const struct tls_transcript *t, gnutls_digest_algorithm_t algorithm,
	uint8_t ret[DIGEST_MAX])
{
	size_t len = gnutls_hash_get_len(algorithm), first = t->retried.len;
	uint8_t message[4 + DIGEST_MAX] = { MESSAGE_HASH, 0, 0, (uint8_t)len };
	gnutls_hash_hd_t hash;
	int r;

	if (first == 0)
		return gnutls_hash_fast(algorithm, t->before.data, t->before.len, ret);
	r = gnutls_hash_fast(algorithm, t->retried.data, first, message + 4);
	if (r >= 0)
		r = gnutls_hash_init(&hash, algorithm);
	if (r < 0)
		return r;
	r = gnutls_hash(hash, message, 4 + len);
	if (r >= 0)
		r = gnutls_hash(hash, t->before.data + first, t->before.len - first);
	gnutls_hash_deinit(hash, ret);
	return r;
}

/* RFC 8446 section 4.4.3. The words in front keep a signature that the peer's key has
 * made elsewhere, as a server's say, from being taken for this one. */
static int
verify_13(const struct tls_transcript *t, gnutls_pubkey_t key,
	gnutls_sign_algorithm_t algorithm, const gnutls_datum_t *signature)
{
	static const char CONTEXT[] = "TLS 1.3, client CertificateVerify";
	gnutls_digest_algorithm_t digest = t->suite == TLS_AES_256_GCM_SHA384
						   ? GNUTLS_DIG_SHA384
						   : GNUTLS_DIG_SHA256;
	uint8_t content[64 + sizeof CONTEXT + DIGEST_MAX];
	gnutls_datum_t data = { content,
		64 + sizeof CONTEXT + gnutls_hash_get_len(digest) };
	int r;

	memset(content, ' ', 64);
	memcpy(content + 64, CONTEXT, sizeof CONTEXT);
	r = digest_transcript(t, digest, content + 64 + sizeof CONTEXT);
	return r < 0 ? r
		     : gnutls_pubkey_verify_data2(key, algorithm,
			       GNUTLS_VERIFY_RSA_PSS_FIXED_SALT_LENGTH, &data, signature);
}

/* RFC 5246 section 7.4.8. */
static int
verify_12(const struct tls_transcript *t, gnutls_pubkey_t key,
	gnutls_sign_algorithm_t algorithm, const gnutls_datum_t *signature)
{
	gnutls_datum_t data = { (void *)t->before.data, (unsigned)t->before.len };

	return gnutls_pubkey_verify_data2(key, algorithm,
		GNUTLS_VERIFY_RSA_PSS_FIXED_SALT_LENGTH, &data, signature);
}

/* What the scheme is to GnuTLS, if it may be used in this version and by such a key. */
static gnutls_sign_algorithm_t
find_algorithm(const struct tls_transcript *t, gnutls_pubkey_t key)
{
	int pk = gnutls_pubkey_get_pk_algorithm(key, NULL);

	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (schemes[i].scheme == t->client.scheme && (int)schemes[i].key == pk)
			return t->tls13 ? schemes[i].tls13 : schemes[i].tls12;
	return GNUTLS_SIGN_UNKNOWN;
}

static int
verify(const struct tls_transcript *t, gnutls_pubkey_t key, const char **ret_reason)
{
	gnutls_datum_t signature = { (void *)t->client.signature.data,
		(unsigned)t->client.signature.len };
	gnutls_sign_algorithm_t algorithm = find_algorithm(t, key);
	int r;

	if (algorithm == GNUTLS_SIGN_UNKNOWN) {
		*ret_reason = "signature-scheme";
		return -EKEYREJECTED;
	}
	/* Somebody who has the certificate and not the key; a transcript that was altered
	 * anywhere; a certificate put in the place of the one that was signed. */
	if (t->tls13)
		r = verify_13(t, key, algorithm, &signature);
	else
		r = verify_12(t, key, algorithm, &signature);
	return r < 0 ? -EKEYREJECTED : 0;
}

int
tls_proof_verify(const struct tls_transcript *t, struct gnutls_x509_crt_int *certificate,
	const char **ret_reason)
{
	CLEANUP(pubkey_cleanup) gnutls_pubkey_t key = NULL;

	*ret_reason = "unproved-key";
	if (gnutls_pubkey_init(&key) < 0)
		return -ENOMEM;
	if (gnutls_pubkey_import_x509(key, certificate, 0) < 0)
		return -EKEYREJECTED;
	return verify(t, key, ret_reason);
}

static bool
is_weak(gnutls_pubkey_t key)
{
	unsigned bits = 0;
	int algorithm = gnutls_pubkey_get_pk_algorithm(key, &bits);

	return algorithm <= GNUTLS_PK_UNKNOWN ||
	       gnutls_pk_bits_to_sec_param((gnutls_pk_algorithm_t)algorithm, bits) <
		       GNUTLS_SEC_PARAM_MEDIUM;
}

int
tls_proof_verify_pin(const struct tls_transcript *t, const uint8_t pin[PKI_PIN_SIZE],
	const char **ret_reason)
{
	CLEANUP(pubkey_cleanup) gnutls_pubkey_t key = NULL;
	gnutls_datum_t spki;
	const void *place;
	size_t len;
	uint8_t hash[PKI_SHA256_SIZE];

	/* Another key than the one that was claimed, or that one in a form of the peer's
	 * own making. */
	*ret_reason = "another-key";
	if (pki_spki_find(t->chain[0].data, t->chain[0].len, &place, &len) < 0 ||
		pki_sha256(place, len, hash) < 0 || !secret_equal(hash, pin, sizeof hash))
		return -EKEYREJECTED;
	*ret_reason = "unproved-key";
	if (gnutls_pubkey_init(&key) < 0)
		return -ENOMEM;
	spki = (gnutls_datum_t){ (void *)place, (unsigned)len };
	if (gnutls_pubkey_import(key, &spki, GNUTLS_X509_FMT_DER) < 0)
		return -EKEYREJECTED;
	if (is_weak(key)) {
		*ret_reason = "weak-key";
		return -EKEYREJECTED;
	}
	return verify(t, key, ret_reason);
}
