// SPDX-License-Identifier: ISC
/*
 * The client's TLS session against a server in a thread: what every alert is said to
 * mean, deadlines, cancelling, large writes, and the channel binding at both ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/clock.h"
#include "tls/client.h"
#include "tls_peer.h"

static const char tls12[] = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
static const char tls13[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3";

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

static int64_t
soon(void)
{
	return host_clock_ms() + 10000;
}

static int
load_files(const char *ca, const char *cert, const char *key,
	struct tls_client_credentials **ret, struct buffer *fault)
{
	struct tls_client_files files = { .ca = ca, .cert = cert, .key = key };

	return tls_client_credentials_load(&files, ret, fault);
}

static struct tls_client_credentials *
load(bool with_pair)
{
	struct tls_client_credentials *c;
	struct buffer fault = { 0 };

	if (load_files(keys.ca, with_pair ? keys.cert : NULL, with_pair ? keys.key : NULL,
		    &c, &fault) < 0)
		fail_msg("%s", buffer_string(&fault));
	return c;
}

static void
expect_words(struct buffer *fault, const char *words)
{
	if (!buffer_string(fault) || !strstr(buffer_string(fault), words))
		fail_msg("\"%s\" is not in \"%s\"", words,
			buffer_string(fault) ? buffer_string(fault) : "");
	buffer_free(fault);
}

static const struct {
	int alert;
	int result;
	const char *words;
} alerts[] = {
	{ 116, -EPROTO, "shown none: name one with --cert" },
	{ 48, -EPROTO, "does not know who issued our certificate" },
	{ 45, -EPROTO, "has expired or is not valid yet" },
	{ 44, -EPROTO, "has been revoked" },
	{ 43, -EPROTO, "not made for clients or its key is too weak" },
	{ 42, -EPROTO, "damaged or wrongly signed" },
	{ 46, -EPROTO, "without saying why" },
	{ 49, -EPROTO, "locked or over a limit" },
	{ 51, -EPROTO, "could not verify that we hold the key" },
	{ 70, -EPROTO, "no version of TLS in common" },
	{ 71, -EPROTO, "too weak" },
	{ 80, -EREMOTEIO, "a fault of its own" },
	{ 47, -EPROTO, "with the alert \"" },
	{ 22, -EPROTO, "with the alert \"" },
};

static void
play_alert(struct tls_peer *p)
{
	gnutls_alert_send(p->session, GNUTLS_AL_FATAL,
		(gnutls_alert_description_t)(intptr_t)p->arg);
}

/* In TLS 1.3 a refusal comes behind the client's handshake: at its first read. */
static void
test_alerts_at_the_first_read(void **state)
{
	struct tls_client_credentials *c = load(true);

	(void)state;
	for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++) {
		struct tls_peer peer = { .priority = tls13,
			.play = play_alert,
			.arg = (void *)(intptr_t)alerts[i].alert };
		struct buffer fault = { 0 };
		struct tls_client *t;
		char data[16];
		size_t n;

		tls_peer_start(&peer, &keys);
		assert_int_equal(tls_client_start(c, peer.client, -1, "localhost", soon(),
					 &t, &fault),
			0);
		assert_int_equal(
			tls_client_read(t, data, sizeof data, soon(), &n, &fault),
			alerts[i].result);
		expect_words(&fault, alerts[i].words);
		tls_client_end(t);
		tls_peer_end(&peer);
	}
	tls_client_credentials_free(c);
}

static void
test_alerts_in_the_handshake(void **state)
{
	struct tls_client_credentials *c = load(true);

	(void)state;
	for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++) {
		struct tls_peer peer = { .priority = tls12, .refuse = alerts[i].alert };
		struct buffer fault = { 0 };
		struct tls_client *t;

		tls_peer_start(&peer, &keys);
		assert_int_equal(tls_client_start(c, peer.client, -1, "localhost", soon(),
					 &t, &fault),
			alerts[i].result);
		expect_words(&fault, alerts[i].words);
		tls_peer_end(&peer);
	}
	tls_client_credentials_free(c);
}

/* GnuTLS sends handshake_failure or certificate_required, by version. */
static void
test_no_certificate(void **state)
{
	const char *versions[] = { tls12, tls13 };
	struct tls_client_credentials *c = load(false);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct tls_peer peer = { .priority = versions[i] };
		struct buffer fault = { 0 };
		struct tls_client *t = NULL;
		char data[16];
		size_t n;
		int r;

		tls_peer_start(&peer, &keys);
		r = tls_client_start(c, peer.client, -1, "localhost", soon(), &t, &fault);
		if (r == 0)
			r = tls_client_read(t, data, sizeof data, soon(), &n, &fault);
		assert_int_equal(r, -EPROTO);
		expect_words(&fault, "name one with --cert and --key");
		tls_client_end(t);
		tls_peer_end(&peer);
	}
	tls_client_credentials_free(c);
}

