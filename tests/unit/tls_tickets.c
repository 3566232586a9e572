// SPDX-License-Identifier: ISC
/*
 * Tickets as GnuTLS makes them: found in ClientHellos of both versions, under the name
 * that is worked out from their key.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "host/tickets.h"
#include "tls/tickets.h"
#include "tls_peer.h"

static gnutls_certificate_credentials_t credentials;

static int
up(void **state)
{
	gnutls_x509_privkey_t key = tls_peer_key();
	gnutls_x509_crt_t crt = tls_peer_certificate(
		key, "CN=server", GNUTLS_KP_TLS_WWW_SERVER, NULL, key);

	(void)state;
	TLS_PEER_CHECK(gnutls_certificate_allocate_credentials(&credentials));
	TLS_PEER_CHECK(gnutls_certificate_set_x509_key(credentials, &crt, 1, key));
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	return 0;
}

static int
down(void **state)
{
	(void)state;
	gnutls_certificate_free_credentials(credentials);
	return 0;
}

/* What the server has found in a ClientHello. */
struct visit {
	bool tls13, found;
	uint8_t id[TLS_TICKET_ID];
};

static int
hear(gnutls_session_t s, unsigned type, unsigned when, unsigned incoming,
	const gnutls_datum_t *message)
{
	struct visit *v = gnutls_session_get_ptr(s);

	(void)type, (void)when, (void)incoming;
	v->found = tls_tickets_find(message->data, message->size, v->tls13, v->id);
	return 0;
}

static gnutls_session_t
begin(unsigned flags, const char *priority, int fd)
{
	gnutls_session_t s;

	TLS_PEER_CHECK(gnutls_init(&s, flags | GNUTLS_NONBLOCK));
	TLS_PEER_CHECK(gnutls_priority_set_direct(s, priority, NULL));
	TLS_PEER_CHECK(gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, credentials));
	gnutls_transport_set_int(s, fd);
	return s;
}

/* A handshake, with a session from before if *session has one; the one to go on with
 * is in *session afterwards. Whether it was resumed. */
static bool
visit(struct visit *v, const uint8_t *key, gnutls_datum_t *session)
{
	const char *priority = v->tls13 ? "NORMAL:-VERS-ALL:+VERS-TLS1.3"
					: "NORMAL:-VERS-ALL:+VERS-TLS1.2";
	gnutls_datum_t datum = { (void *)key, TLS_TICKET_KEY };
	gnutls_session_t s, c;
	int fds[2], r[2] = { GNUTLS_E_AGAIN, GNUTLS_E_AGAIN };
	char byte;
	bool resumed;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	s = begin(GNUTLS_SERVER, priority, fds[0]);
	c = begin(GNUTLS_CLIENT, priority, fds[1]);
	gnutls_session_set_ptr(s, v);
	gnutls_handshake_set_hook_function(
		s, GNUTLS_HANDSHAKE_CLIENT_HELLO, GNUTLS_HOOK_PRE, hear);
	gnutls_db_set_cache_expiration(s, HOST_TICKET_SECONDS);
	TLS_PEER_CHECK(gnutls_session_ticket_enable_server(s, &datum));
	if (session->data)
		TLS_PEER_CHECK(gnutls_session_set_data(c, session->data, session->size));
	for (int i = 0; i < 20; i++) {
		r[1] = r[1] == GNUTLS_E_AGAIN ? gnutls_handshake(c) : r[1];
		r[0] = r[0] == GNUTLS_E_AGAIN ? gnutls_handshake(s) : r[0];
	}
	assert_int_equal(r[0], 0);
	assert_int_equal(r[1], 0);
	gnutls_record_send(s, "x", 1);
	while (gnutls_record_recv(c, &byte, 1) == GNUTLS_E_AGAIN)
		continue;
	resumed = gnutls_session_is_resumed(s);
	gnutls_free(session->data);
	TLS_PEER_CHECK(gnutls_session_get_data2(c, session));
	gnutls_deinit(s);
	gnutls_deinit(c);
	close(fds[0]);
	close(fds[1]);
	return resumed;
}

static void
a_ticket_says_its_key(void **state)
{
	uint8_t key[TLS_TICKET_KEY], id[2][TLS_TICKET_ID];

	(void)state;
	memset(key, 0x5a, sizeof key);
	for (int tls13 = 0; tls13 < 2; tls13++) {
		gnutls_datum_t session = { NULL, 0 };
		struct visit v = { .tls13 = tls13 };
		bool resumed;

		assert_int_equal(tls_tickets_id(key, time(NULL), id[0]), 0);
		assert_false(visit(&v, key, &session));
		assert_false(v.found);
		resumed = visit(&v, key, &session);
		assert_int_equal(tls_tickets_id(key, time(NULL), id[1]), 0);
		assert_true(v.found);
		/* The name may have changed meanwhile: then it is one of both. */
		assert_true(memcmp(v.id, id[0], sizeof v.id) == 0 ||
			    memcmp(v.id, id[1], sizeof v.id) == 0);
		assert_true(resumed || memcmp(id[0], id[1], sizeof v.id) != 0);
		gnutls_free(session.data);
	}
}

static void
names_change_with_key_and_time(void **state)
{
	enum { PERIOD = 3 * HOST_TICKET_SECONDS };
	uint8_t key[TLS_TICKET_KEY] = { 1 }, a[TLS_TICKET_ID], b[TLS_TICKET_ID];

	(void)state;
	assert_int_equal(tls_tickets_id(key, 10 * PERIOD, a), 0);
	assert_int_equal(tls_tickets_id(key, 11 * PERIOD - 1, b), 0);
	assert_memory_equal(a, b, sizeof a);
	assert_int_equal(tls_tickets_id(key, 11 * PERIOD, b), 0);
	assert_memory_not_equal(a, b, sizeof a);
	key[63] = 1;
	assert_int_equal(tls_tickets_id(key, 10 * PERIOD, b), 0);
	assert_memory_not_equal(a, b, sizeof a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ticket_says_its_key),
		cmocka_unit_test(names_change_with_key_and_time),
	};

	return cmocka_run_group_tests_name("tls_tickets", tests, up, down);
}
