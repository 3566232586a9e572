// SPDX-License-Identifier: ISC
/*
 * The verification. With a pin, the certificate that has it becomes the one root there
 * is, for this one chain. Owns what it has read of the chain. Whatever cannot be read or
 * verified is refused.
 */
#include "tls/client_verify.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "pki/handle.h"

enum { CHAIN_MAX = 16, EXPECTED = 2, ADDRESS_MAX = 16 };

/* Keys of RSA below 2048 bits, and their like, vouch for nobody. */
static const unsigned FLAGS = GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM);

static size_t
read_address(const char *host, unsigned char ret[ADDRESS_MAX])
{
	if (inet_pton(AF_INET, host, ret) == 1)
		return 4;
	return inet_pton(AF_INET6, host, ret) == 1 ? 16 : 0;
}

bool
tls_client_is_address(const char *host)
{
	unsigned char address[ADDRESS_MAX];

	return read_address(host, address) > 0;
}

/* The purpose, then who the server has to be: an address has to stand in its certificate
 * as such. */
static void
expect(const char *host, unsigned char address[ADDRESS_MAX],
	gnutls_typed_vdata_st ret[EXPECTED])
{
	size_t len = read_address(host, address);

	ret[0] = (gnutls_typed_vdata_st){ .type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)GNUTLS_KP_TLS_WWW_SERVER };
	ret[1] = (gnutls_typed_vdata_st){ .type = GNUTLS_DT_DNS_HOSTNAME,
		.data = (unsigned char *)host };
	if (len > 0)
		ret[1] = (gnutls_typed_vdata_st){ .type = GNUTLS_DT_IP_ADDRESS,
			.data = address,
			.size = (unsigned)len };
}

struct chain {
	gnutls_x509_crt_t crts[CHAIN_MAX];
	unsigned n;
};

static void
chain_clear(struct chain *chain)
{
	while (chain->n > 0)
		pki_crt_free(&chain->crts[--chain->n]);
}

static int
read_chain(struct gnutls_session_int *session, struct chain *ret)
{
	unsigned n = 0;
	const gnutls_datum_t *der = gnutls_certificate_get_peers(session, &n);

	if (!der || n == 0 || n > CHAIN_MAX)
		return -EKEYREJECTED;
	while (ret->n < n) {
		int r = pki_crt_read(
			der[ret->n].data, der[ret->n].size, &ret->crts[ret->n]);

		if (r < 0)
			return r == -ENOMEM ? r : -EKEYREJECTED;
		ret->n++;
	}
	return 0;
}

static bool
has_pin(gnutls_x509_crt_t crt, const uint8_t *pin)
{
	uint8_t id[PKI_PIN_SIZE];
	size_t size = sizeof id;

	return gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256, id, &size) >= 0 &&
	       size == sizeof id && secret_equal(id, pin, sizeof id);
}

static int
keep(struct tls_client_check *c, gnutls_x509_crt_t crt)
{
	gnutls_datum_t pem;
	int r;

	if (gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem) < 0)
		return -ENOMEM;
	r = buffer_append(&c->pinned, pem.data, pem.size);
	gnutls_free(pem.data);
	return r;
}

/* The chain up to the certificate at that place, which is the root. */
static int
verify_below(struct tls_client_check *c, struct chain *chain, unsigned place)
{
	unsigned char address[ADDRESS_MAX];
	gnutls_typed_vdata_st expected[EXPECTED];
	gnutls_x509_trust_list_t roots;
	int r = -EKEYREJECTED;

	c->is_issuer = place > 0;
	c->status = GNUTLS_CERT_INVALID;
	expect(c->host, address, expected);
	if (gnutls_x509_trust_list_init(&roots, 0) < 0)
		return -ENOMEM;
	if (gnutls_x509_trust_list_add_cas(roots, &chain->crts[place], 1, 0) == 1 &&
		gnutls_x509_trust_list_verify_crt2(roots, chain->crts, place + 1,
			expected, place > 0 ? EXPECTED : 1, FLAGS, &c->status,
			NULL) >= 0 &&
		c->status == 0)
		r = keep(c, chain->crts[place]);
	gnutls_x509_trust_list_deinit(roots, 0);
	return r;
}

static int
verify_pin(struct tls_client_check *c, struct gnutls_session_int *session)
{
	CLEANUP(chain_clear) struct chain chain = { .n = 0 };
	int r = read_chain(session, &chain);

	c->missing = true;
	for (unsigned i = 0; r == 0 && i < chain.n; i++) {
		if (!has_pin(chain.crts[i], c->pin))
			continue;
		c->missing = false;
		return verify_below(c, &chain, i);
	}
	return r < 0 ? r : -EKEYREJECTED;
}

static int
verify_roots(struct tls_client_check *c, struct gnutls_session_int *session)
{
	unsigned char address[ADDRESS_MAX];
	gnutls_typed_vdata_st expected[EXPECTED];

	expect(c->host, address, expected);
	if (gnutls_certificate_verify_peers(session, expected, EXPECTED, &c->status) < 0)
		c->status = GNUTLS_CERT_INVALID;
	return c->status == 0 ? 0 : -EKEYREJECTED;
}

int
tls_client_verify(struct tls_client_check *c, struct gnutls_session_int *session)
{
	return c->pin ? verify_pin(c, session) : verify_roots(c, session);
}