static void
play_look(struct tls_peer *p)
{
	unsigned n = 0;

	*(bool *)p->arg = gnutls_certificate_get_peers(p->session, &n) && n > 0;
}

/* A server that names CAs of which none is ours: GnuTLS would keep the certificate at
 * home, and the server could say no more than that there is none. */
static void
test_certificate_is_shown_to_whoever_asks(void **state)
{
	struct tls_client_credentials *c;
	struct tls_peer_keys other;
	bool shown = false;
	struct tls_peer peer = { .play = play_look, .arg = &shown };
	struct buffer fault = { 0 };
	struct tls_client *t;
	char data[16];
	size_t n;

	(void)state;
	tls_peer_keys_make(&other);
	TLS_PEER_CHECK(gnutls_certificate_set_x509_trust_file(
		other.server, other.ca, GNUTLS_X509_FMT_PEM));
	assert_int_equal(load_files(other.ca, keys.cert, keys.key, &c, &fault), 0);
	tls_peer_start(&peer, &other);
	assert_int_equal(
		tls_client_start(c, peer.client, -1, "localhost", soon(), &t, &fault), 0);
	tls_client_read(t, data, sizeof data, soon(), &n, &fault);
	tls_client_end(t);
	tls_peer_end(&peer);
	assert_true(shown);
	tls_peer_keys_remove(&other);
	tls_client_credentials_free(c);
	buffer_free(&fault);
}

static void
play_exporter(struct tls_peer *p)
{
	TLS_PEER_CHECK(gnutls_session_channel_binding(
		p->session, GNUTLS_CB_TLS_EXPORTER, p->arg));
	TLS_PEER_CHECK((int)gnutls_record_send(p->session, "x", 1));
}

static void
test_exporter_is_the_servers(void **state)
{
	struct tls_client_credentials *c = load(true);
	gnutls_datum_t theirs = { NULL, 0 };
	struct tls_peer peer = {
		.priority = tls13, .play = play_exporter, .arg = &theirs
	};
	struct buffer fault = { 0 };
	uint8_t ours[TLS_CLIENT_EXPORTER_SIZE];
	struct tls_client *t;
	char data[16];
	size_t n;

	(void)state;
	tls_peer_start(&peer, &keys);
	assert_int_equal(
		tls_client_start(c, peer.client, -1, "localhost", soon(), &t, &fault), 0);
	assert_non_null(strstr(tls_client_describe(t), "TLS1.3"));
	assert_int_equal(tls_client_read(t, data, sizeof data, soon(), &n, &fault), 0);
	assert_int_equal(n, 1);
	assert_int_equal(tls_client_exporter(t, ours), 0);
	assert_int_equal(theirs.size, sizeof ours);
	assert_memory_equal(theirs.data, ours, sizeof ours);
	tls_client_end(t);
	tls_peer_end(&peer);
	gnutls_free(theirs.data);
	tls_client_credentials_free(c);
}

enum { MUCH = 3 << 20 };

/* Reads all of it, slowly at first, and says how much came. */
static void
play_sink(struct tls_peer *p)
{
	struct timespec nap = { .tv_nsec = 50000000 };
	static char data[65536];
	size_t total = 0;
	ssize_t n;

	nanosleep(&nap, NULL);
	while (total < MUCH &&
		(n = gnutls_record_recv(p->session, data, sizeof data)) > 0) {
		for (ssize_t i = 0; i < n; i++, total++) {
			if (data[i] != (char)(total % 251))
				return;
		}
	}
	*(size_t *)p->arg = total;
}

static void
test_large_write(void **state)
{
	struct tls_client_credentials *c = load(true);
	size_t total = 0;
	struct tls_peer peer = { .play = play_sink, .arg = &total };
	struct buffer fault = { 0 };
	struct tls_client *t;
	char *data = malloc(MUCH);

	(void)state;
	for (size_t i = 0; i < MUCH; i++)
		data[i] = (char)(i % 251);
	tls_peer_start(&peer, &keys);
	assert_int_equal(
		tls_client_start(c, peer.client, -1, "localhost", soon(), &t, &fault), 0);
	assert_int_equal(tls_client_write(t, data, MUCH, soon(), &fault), 0);
	tls_client_end(t);
	tls_peer_end(&peer);
	assert_int_equal(total, MUCH);
	free(data);
	tls_client_credentials_free(c);
}

/* Stays silent until the client has gone. */
static void
play_silence(struct tls_peer *p)
{
	char data[16];

	while (gnutls_record_recv(p->session, data, sizeof data) > 0)
		;
}

