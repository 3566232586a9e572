// SPDX-License-Identifier: ISC
/*
 * Whole handshakes in memory, of GnuTLS with itself: a CA, a server, and a client for
 * each type of key; what both sides say is noted as the tls process notes it.
 */
#ifndef TESTS_UNIT_HANDSHAKES_H
#define TESTS_UNIT_HANDSHAKES_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "config/config.h"
#include "tls/credentials.h"
#include "tls/transcribe.h"
#include "tls_peer.h"

#define HANDSHAKES_COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *name;
	gnutls_pk_algorithm_t algorithm;
	unsigned bits; /* or a curve */
} handshakes_kinds[] = {
	{ "P-256", GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1) },
	{ "P-384", GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1) },
	{ "P-521", GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP521R1) },
	{ "Ed25519", GNUTLS_PK_EDDSA_ED25519,
		GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519) },
	{ "Ed448", GNUTLS_PK_EDDSA_ED448, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED448) },
	{ "RSA", GNUTLS_PK_RSA, 2048 },
	{ "RSA-PSS", GNUTLS_PK_RSA_PSS, 2048 },
};

enum { HANDSHAKES_KINDS = HANDSHAKES_COUNT(handshakes_kinds) };

/* What a client may offer; with the last it first shows a key of a sort that our server's
 * priorities do not take. */
static const char HANDSHAKES_TLS12[] = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
static const char HANDSHAKES_TLS13[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3";
static const char HANDSHAKES_RETRY[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:"
				       "+GROUP-FFDHE2048:+GROUP-SECP384R1";

struct handshakes_pair {
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
	gnutls_certificate_credentials_t credentials;
};

struct handshakes {
	char dir[64];
	char ca_file[96], cert_file[96], key_file[96];
	struct handshakes_pair ca, server, stranger; /* whose key no CA has seen */
	struct handshakes_pair clients[HANDSHAKES_KINDS];
	struct config *config;
	struct tls_credentials *credentials; /* as the server has them */
};

/* GnuTLS looks certificates up by what it has read, not by what it has made. */
static inline gnutls_x509_crt_t
handshakes_read_again(gnutls_x509_crt_t made)
{
	gnutls_x509_crt_t crt;
	gnutls_datum_t der;

	TLS_PEER_CHECK(gnutls_x509_crt_export2(made, GNUTLS_X509_FMT_DER, &der));
	TLS_PEER_CHECK(gnutls_x509_crt_init(&crt));
	TLS_PEER_CHECK(gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER));
	gnutls_free(der.data);
	gnutls_x509_crt_deinit(made);
	return crt;
}

static inline void
handshakes_pair_make(struct handshakes_pair *p, gnutls_x509_privkey_t key,
	const char *name, const char *purpose, const struct handshakes_pair *issuer)
{
	p->key = key;
	p->crt = handshakes_read_again(tls_peer_certificate(key, name, purpose,
		issuer ? issuer->crt : NULL, issuer ? issuer->key : key));
	TLS_PEER_CHECK(gnutls_certificate_allocate_credentials(&p->credentials));
	TLS_PEER_CHECK(
		gnutls_certificate_set_x509_key(p->credentials, &p->crt, 1, p->key));
}

static inline void
handshakes_pair_free(struct handshakes_pair *p)
{
	gnutls_certificate_free_credentials(p->credentials);
	gnutls_x509_crt_deinit(p->crt);
	gnutls_x509_privkey_deinit(p->key);
}

/* A configuration of these files, with more settings of the form "KEY=VALUE". */
static inline struct config *
handshakes_config(const struct handshakes *h, const char *const *more, size_t n)
{
	char text[5][128], *overrides[16];
	struct buffer faults = { 0 };
	struct config *config = NULL;

	snprintf(text[0], sizeof text[0], "tls_cert=%s", h->cert_file);
	snprintf(text[1], sizeof text[1], "tls_key=%s", h->key_file);
	snprintf(text[2], sizeof text[2], "tls_ca=%s", h->ca_file);
	snprintf(text[3], sizeof text[3], "users=%s/users", h->dir);
	snprintf(text[4], sizeof text[4], "log=file:%s/log", h->dir);
	for (size_t i = 0; i < 5; i++)
		overrides[i] = text[i];
	overrides[5] = (char *)"hostname=447.edu";
	for (size_t i = 0; i < n; i++)
		overrides[6 + i] = (char *)more[i];
	if (config_load(NULL, overrides, 6 + n, &config, &faults) < 0)
		fail_msg("%s", buffer_string(&faults));
	buffer_free(&faults);
	return config;
}

static inline struct tls_credentials *
handshakes_load(const struct config *config)
{
	struct tls_credentials *credentials = NULL;
	struct buffer fault = { 0 };

	if (tls_credentials_load(config, &credentials, &fault) < 0)
		fail_msg("%s", buffer_string(&fault));
	buffer_free(&fault);
	return credentials;
}

static inline void
handshakes_make(struct handshakes *h)
{
	signal(SIGPIPE, SIG_IGN);
	snprintf(h->dir, sizeof h->dir, "/tmp/postern-handshakes-XXXXXX");
	if (!mkdtemp(h->dir))
		abort();
	snprintf(h->ca_file, sizeof h->ca_file, "%s/ca.pem", h->dir);
	snprintf(h->cert_file, sizeof h->cert_file, "%s/server.pem", h->dir);
	snprintf(h->key_file, sizeof h->key_file, "%s/server.key", h->dir);
	handshakes_pair_make(&h->ca, tls_peer_key(), "CN=A test's CA", NULL, NULL);
	handshakes_pair_make(&h->server, tls_peer_key(), "CN=server",
		GNUTLS_KP_TLS_WWW_SERVER, &h->ca);
	handshakes_pair_make(&h->stranger, tls_peer_key(), "CN=stranger",
		GNUTLS_KP_TLS_WWW_CLIENT, NULL);
	for (size_t i = 0; i < HANDSHAKES_KINDS; i++)
		handshakes_pair_make(&h->clients[i],
			tls_peer_key_of(
				handshakes_kinds[i].algorithm, handshakes_kinds[i].bits),
			"CN=client", GNUTLS_KP_TLS_WWW_CLIENT, &h->ca);
	tls_peer_export(h->ca.crt, NULL, h->ca_file, NULL);
	tls_peer_export(h->server.crt, h->server.key, h->cert_file, h->key_file);
	h->config = handshakes_config(h, NULL, 0);
	h->credentials = handshakes_load(h->config);
}

static inline void
handshakes_remove(struct handshakes *h)
{
	char path[128];

	handshakes_pair_free(&h->ca);
	handshakes_pair_free(&h->server);
	handshakes_pair_free(&h->stranger);
	for (size_t i = 0; i < HANDSHAKES_KINDS; i++)
		handshakes_pair_free(&h->clients[i]);
	tls_credentials_free(h->credentials);
	config_free(h->config);
	unlink(h->ca_file);
	unlink(h->cert_file);
	unlink(h->key_file);
	snprintf(path, sizeof path, "%s/log", h->dir);
	unlink(path);
	if (rmdir(h->dir) < 0)
		abort();
}

static inline int
handshakes_hear(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
	const gnutls_datum_t *message)
{
	(void)when;
	return tls_transcribe(gnutls_session_get_ptr(session), session, type, incoming,
		message->data, message->size);
}

static inline gnutls_session_t
handshakes_session_with_tickets(unsigned flags, const char *priority,
	gnutls_certificate_credentials_t credentials, int fd)
{
	gnutls_session_t s;

	TLS_PEER_CHECK(gnutls_init(&s, flags | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL));
	TLS_PEER_CHECK(gnutls_priority_set_direct(s, priority, NULL));
	TLS_PEER_CHECK(gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, credentials));
	gnutls_transport_set_int(s, fd);
	gnutls_handshake_set_timeout(s, GNUTLS_INDEFINITE_TIMEOUT);
	return s;
}

