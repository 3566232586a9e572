// SPDX-License-Identifier: ISC
/*
 * The smtp process' part of a handshake, with a liar on the control channel: a real tls
 * process shakes hands with a real client, and what it says to the smtp process goes
 * through the liar in between, who says something else. Or there is no handshake, and the
 * liar says what it likes.
 */
#ifndef TESTS_UNIT_LIAR_H
#define TESTS_UNIT_LIAR_H

#include "handshakes.h"

#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/text.h"
#include "host/clock.h"
#include "pki/handle.h"
#include "smtpd/admission.h"
#include "tls/process.h"
#include "tls/random.h"

enum { LIAR_SECONDS = 20 };

static struct handshakes world;
static struct config *with_pins; /* which hold the stranger's certificate */
static char pins[96], pin_file[192];

static const char *const OFFERS[] = { HANDSHAKES_TLS12, HANDSHAKES_TLS13,
	HANDSHAKES_RETRY };

struct trial {
	const char *offer;
	const struct handshakes_pair *client;
	const struct config *config;
	/* Changes what the tls process says, or says something itself to the smtp process
	 * and answers false: then this is not said. NULL: an honest one. */
	bool (*lie)(struct trial *t, struct tls_message *m);
	size_t place;            /* for lies that have several */
	bool foreign_random;     /* the tls process says a random of its own */
	struct buffer made;      /* what a lie has put together */
	gnutls_datum_t *session; /* the client goes on with it, and keeps what it gets
				  * here; NULL: it does not */
	const char *from;        /* its address, or NULL for any */
	struct smtpd_server s;
	int net[2], plain[2];
	int inner[2], outer[2]; /* control: tls process and liar, liar and smtp process */
	pid_t child;
	pthread_t liar, peer;
};

static inline void
make_pins(void)
{
	char setting[128], hex[PKI_PIN_HEX];
	const char *more[] = { setting };
	struct pki_identity id;

	snprintf(pins, sizeof pins, "%s/pins", world.dir);
	snprintf(setting, sizeof setting, "tls_pins=%s", pins);
	if (mkdir(pins, 0700) < 0)
		abort();
	assert_int_equal(pki_crt_identity(world.stranger.crt, &id), 0);
	text_hex(id.pin, PKI_PIN_SIZE, hex);
	pki_identity_clear(&id);
	snprintf(pin_file, sizeof pin_file, "%s/%s", pins, hex);
	tls_peer_export(world.stranger.crt, NULL, pin_file, NULL);
	with_pins = handshakes_config(&world, more, 1);
}

static inline int
up(void **state)
{
	(void)state;
	handshakes_make(&world);
	make_pins();
	return 0;
}

static inline int
down(void **state)
{
	(void)state;
	config_free(with_pins);
	unlink(pin_file);
	rmdir(pins);
	handshakes_remove(&world);
	return 0;
}

/* One packet from one side to the other; false at the end. */
static inline bool
pass(struct trial *t, bool up_to_smtp)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	struct tls_message m;
	int r = tls_control_receive(up_to_smtp ? t->inner[0] : t->outer[0], &b, &m);

	if (r < 0)
		return false;
	if (!up_to_smtp || !t->lie || t->lie(t, &m))
		r = tls_control_send(up_to_smtp ? t->outer[0] : t->inner[0], &m);
	tls_message_clear(&m);
	return r == 0;
}

static inline void *
be_liar(void *arg)
{
	struct trial *t = arg;
	struct pollfd fds[2] = { { t->inner[0], POLLIN, 0 }, { t->outer[0], POLLIN, 0 } };
	bool open = true;

	while (open && poll(fds, 2, LIAR_SECONDS * 1000) > 0) {
		if (fds[0].revents)
			open = pass(t, true);
		if (open && fds[1].revents)
			open = pass(t, false);
	}
	shutdown(t->inner[0], SHUT_RDWR);
	shutdown(t->outer[0], SHUT_RDWR);
	return NULL;
}