static void
test_read_has_a_deadline(void **state)
{
	struct tls_client_credentials *c = load(true);
	struct tls_peer peer = { .play = play_silence };
	struct buffer fault = { 0 };
	struct tls_client *t;
	char data[16];
	int64_t began;
	size_t n;

	(void)state;
	tls_peer_start(&peer, &keys);
	assert_int_equal(
		tls_client_start(c, peer.client, -1, "localhost", soon(), &t, &fault), 0);
	assert_int_equal(tls_client_read(t, data, sizeof data, 0, &n, &fault), -EAGAIN);
	assert_int_equal(buffer_len(&fault), 0);
	began = host_clock_ms();
	assert_int_equal(tls_client_read(t, data, sizeof data, began + 100, &n, &fault),
		-ETIMEDOUT);
	assert_in_range(host_clock_ms() - began, 99, 5000);
	expect_words(&fault, "has not answered in time");
	tls_client_end(t);
	tls_peer_end(&peer);
	tls_client_credentials_free(c);
}

static void
test_write_has_a_deadline(void **state)
{
	struct tls_client_credentials *c = load(true);
	struct tls_peer peer = { 0 };
	struct buffer fault = { 0 };
	struct tls_client *t;
	char *data = calloc(1, MUCH);
	int r;

	(void)state;
	tls_peer_start(&peer, &keys);
	r = tls_client_start(c, peer.client, -1, "localhost", soon(), &t, &fault);
	assert_int_equal(r, 0);
	/* Nobody reads at the other end. */
	r = tls_client_write(t, data, MUCH, host_clock_ms() + 100, &fault);
	assert_int_equal(r, -ETIMEDOUT);
	expect_words(&fault, "has not answered in time");
	tls_client_end(t);
	tls_peer_end(&peer);
	free(data);
	tls_client_credentials_free(c);
}

static void
test_cancel(void **state)
{
	struct tls_client_credentials *c = load(true);
	struct buffer fault = { 0 };
	struct tls_client *t;
	int silent[2], cancel[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, silent), 0);
	assert_int_equal(pipe(cancel), 0);
	assert_int_equal(write(cancel[1], "x", 1), 1);
	assert_int_equal(tls_client_start(c, silent[0], cancel[0], "localhost", soon(),
				 &t, &fault),
		-ECANCELED);
	assert_int_equal(buffer_len(&fault), 0);
	assert_int_equal(tls_client_start(c, silent[0], -1, "localhost",
				 host_clock_ms() + 50, &t, &fault),
		-ETIMEDOUT);
	expect_words(&fault, "has not answered in time");
	close(silent[0]);
	close(silent[1]);
	close(cancel[0]);
	close(cancel[1]);
	tls_client_credentials_free(c);
}

static void
play_goodbye(struct tls_peer *p)
{
	gnutls_bye(p->session, GNUTLS_SHUT_WR);
}

static void
test_ends_of_the_stream(void **state)
{
	struct tls_client_credentials *c = load(true);

	(void)state;
	for (int polite = 0; polite < 2; polite++) {
		struct tls_peer peer = { .play = polite ? play_goodbye : NULL };
		struct buffer fault = { 0 };
		struct tls_client *t;
		char data[16];
		size_t n = 1;
		int r;

		tls_peer_start(&peer, &keys);
		r = tls_client_start(c, peer.client, -1, "localhost", soon(), &t, &fault);
		assert_int_equal(r, 0);
		r = tls_client_read(t, data, sizeof data, soon(), &n, &fault);
		assert_int_equal(r, polite ? 0 : -ECONNRESET);
		assert_int_equal(n, polite ? 0 : 1);
		tls_client_end(t);
		tls_peer_end(&peer);
		buffer_free(&fault);
	}
	tls_client_credentials_free(c);
}

static void
test_files(void **state)
{
	struct tls_client_credentials *c;
	struct buffer fault = { 0 };

	(void)state;
	assert_int_equal(
		load_files("/nonexistent/ca.pem", NULL, NULL, &c, &fault), -EINVAL);
	expect_words(&fault, "/nonexistent/ca.pem");
	/* A key where certificates are expected. */
	assert_int_equal(load_files(keys.key, NULL, NULL, &c, &fault), -EINVAL);
	expect_words(&fault, keys.key);
	assert_int_equal(load_files(keys.ca, keys.ca, keys.key, &c, &fault), -EINVAL);
	expect_words(&fault, "does not belong to the certificate");
	assert_int_equal(
		load_files(keys.ca, keys.cert, "/nonexistent/key.pem", &c, &fault),
		-EINVAL);
	expect_words(&fault, "/nonexistent/key.pem");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alerts_at_the_first_read),
		cmocka_unit_test(test_alerts_in_the_handshake),
		cmocka_unit_test(test_no_certificate),
		cmocka_unit_test(test_certificate_is_shown_to_whoever_asks),
		cmocka_unit_test(test_exporter_is_the_servers),
		cmocka_unit_test(test_large_write),
		cmocka_unit_test(test_read_has_a_deadline),
		cmocka_unit_test(test_write_has_a_deadline),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_ends_of_the_stream),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
