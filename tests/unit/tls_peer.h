// SPDX-License-Identifier: ISC
/*
 * A TLS server in a thread, with GnuTLS of its own, and the keys for it: what the tests
 * of the client's TLS speak to. Functions are inline because every test is one file.
 */
#ifndef TESTS_UNIT_TLS_PEER_H
#define TESTS_UNIT_TLS_PEER_H

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Three files for the client: its roots, its certificate, its key; and the server's. */
struct tls_peer_keys {
	char dir[64];
	char ca[80], cert[80], key[80];
	gnutls_certificate_credentials_t server;
};

struct tls_peer {
	int client, server; /* the two ends of the connection */
	gnutls_session_t session;
	const char *priority;
	int refuse; /* alert to refuse the client with from the verify callback, or 0 */
	void (*play)(struct tls_peer *p); /* behind the handshake */
	void *arg;
	int handshake; /* what the server's handshake gave */
	pthread_t thread;
};

static inline void
tls_peer_check(int r, const char *what)
{
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", what, gnutls_strerror(r));
		abort();
	}
}

#define TLS_PEER_CHECK(call) tls_peer_check((call), #call)

static inline void
tls_peer_write(const char *path, const gnutls_datum_t *data)
{
	FILE *f = fopen(path, "w");

	if (!f || fwrite(data->data, 1, data->size, f) != data->size || fclose(f) != 0)
		abort();
}

/* bits may be a curve. */
static inline gnutls_x509_privkey_t
tls_peer_key_of(gnutls_pk_algorithm_t algorithm, unsigned bits)
{
	gnutls_x509_privkey_t key;

	TLS_PEER_CHECK(gnutls_x509_privkey_init(&key));
	TLS_PEER_CHECK(gnutls_x509_privkey_generate(key, algorithm, bits, 0));
	return key;
}

static inline gnutls_x509_privkey_t
tls_peer_key(void)
{
	return tls_peer_key_of(
		GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1));
}

/* A certificate for key, signed by issuer, or by itself where that is NULL: a CA's where
 * there is no purpose, a client's for brad@447.edu, or a server's for localhost. */
static inline gnutls_x509_crt_t
tls_peer_certificate(gnutls_x509_privkey_t key, const char *name, const char *purpose,
	gnutls_x509_crt_t issuer, gnutls_x509_privkey_t issuer_key)
{
	static unsigned char serial;
	gnutls_x509_crt_t crt;
	time_t now = time(NULL);

	serial++;
	TLS_PEER_CHECK(gnutls_x509_crt_init(&crt));
	TLS_PEER_CHECK(gnutls_x509_crt_set_version(crt, 3));
	TLS_PEER_CHECK(gnutls_x509_crt_set_serial(crt, &serial, 1));
	TLS_PEER_CHECK(gnutls_x509_crt_set_activation_time(crt, now - 60));
	TLS_PEER_CHECK(gnutls_x509_crt_set_expiration_time(crt, now + 3600));
	TLS_PEER_CHECK(gnutls_x509_crt_set_dn(crt, name, NULL));
	TLS_PEER_CHECK(gnutls_x509_crt_set_key(crt, key));
	TLS_PEER_CHECK(gnutls_x509_crt_set_basic_constraints(crt, !purpose, -1));
	if (purpose) {
		TLS_PEER_CHECK(gnutls_x509_crt_set_key_purpose_oid(crt, purpose, 0));
		if (strcmp(purpose, GNUTLS_KP_TLS_WWW_CLIENT) == 0)
			TLS_PEER_CHECK(gnutls_x509_crt_set_subject_alt_name(crt,
				GNUTLS_SAN_RFC822NAME, "brad@447.edu", 12,
				GNUTLS_FSAN_SET));
		else
			TLS_PEER_CHECK(gnutls_x509_crt_set_subject_alt_name(crt,
				GNUTLS_SAN_DNSNAME, "localhost", 9, GNUTLS_FSAN_SET));
	}
	TLS_PEER_CHECK(gnutls_x509_crt_sign2(
		crt, issuer ? issuer : crt, issuer_key, GNUTLS_DIG_SHA256, 0));
	return crt;
}

static inline void
tls_peer_export(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const char *cert_path,
	const char *key_path)
{
	gnutls_datum_t text;

	TLS_PEER_CHECK(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &text));
	tls_peer_write(cert_path, &text);
	gnutls_free(text.data);
	if (!key_path)
		return;
	TLS_PEER_CHECK(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &text));
	tls_peer_write(key_path, &text);
	gnutls_free(text.data);
}

