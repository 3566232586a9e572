// SPDX-License-Identifier: ISC
/*
 * The client's half of AUTH by libgsasl, and EXTERNAL, which needs none. Passwords on the
 * wire are masked in traces and overwritten here. Faults: nothing suitable is offered or
 * the server refuses (login), it refuses for now (temporary), it fails to prove itself
 * (protocol).
 */
#include "client/login.h"

#include <errno.h>
#include <gsasl.h>
#include <string.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "client/challenge.h"
#include "client/hello.h"
#include "pki/digest.h"

enum { ROUNDS_MAX = 8 };

struct login {
	struct client_link *link;
	struct client_fault *fault;
	const char *user;
	const char *mechanism;
	Gsasl *library;
	Gsasl_session *session;
	bool proved; /* the mechanism is satisfied with the server */
};

static void
login_clear(struct login *x)
{
	if (x->session)
		gsasl_finish(x->session);
	if (x->library)
		gsasl_done(x->library);
	x->link->masked = false;
}

static const char *
choose(const struct client_link *l, unsigned offered, bool bound)
{
	if (bound && (offered & SMTP_SERVER_SCRAM_SHA_256_PLUS))
		return "SCRAM-SHA-256-PLUS";
	if (offered & SMTP_SERVER_SCRAM_SHA_256)
		return "SCRAM-SHA-256";
	if (l->tls && (offered & SMTP_SERVER_PLAIN))
		return "PLAIN";
	if (l->tls && (offered & SMTP_SERVER_LOGIN))
		return "LOGIN";
	return NULL;
}

static int
library_fault(struct login *x, int r)
{
	return client_fault_set(x->fault, EX_SOFTWARE, "cannot log in by %s: %s",
		x->mechanism, gsasl_strerror(r));
}

static int
start(struct login *x, const char *password, const char *binding)
{
	int r = gsasl_init(&x->library);

	if (r != GSASL_OK)
		return library_fault(x, r);
	r = gsasl_client_start(x->library, x->mechanism, &x->session);
	if (r == GSASL_OK)
		r = gsasl_property_set(x->session, GSASL_AUTHID, x->user);
	if (r == GSASL_OK)
		r = gsasl_property_set(x->session, GSASL_PASSWORD, password);
	/* Data that a mechanism without -PLUS does not ask for would make it fail. */
	if (r == GSASL_OK && strstr(x->mechanism, "-PLUS"))
		r = gsasl_property_set(x->session, GSASL_CB_TLS_EXPORTER, binding);
	return r == GSASL_OK ? 0 : library_fault(x, r);
}

/* Ends an exchange in which the server has shown itself wrong. */
static void
cancel(struct login *x, struct buffer *lines)
{
	struct client_fault ignored = { 0 };
	unsigned code;

	if (client_link_command(x->link, "*", 1, &ignored) == 0)
		client_link_reply(
			x->link, client_link_deadline(x->link), &code, lines, &ignored);
}

static int
unproved(struct login *x, struct buffer *lines)
{
	cancel(x, lines);
	return client_fault_set(x->fault, EX_PROTOCOL,
		"%s has not proved that it knows the password of %s: it may be somebody "
		"else's server, or the user has another password there",
		x->link->settings->host, x->user);
}

/* A challenge behind the last one that the mechanism has. */
static int
insatiable(struct login *x, struct buffer *lines)
{
	cancel(x, lines);
	return client_fault_set(x->fault, EX_PROTOCOL,
		"%s goes on asking where the login by %s is over",
		x->link->settings->host, x->mechanism);
}

/* The first challenge of SCRAM says how much work it is. */
static int
check_work(struct login *x, const char *challenge, struct buffer *lines)
{
	uint64_t rounds;
	int r = client_challenge_rounds(challenge, &rounds);

	/* What is no challenge the library refuses. */
	if (r < 0 || (rounds >= CLIENT_ROUNDS_MIN && rounds <= CLIENT_ROUNDS_MAX))
		return r == -ENOMEM ? client_fault_memory(x->fault) : 0;
	client_fault_set(x->fault, EX_PROTOCOL,
		"%s asks for %llu rounds of hashing for the login: expected from %d to "
		"%d, so it is not told anything about the password",
		x->link->settings->host, (unsigned long long)rounds, CLIENT_ROUNDS_MIN,
		CLIENT_ROUNDS_MAX);
	cancel(x, lines);
	return -EPROTO;
}

/* One step of the mechanism: answers the challenge, behind prefix. */
static int
answer(struct login *x, const char *prefix, const char *challenge, struct buffer *lines)
{
	CLEANUP(buffer_wipe) struct buffer line = { 0 };
	CLEANUP_SECRET char *output = NULL;
	int r = gsasl_step64(x->session, challenge, &output);

	if (r != GSASL_OK && r != GSASL_NEEDS_MORE)
		return *prefix != '\0' ? library_fault(x, r) : unproved(x, lines);
	x->proved = r == GSASL_OK;
	if (buffer_puts(&line, prefix) < 0 || (output && buffer_puts(&line, output) < 0))
		return client_fault_memory(x->fault);
	return client_link_command(
		x->link, buffer_data(&line), buffer_len(&line), x->fault);
}