static inline gnutls_session_t
handshakes_session(unsigned flags, const char *priority,
	gnutls_certificate_credentials_t credentials, int fd)
{
	return handshakes_session_with_tickets(
		flags | GNUTLS_NO_TICKETS, priority, credentials, fd);
}

/* One handshake, noted in *t, whose credentials and random are set. A client with another
 * certificate than its key's has that of show. What both sides answer is in ret. */
static inline void
handshakes_run(const struct handshakes *h, const struct handshakes_pair *client,
	const char *client_priority, const char *server_priority,
	struct tls_transcriber *t, int ret[static 2])
{
	gnutls_session_t s, c;
	int fds[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
		0);
	s = handshakes_session(
		GNUTLS_SERVER, server_priority, h->server.credentials, fds[0]);
	c = handshakes_session(
		GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT | GNUTLS_KEY_SHARE_TOP,
		client_priority, client->credentials, fds[1]);
	gnutls_certificate_server_set_request(s, GNUTLS_CERT_REQUIRE);
	gnutls_certificate_send_x509_rdn_sequence(s, 1);
	gnutls_session_set_ptr(s, t);
	gnutls_handshake_set_hook_function(
		s, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_PRE, handshakes_hear);
	ret[0] = ret[1] = GNUTLS_E_AGAIN;
	for (int i = 0; i < 20; i++) {
		if (ret[1] == GNUTLS_E_AGAIN)
			ret[1] = gnutls_handshake(c);
		if (ret[0] == GNUTLS_E_AGAIN)
			ret[0] = gnutls_handshake(s);
	}
	gnutls_deinit(s);
	gnutls_deinit(c);
	close(fds[0]);
	close(fds[1]);
}

/* The same, which has to come about by the server's own priorities. */
static inline void
handshakes_note(const struct handshakes *h, const struct handshakes_pair *client,
	const char *client_priority, struct tls_transcriber *t)
{
	int answers[2];

	handshakes_run(h, client, client_priority, h->config->tls_priority, t, answers);
	if (answers[0] < 0 || answers[1] < 0)
		fail_msg("%s: server %s, client %s", client_priority,
			gnutls_strerror(answers[0]), gnutls_strerror(answers[1]));
	assert_true(t->whole);
}

#endif