static inline void
tls_peer_keys_make(struct tls_peer_keys *k)
{
	gnutls_x509_privkey_t keys[3] = { tls_peer_key(), tls_peer_key(),
		tls_peer_key() };
	gnutls_x509_crt_t crts[3];
	char name[80];

	snprintf(k->dir, sizeof k->dir, "/tmp/postern-tls-XXXXXX");
	if (!mkdtemp(k->dir))
		abort();
	snprintf(k->ca, sizeof k->ca, "%s/ca.pem", k->dir);
	snprintf(k->cert, sizeof k->cert, "%s/cert.pem", k->dir);
	snprintf(k->key, sizeof k->key, "%s/key.pem", k->dir);
	snprintf(name, sizeof name, "CN=CA of %s", strrchr(k->dir, '-') + 1);
	crts[0] = tls_peer_certificate(keys[0], name, NULL, NULL, keys[0]);
	crts[1] = tls_peer_certificate(
		keys[1], "CN=server", GNUTLS_KP_TLS_WWW_SERVER, crts[0], keys[0]);
	crts[2] = tls_peer_certificate(
		keys[2], "CN=client", GNUTLS_KP_TLS_WWW_CLIENT, crts[0], keys[0]);
	tls_peer_export(crts[0], NULL, k->ca, NULL);
	tls_peer_export(crts[2], keys[2], k->cert, k->key);
	TLS_PEER_CHECK(gnutls_certificate_allocate_credentials(&k->server));
	TLS_PEER_CHECK(gnutls_certificate_set_x509_key(k->server, &crts[1], 1, keys[1]));
	for (int i = 0; i < 3; i++) {
		gnutls_x509_crt_deinit(crts[i]);
		gnutls_x509_privkey_deinit(keys[i]);
	}
}

static inline void
tls_peer_keys_remove(struct tls_peer_keys *k)
{
	gnutls_certificate_free_credentials(k->server);
	unlink(k->ca);
	unlink(k->cert);
	unlink(k->key);
	rmdir(k->dir);
}

static inline int
tls_peer_verify(gnutls_session_t session)
{
	struct tls_peer *p = gnutls_session_get_ptr(session);

	return p->refuse ? GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR : 0;
}

static inline void *
tls_peer_run(void *arg)
{
	struct tls_peer *p = arg;

	do
		p->handshake = gnutls_handshake(p->session);
	while (p->handshake < 0 && !gnutls_error_is_fatal(p->handshake));
	if (p->handshake < 0 && p->refuse)
		gnutls_alert_send(p->session, GNUTLS_AL_FATAL,
			(gnutls_alert_description_t)p->refuse);
	else if (p->handshake < 0)
		gnutls_alert_send_appropriate(p->session, p->handshake);
	if (p->handshake == 0 && p->play)
		p->play(p);
	shutdown(p->server, SHUT_WR);
	return NULL;
}

/* Starts a server that waits for its client on p->client; p says how it is to behave. */
static inline void
tls_peer_start(struct tls_peer *p, struct tls_peer_keys *k)
{
	int pair[2];

	signal(SIGPIPE, SIG_IGN);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	p->client = pair[0];
	p->server = pair[1];
	fcntl(p->client, F_SETFL, O_NONBLOCK);
	TLS_PEER_CHECK(gnutls_init(&p->session, GNUTLS_SERVER));
	TLS_PEER_CHECK(gnutls_priority_set_direct(
		p->session, p->priority ? p->priority : "NORMAL", NULL));
	TLS_PEER_CHECK(
		gnutls_credentials_set(p->session, GNUTLS_CRD_CERTIFICATE, k->server));
	gnutls_certificate_server_set_request(p->session, GNUTLS_CERT_REQUIRE);
	gnutls_session_set_ptr(p->session, p);
	gnutls_session_set_verify_function(p->session, tls_peer_verify);
	gnutls_transport_set_int(p->session, p->server);
	if (pthread_create(&p->thread, NULL, tls_peer_run, p) != 0)
		abort();
}

static inline void
tls_peer_end(struct tls_peer *p)
{
	close(p->client);
	pthread_join(p->thread, NULL);
	gnutls_deinit(p->session);
	close(p->server);
}

#endif
