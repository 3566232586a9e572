// SPDX-License-Identifier: ISC
/*
 * Login with channel binding against libgsasl's own server half over a real TLS session:
 * it is chosen where it is offered, works, and fails where the channel is another one.
 */
#include <gsasl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sysexits.h>

#include <cmocka.h>

#include "client/login.h"
#include "host/clock.h"
#include "tls_peer.h"

static struct tls_peer_keys keys;

static int
setup(void **state)
{
	(void)state;
	tls_peer_keys_make(&keys);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	tls_peer_keys_remove(&keys);
	return 0;
}

/* What the server's half knows. */
struct server {
	const char *password;
	bool other_channel; /* somebody sits between */
	bool logged_in;
	char mechanism[64];
};

static int
answer_property(Gsasl *library, Gsasl_session *session, Gsasl_property property)
{
	struct tls_peer *p = gsasl_session_hook_get(session);
	struct server *s = p->arg;
	gnutls_datum_t binding;
	char *text;
	size_t len;

	(void)library;
	if (property == GSASL_PASSWORD)
		return gsasl_property_set(session, property, s->password);
	if (property != GSASL_CB_TLS_EXPORTER)
		return GSASL_NO_CALLBACK;
	TLS_PEER_CHECK(gnutls_session_channel_binding(
		p->session, GNUTLS_CB_TLS_EXPORTER, &binding));
	if (s->other_channel)
		binding.data[0] ^= 1;
	gsasl_base64_to((char *)binding.data, binding.size, &text, &len);
	gsasl_property_set(session, property, text);
	gsasl_free(text);
	gnutls_free(binding.data);
	return GSASL_OK;
}

static void
say(struct tls_peer *p, const char *code, const char *text)
{
	char line[1024];
	int n = snprintf(line, sizeof line, "%s %s\r\n", code, text);

	gnutls_record_send(p->session, line, (size_t)n);
}

/* A line without its end; "" when the client has gone. */
static void
hear(struct tls_peer *p, char line[1024])
{
	ssize_t n = gnutls_record_recv(p->session, line, 1023);

	line[n > 2 ? n - 2 : 0] = '\0';
}

static void
play_sasl(struct tls_peer *p)
{
	struct server *s = p->arg;
	Gsasl_session *session;
	Gsasl *library;
	char line[1024];
	char *input, *output;
	int r;

	gsasl_init(&library);
	gsasl_callback_set(library, answer_property);
	hear(p, line);
	if (sscanf(line, "AUTH %63s", s->mechanism) != 1 ||
		gsasl_server_start(library, s->mechanism, &session) != GSASL_OK)
		abort();
	gsasl_session_hook_set(session, p);
	input = line + strlen("AUTH ") + strlen(s->mechanism) + 1;
	do {
		output = NULL;
		r = gsasl_step64(session, input, &output);
		if (r == GSASL_NEEDS_MORE || (r == GSASL_OK && output && *output)) {
			say(p, "334", output);
			hear(p, line);
			input = line;
		}
		gsasl_free(output);
	} while (r == GSASL_NEEDS_MORE);
	s->logged_in = r == GSASL_OK;
	say(p, r == GSASL_OK ? "235" : "535", r == GSASL_OK ? "Welcome" : "Wrong");
	gsasl_finish(session);
	gsasl_done(library);
}

/* The exit status of a login: 0 where it succeeds. */
static int
log_in(struct server *s, unsigned offered, const char *priority)
{
	struct client_settings settings = { .host = (char *)"localhost", .timeout = 10 };
	struct client_link link = { .settings = &settings, .fd = -1, .cancel = -1 };
	struct smtp_server_offers offers = { .auth_offered = true, .auth = offered };
	struct tls_peer peer = { .play = play_sasl, .arg = s, .priority = priority };
	struct tls_client_files files = {
		.ca = keys.ca, .cert = keys.cert, .key = keys.key
	};
	struct client_fault fault = { 0 };
	struct buffer words = { 0 };

	tls_peer_start(&peer, &keys);
	assert_int_equal(
		tls_client_credentials_load(&files, &link.credentials, &words), 0);
	assert_int_equal(tls_client_start(link.credentials, peer.client, -1, "localhost",
				 host_clock_ms() + 10000, &link.tls, &words),
		0);
	client_login(&link, &offers, "brad@447.edu", "pencil", &fault);
	client_link_close(&link);
	tls_peer_end(&peer);
	return fault.status;
}

enum {
	EVERY = SMTP_SERVER_SCRAM_SHA_256_PLUS | SMTP_SERVER_SCRAM_SHA_256 |
		SMTP_SERVER_PLAIN | SMTP_SERVER_LOGIN,
};

static void
test_channel_binding(void **state)
{
	struct server s = { .password = "pencil" };

	(void)state;
	assert_int_equal(log_in(&s, EVERY, NULL), 0);
	assert_true(s.logged_in);
	assert_string_equal(s.mechanism, "SCRAM-SHA-256-PLUS");
}

static void
test_another_channel(void **state)
{
	struct server s = { .password = "pencil", .other_channel = true };

	(void)state;
	assert_int_equal(log_in(&s, EVERY, NULL), EX_NOPERM);
	assert_false(s.logged_in);
}

static void
test_wrong_password(void **state)
{
	struct server s = { .password = "pen" };

	(void)state;
	assert_int_equal(log_in(&s, EVERY, NULL), EX_NOPERM);
	assert_false(s.logged_in);
}

static void
test_order_of_strength(void **state)
{
	static const struct {
		unsigned offered;
		const char *chosen;
	} cases[] = {
		{ EVERY & ~SMTP_SERVER_SCRAM_SHA_256_PLUS, "SCRAM-SHA-256" },
		{ SMTP_SERVER_SCRAM_SHA_256, "SCRAM-SHA-256" },
		{ SMTP_SERVER_SCRAM_SHA_256_PLUS, "SCRAM-SHA-256-PLUS" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct server s = { .password = "pencil" };

		log_in(&s, cases[i].offered, NULL);
		assert_string_equal(s.mechanism, cases[i].chosen);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_channel_binding),
		cmocka_unit_test(test_another_channel),
		cmocka_unit_test(test_wrong_password),
		cmocka_unit_test(test_order_of_strength),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