/* A lie: the claim is refused as revoked, and the handshake goes on all the same. */
static inline bool
go_on_revoked(struct trial *t, struct tls_message *m)
{
	struct tls_message yes = { .kind = TLS_VERDICT }, answer;
	CLEANUP(buffer_free) struct buffer b = { 0 };

	if (m->kind != TLS_CLAIM)
		return true;
	assert_int_equal(tls_control_send(t->outer[0], m), 0);
	assert_int_equal(tls_control_receive(t->outer[0], &b, &answer), 0);
	assert_int_equal(answer.verdict, 44);
	assert_int_equal(tls_control_send(t->inner[0], &yes), 0);
	return false;
}

/* A ticket comes behind the handshake; at the end there is none to be had any more. */
static inline void
keep_session(struct trial *t, gnutls_session_t client, ssize_t received)
{
	if (!t->session || received != GNUTLS_E_AGAIN)
		return;
	gnutls_free(t->session->data);
	TLS_PEER_CHECK(gnutls_session_get_data2(client, t->session));
}

/* The client, who waits for what the server has to say. */
static inline void *
be_peer(void *arg)
{
	struct trial *t = arg;
	gnutls_session_t c = handshakes_session_with_tickets(
		GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT | GNUTLS_KEY_SHARE_TOP |
			(t->session ? 0 : GNUTLS_NO_TICKETS),
		t->offer, t->client->credentials, t->net[0]);
	struct pollfd p = { t->net[0], POLLIN, 0 };
	char byte;
	ssize_t n;

	if (t->session && t->session->data)
		TLS_PEER_CHECK(
			gnutls_session_set_data(c, t->session->data, t->session->size));
	do
		n = gnutls_handshake(c);
	while (n == GNUTLS_E_AGAIN && poll(&p, 1, LIAR_SECONDS * 1000) > 0);
	if (n == 0)
		do {
			n = gnutls_record_recv(c, &byte, 1);
			keep_session(t, c, n);
		} while (n == GNUTLS_E_AGAIN && poll(&p, 1, LIAR_SECONDS * 1000) > 0);
	gnutls_deinit(c);
	shutdown(t->net[0], SHUT_RDWR);
	return NULL;
}

static inline void
become_tls_process(struct trial *t)
{
	struct tls_process p = { .in = t->net[1],
		.out = t->net[1],
		.plain = t->plain[1],
		.control = t->inner[1],
		.tickets = t->s.config->tickets,
		.credentials = world.credentials };

#ifdef __SANITIZE_ADDRESS__
	/* It makes calls of its own. */
	p.sandbox = CONFIG_SANDBOX_OFF;
#endif
	if (t->foreign_random)
		tls_random_draw(p.random);
	else
		memcpy(p.random, t->s.channel.random, sizeof p.random);
	close(t->net[0]);
	close(t->plain[0]);
	close(t->inner[0]);
	close(t->outer[0]);
	close(t->outer[1]);
	tls_process_run(&p);
}