static int
first_line(struct login *x, struct buffer *lines)
{
	CLEANUP(buffer_free) struct buffer prefix = { 0 };
	bool waits = strcmp(x->mechanism, "LOGIN") == 0;

	if (buffer_printf(&prefix, "AUTH %s%s", x->mechanism, waits ? "" : " ") < 0 ||
		!buffer_string(&prefix))
		return client_fault_memory(x->fault);
	if (waits)
		return client_link_command(
			x->link, buffer_data(&prefix), buffer_len(&prefix), x->fault);
	return answer(x, buffer_string(&prefix), "", lines);
}

static int
judge_end(struct login *x, unsigned code, struct buffer *lines)
{
	if (code == 235 && x->proved)
		return 0;
	if (code == 235)
		return client_fault_set(x->fault, EX_PROTOCOL,
			"%s says that we are logged in before it has proved to know the "
			"password of %s",
			x->link->settings->host, x->user);
	return client_hello_refused(
		x->link, "our login", EX_NOPERM, code, lines, x->fault);
}

static int
exchange(struct login *x)
{
	CLEANUP(buffer_wipe) struct buffer lines = { 0 };
	const char *challenge;
	unsigned code;
	int r;

	x->link->masked = true;
	r = first_line(x, &lines);
	for (int round = 0; r == 0; round++) {
		r = client_link_reply(
			x->link, client_link_deadline(x->link), &code, &lines, x->fault);
		if (r != 0)
			return r;
		if (code != 334)
			return judge_end(x, code, &lines);
		if (round == ROUNDS_MAX || x->proved || !buffer_string(&lines))
			return insatiable(x, &lines);
		challenge = buffer_len(&lines) > 4 ? buffer_string(&lines) + 4 : "";
		if (round == 0 && strncmp(x->mechanism, "SCRAM", 5) == 0)
			r = check_work(x, challenge, &lines);
		if (r == 0)
			r = answer(x, "", challenge, &lines);
	}
	return r;
}

/* The channel binding in base64, or NULL where there is none. */
static char *
read_binding(struct client_link *l)
{
	uint8_t exporter[TLS_CLIENT_EXPORTER_SIZE];
	char *text;

	if (!l->tls || tls_client_exporter(l->tls, exporter) < 0)
		return NULL;
	return pki_base64_encode(exporter, sizeof exporter, &text) < 0 ? NULL : text;
}

int
client_login(struct client_link *l, const struct smtp_server_offers *offers,
	const char *user, const char *password, struct client_fault *fault)
{
	CLEANUP_SECRET char *binding = read_binding(l);
	CLEANUP(login_clear) struct login x = { .link = l, .fault = fault, .user = user };
	int r;

	x.mechanism = choose(l, offers->auth, binding != NULL);
	if (!x.mechanism)
		return client_fault_set(fault, EX_NOPERM,
			"%s offers no login that can be used%s", l->settings->host,
			l->tls ? ": expected SCRAM-SHA-256, PLAIN or LOGIN"
			       : " without TLS: expected SCRAM-SHA-256");
	if (l->settings->verbose)
		client_say("logging in as %s by %s", user, x.mechanism);
	r = start(&x, password, binding);
	return r < 0 ? r : exchange(&x);
}

bool
client_login_has_external(
	const struct client_link *l, const struct smtp_server_offers *offers)
{
	return l->tls && l->settings->cert && (offers->auth & SMTP_SERVER_EXTERNAL);
}

int
client_login_external(
	struct client_link *l, const char *user, bool *ret_in, struct client_fault *fault)
{
	CLEANUP(buffer_free) struct buffer lines = { 0 }, command = { 0 };
	CLEANUP_FREE char *identity = NULL;
	unsigned code;
	int r;

	if (user && pki_base64_encode(user, strlen(user), &identity) < 0)
		return client_fault_memory(fault);
	/* An empty initial response is "=" (RFC 4954 section 4). */
	if (buffer_printf(&command, "AUTH EXTERNAL %s", identity ? identity : "=") < 0 ||
		!buffer_string(&command))
		return client_fault_memory(fault);
	if (l->settings->verbose)
		client_say("logging in%s%s by EXTERNAL", user ? " as " : "",
			user ? user : "");
	r = client_hello_ask(l, buffer_string(&command), &code, &lines, fault);
	if (r != 0)
		return r;
	*ret_in = code == 235;
	if (*ret_in)
		return 0;
	r = client_hello_refused(l, "our login", EX_NOPERM, code, &lines, fault);
	return code == 535 ? 0 : r;
}
