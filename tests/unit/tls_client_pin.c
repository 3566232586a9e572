// SPDX-License-Identifier: ISC
/*
 * Servers that the client knows by a pin: their own key's, or that of an issuer in the
 * chain they show; and those that show the right certificate to no purpose.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gnutls/abstract.h>

#include "host/clock.h"
#include "pki/identity.h"
#include "tls/client.h"
#include "tls_peer.h"

enum who {
	CA,
	OTHER_CA,
	INTERMEDIATE,
	SERVER,
	BELOW,
	ALONE,
	CLIENT,
	NAMED,
	EXPIRED,
	FORGED,
	N
};

struct party {
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
};

static struct party parties[N];
static gnutls_datum_t cert_text, key_text; /* the client's own pair */

static void
make(enum who who, const char *name, const char *purpose, enum who issuer)
{
	struct party *p = &parties[who], *i = &parties[issuer];

	p->key = tls_peer_key();
	p->crt = tls_peer_certificate(
		p->key, name, purpose, i == p ? NULL : i->crt, i->key);
}

static int
setup(void **state)
{
	const char *server = GNUTLS_KP_TLS_WWW_SERVER;
	time_t past = time(NULL) - 30;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	make(CA, "CN=the CA", NULL, CA);
	make(OTHER_CA, "CN=the CA", NULL, OTHER_CA); /* of the same name */
	make(INTERMEDIATE, "CN=below the CA", NULL, CA);
	make(SERVER, "CN=server", server, CA);
	make(BELOW, "CN=below", server, INTERMEDIATE);
	make(ALONE, "CN=alone", server, ALONE);
	make(CLIENT, "CN=client", GNUTLS_KP_TLS_WWW_CLIENT, CA);
	make(NAMED, "CN=named", GNUTLS_KP_TLS_WWW_CLIENT, CA);
	TLS_PEER_CHECK(gnutls_x509_crt_set_subject_alt_name(parties[NAMED].crt,
		GNUTLS_SAN_DNSNAME, "localhost", 9, GNUTLS_FSAN_APPEND));
	TLS_PEER_CHECK(gnutls_x509_crt_sign2(parties[NAMED].crt, parties[CA].crt,
		parties[CA].key, GNUTLS_DIG_SHA256, 0));
	make(EXPIRED, "CN=old", server, EXPIRED);
	TLS_PEER_CHECK(gnutls_x509_crt_set_expiration_time(parties[EXPIRED].crt, past));
	TLS_PEER_CHECK(gnutls_x509_crt_sign2(parties[EXPIRED].crt, parties[EXPIRED].crt,
		parties[EXPIRED].key, GNUTLS_DIG_SHA256, 0));
	make(FORGED, "CN=forged", server, OTHER_CA);
	TLS_PEER_CHECK(gnutls_x509_crt_export2(
		parties[CLIENT].crt, GNUTLS_X509_FMT_PEM, &cert_text));
	TLS_PEER_CHECK(gnutls_x509_privkey_export2(
		parties[CLIENT].key, GNUTLS_X509_FMT_PEM, &key_text));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	gnutls_free(cert_text.data);
	gnutls_free(key_text.data);
	for (int i = 0; i < N; i++) {
		gnutls_x509_crt_deinit(parties[i].crt);
		gnutls_x509_privkey_deinit(parties[i].key);
	}
	return 0;
}

struct pin_case {
	const char *what;
	enum who chain[3];
	size_t n;
	enum who pin;
	const char *host;
	bool is_issuer;
	const char *words; /* NULL: it is the server */
};

#define MISSING "is not the server with that pin"

static const struct pin_case cases[] = {
	{ "its own key", { SERVER, CA }, 2, SERVER, "localhost", false, NULL },
	{ "without its issuer", { SERVER }, 1, SERVER, "localhost", false, NULL },
	{ "by another name", { SERVER }, 1, SERVER, "192.0.2.1", false, NULL },
	{ "self-signed", { ALONE }, 1, ALONE, "anything", false, NULL },
	{ "its issuer", { SERVER, CA }, 2, CA, "localhost", true, NULL },
	{ "an issuer between", { BELOW, INTERMEDIATE, CA }, 3, INTERMEDIATE, "localhost",
		true, NULL },
	{ "the issuer of that", { BELOW, INTERMEDIATE, CA }, 3, CA, "localhost", true,
		NULL },
	{ "issuer, another name", { SERVER, CA }, 2, CA, "mail.example", true,
		"not for mail.example" },
	{ "issuer, an address", { SERVER, CA }, 2, CA, "192.0.2.1", true,
		"not for 192.0.2.1" },
	{ "an issuer that is not shown", { SERVER }, 1, CA, "localhost", false, MISSING },
	{ "another server", { ALONE }, 1, SERVER, "localhost", false, MISSING },
	/* Of those who know the pinned certificate, and have not its key. */
	{ "issuer of another", { ALONE, CA }, 2, CA, "localhost", true, "issued by" },
	{ "issuer of the same name", { FORGED, CA }, 2, CA, "localhost", true,
		"status 0x" },
	{ "a client of the issuer", { CLIENT, CA }, 2, CA, "localhost", true,
		"not for localhost" },
	{ "a client of that name", { NAMED, CA }, 2, CA, "localhost", true,
		"not made for a server" },
	{ "a client by its key", { CLIENT }, 1, CLIENT, "localhost", false,
		"not made for a server" },
	{ "the server behind another", { ALONE, SERVER }, 2, SERVER, "localhost", true,
		"issued by" },
	{ "expired", { EXPIRED }, 1, EXPIRED, "localhost", false, "has expired" },
};