static inline void
start(struct trial *t, struct host_connection *connection)
{
	int stream = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
	int packets = SOCK_SEQPACKET | SOCK_CLOEXEC;
	char path[128];

	snprintf(path, sizeof path, "%s/log", world.dir);
	unlink(path);
	*connection = (struct host_connection){ .peer_port = "192.0.2.1:4711" };
	snprintf(connection->peer, sizeof connection->peer, "%s",
		t->from ? t->from : "192.0.2.1");
	t->s = (struct smtpd_server){ .config = t->config ? t->config : world.config,
		.connection = connection,
		.credentials = world.credentials,
		.deadline = INT64_MAX };
	assert_int_equal(host_log_open(t->s.config, &t->s.log), 0);
	assert_int_equal(socketpair(AF_UNIX, stream, 0, t->net), 0);
	assert_int_equal(socketpair(AF_UNIX, stream, 0, t->plain), 0);
	assert_int_equal(socketpair(AF_UNIX, packets, 0, t->inner), 0);
	assert_int_equal(socketpair(AF_UNIX, packets, 0, t->outer), 0);
	t->s.channel = (struct tls_channel){
		.in = t->plain[0], .out = t->plain[0], .control = t->outer[1], .child = -1
	};
	assert_int_equal(tls_random_draw(t->s.channel.random), 0);
	if (!t->client)
		return;
	t->child = fork();
	assert_true(t->child >= 0);
	if (t->child == 0)
		become_tls_process(t);
	close(t->net[1]);
	close(t->plain[1]);
	close(t->inner[1]);
	assert_int_equal(pthread_create(&t->liar, NULL, be_liar, t), 0);
	assert_int_equal(pthread_create(&t->peer, NULL, be_peer, t), 0);
}

static inline void
stop(struct trial *t)
{
	int signal, status;

	tls_channel_close(&t->s.channel, 0, &signal);
	if (t->client) {
		pthread_join(t->liar, NULL);
		pthread_join(t->peer, NULL);
		assert_int_equal(waitpid(t->child, &status, 0), t->child);
		assert_int_equal(status, 0);
	} else {
		close(t->net[1]);
		close(t->plain[1]);
		close(t->inner[1]);
	}
	close(t->net[0]);
	close(t->inner[0]);
	close(t->outer[0]);
	pki_identity_clear(&t->s.identity);
	buffer_free(&t->s.fault);
	buffer_free(&t->made);
	host_log_free(t->s.log);
}

/* The one line that was logged. */
static inline void
read_log(char *line, size_t size)
{
	char path[128];
	FILE *f;
	size_t n;

	snprintf(path, sizeof path, "%s/log", world.dir);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(line, 1, size - 1, f);
	fclose(f);
	line[n] = '\0';
	assert_non_null(strchr(line, '\n'));
	*strchr(line, '\n') = '\0';
	assert_int_equal(strlen(line) + 1, n);
}

/* Whether the line is of that event, for a reason that begins so. */
static inline bool
is_record(const char *line, const char *event, const char *reason)
{
	char words[2][96];

	snprintf(words[0], sizeof words[0], " event=%s ", event);
	snprintf(words[1], sizeof words[1], " reason=\"%s", reason);
	return strstr(line, words[0]) && strstr(line, words[1]);
}

/* Runs it to the end; event and reason are those of the one record. */
static inline void
expect(struct trial *t, const char *what, const char *event, const char *reason)
{
	struct host_connection connection;
	char line[2048];
	bool admitted = strcmp(event, "admitted") == 0;
	int r;

	start(t, &connection);
	assert_int_equal(smtpd_admission_prepare(&t->s), 0);
	r = smtpd_admission_run(&t->s);
	read_log(line, sizeof line);
	if (!is_record(line, event, reason) || r != (admitted ? 0 : -EACCES))
		fail_msg("%s, %s: %d, %s; expected %s, %s", what, t->offer, r, line,
			event, reason);
	assert_int_equal(t->s.proved, admitted);
	assert_int_equal(t->s.peer.certificate, admitted);
	assert_int_equal(t->s.identity.n_names, admitted ? 1 : 0);
	if (admitted)
		assert_string_equal(t->s.identity.names[0], "brad@447.edu");
	else
		assert_int_equal(strlen(t->s.device), 0);
	stop(t);
}

/* In every version, with a client whose certificate the CA has issued. */
static inline void
expect_lie(bool (*lie)(struct trial *, struct tls_message *), const char *what,
	const char *event, const char *reason)
{
	for (size_t i = 0; i < HANDSHAKES_COUNT(OFFERS); i++) {
		struct trial t = {
			.offer = OFFERS[i], .client = &world.clients[0], .lie = lie
		};

		expect(&t, what, event, reason);
	}
}

#endif