static void
pin_of(enum who who, uint8_t ret[PKI_PIN_SIZE])
{
	size_t size = PKI_PIN_SIZE;

	TLS_PEER_CHECK(gnutls_x509_crt_get_key_id(
		parties[who].crt, GNUTLS_KEYID_USE_SHA256, ret, &size));
}

static void
check_pinned(struct tls_client *t, const struct pin_case *c)
{
	const struct buffer *pinned;
	bool is_issuer = !c->is_issuer;
	gnutls_datum_t pem;

	pinned = tls_client_pinned(t, &is_issuer);
	assert_non_null(pinned);
	assert_int_equal(is_issuer, c->is_issuer);
	TLS_PEER_CHECK(
		gnutls_x509_crt_export2(parties[c->pin].crt, GNUTLS_X509_FMT_PEM, &pem));
	assert_int_equal(buffer_len(pinned), pem.size);
	assert_memory_equal(buffer_data(pinned), pem.data, pem.size);
	gnutls_free(pem.data);
}

/* The sorting of GnuTLS would mend what a server of bad intent sends. */
static gnutls_certificate_credentials_t
credentials_of(const struct pin_case *c)
{
	gnutls_certificate_credentials_t credentials;
	gnutls_pcert_st chain[3];
	gnutls_privkey_t key;

	TLS_PEER_CHECK(gnutls_certificate_allocate_credentials(&credentials));
	gnutls_certificate_set_flags(credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
	for (size_t i = 0; i < c->n; i++)
		TLS_PEER_CHECK(
			gnutls_pcert_import_x509(&chain[i], parties[c->chain[i]].crt, 0));
	TLS_PEER_CHECK(gnutls_privkey_init(&key));
	TLS_PEER_CHECK(gnutls_privkey_import_x509(key, parties[c->chain[0]].key, 0));
	TLS_PEER_CHECK(
		gnutls_certificate_set_key(credentials, NULL, 0, chain, (int)c->n, key));
	return credentials;
}

static void
run(const struct pin_case *c, const char *priority)
{
	struct tls_peer_keys keys = { .server = credentials_of(c) };
	struct tls_peer peer = { .priority = priority };
	uint8_t pin[PKI_PIN_SIZE];
	struct tls_client_files files = { .pin = pin,
		.cert_text = (const char *)cert_text.data,
		.key_text = (const char *)key_text.data };
	struct tls_client_credentials *credentials;
	struct tls_client *t = NULL;
	struct buffer fault = { 0 };
	int r;

	pin_of(c->pin, pin);
	assert_int_equal(tls_client_credentials_load(&files, &credentials, &fault), 0);
	tls_peer_start(&peer, &keys);
	r = tls_client_start(credentials, peer.client, -1, c->host,
		host_clock_ms() + 10000, &t, &fault);
	if (r != (c->words ? -EPROTO : 0) ||
		(c->words && !strstr(buffer_string(&fault), c->words)))
		fail_msg("%s: %d, %s", c->what, r, buffer_string(&fault));
	if (r == 0)
		check_pinned(t, c);
	tls_client_end(t);
	tls_peer_end(&peer);
	tls_client_credentials_free(credentials);
	gnutls_certificate_free_credentials(keys.server);
	buffer_free(&fault);
}

static void
test_pins(void **state)
{
	static const char *const versions[] = { "NORMAL:-VERS-ALL:+VERS-TLS1.2",
		"NORMAL:-VERS-ALL:+VERS-TLS1.3" };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (size_t j = 0; j < 2; j++)
			run(&cases[i], versions[j]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pins),
	};

	return cmocka_run_group_tests_name("tls_client_pin", tests, setup, teardown);
}
