// SPDX-License-Identifier: ISC
/*
 * SASL exchanges: every mechanism against GNU SASL's client, right and wrong; what is
 * offered; what one may learn of who exists; and answers that are none.
 */
#include "auth_fixture.h"

#include <gsasl.h>

#include "auth/exchange.h"

static const uint8_t EXPORTER[32] = "the same on both sides of TLS..";
static const uint8_t OTHER_EXPORTER[32] = "of another connection in between";

static char *brad_names[] = { (char *)"brad@447.edu", (char *)"sue" };

static const struct auth_peer brad_peer = { .certificate = true,
	.names = brad_names,
	.n_names = 2,
	.exporter = EXPORTER,
	.exporter_len = sizeof(EXPORTER) };

struct client {
	const char *mechanism; /* that it speaks */
	const char *user;
	const char *password;
	const char *authzid;
	const uint8_t *exporter;
};

static int
client_callback(Gsasl *gsasl, Gsasl_session *session, Gsasl_property property)
{
	const struct client *c = gsasl_callback_hook_get(gsasl);
	char *coded;
	int r;

	switch (property) {
	case GSASL_AUTHID:
		return gsasl_property_set(session, property, c->user);
	case GSASL_PASSWORD:
		return gsasl_property_set(session, property, c->password);
	case GSASL_AUTHZID:
		if (!c->authzid)
			return GSASL_NO_CALLBACK;
		return gsasl_property_set(session, property, c->authzid);
	case GSASL_CB_TLS_EXPORTER:
		if (!c->exporter)
			return GSASL_NO_CALLBACK;
		assert_int_equal(
			pki_base64_encode(c->exporter, sizeof(EXPORTER), &coded), 0);
		r = gsasl_property_set(session, property, coded);
		free(coded);
		return r;
	default:
		return GSASL_NO_CALLBACK;
	}
}

struct outcome {
	enum auth_verdict verdict;
	char user[AUTH_NAME_SIZE];
	char reason[256];
	bool client_content; /* the server has proved itself to the client */
};

/* Client's text for the server's last; NULL where the client gives up. */
static char *
client_step(Gsasl_session *session, const char *text, bool *ret_content)
{
	char *out = NULL;
	int rc = gsasl_step64(session, text, &out);

	*ret_content = rc == GSASL_OK;
	return rc == GSASL_OK || rc == GSASL_NEEDS_MORE ? out : NULL;
}

/* initial: whether the first text comes with AUTH. */
static struct outcome
run(const struct config *config, const struct auth_peer *peer, const char *mechanism,
	const struct client *c, bool initial)
{
	struct outcome o = { .verdict = AUTH_CHALLENGE };
	struct auth_exchange *x = NULL;
	Gsasl *gsasl;
	Gsasl_session *session;
	const char *text = NULL;
	char *line = NULL;

	assert_int_equal(gsasl_init(&gsasl), GSASL_OK);
	gsasl_callback_set(gsasl, client_callback);
	gsasl_callback_hook_set(gsasl, (void *)(uintptr_t)c);
	assert_int_equal(gsasl_client_start(gsasl, c->mechanism, &session), GSASL_OK);
	assert_int_equal(auth_exchange_start(config, peer, mechanism, &x), 0);
	if (initial)
		line = client_step(session, NULL, &o.client_content);
	for (int i = 0; i < 10 && o.verdict == AUTH_CHALLENGE; i++) {
		o.verdict = auth_exchange_step(x, line, &text);
		assert_non_null(text);
		gsasl_free(line);
		line = NULL;
		if (o.verdict != AUTH_CHALLENGE)
			break;
		line = client_step(session, text, &o.client_content);
		if (!line)
			break;
	}
	gsasl_free(line);
	if (auth_exchange_user(x))
		strcpy(o.user, auth_exchange_user(x));
	strcpy(o.reason, auth_exchange_reason(x));
	auth_exchange_free(x);
	gsasl_finish(session);
	gsasl_done(gsasl);
	return o;
}

static int
up(void **state)
{
	static const char *const none[] = { "senders=domain" };
	struct fixture *f;

	if (fixture_up(state) < 0)
		return -1;
	f = *state;
	fixture_set(f, none, 1);
	add_user(f->users, "brad@447.edu", NULL, NULL);
	add_user(f->users, "eve@447.edu", NULL, NULL);
	add_user(f->users, "sue@447.edu", AUTH_FIELD_LOCKED, "x");
	return 0;
}

static const char *const MECHANISMS[] = { "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN",
	"LOGIN" };

struct login_case {
	const char *user;
	const char *password;
	const char *authzid;
	enum auth_verdict verdict;
	const char *reason;
};

static const struct login_case login_cases[] = {
	{ "brad", PASSWORD, NULL, AUTH_DONE, "password right" },
	{ "brad@447.edu", PASSWORD, NULL, AUTH_DONE, "password right" },
	{ "BRAD@447.EDU", PASSWORD, NULL, AUTH_DONE, "password right" },
	{ "brad", PASSWORD, "brad@447.edu", AUTH_DONE, "password right" },
	{ "brad", PASSWORD, "Brad", AUTH_DONE, "password right" },
	{ "brad", "open sesam", NULL, AUTH_WRONG, "wrong password" },
	{ "brad", "x", NULL, AUTH_WRONG, "wrong password" },
	{ "brad", PASSWORD, "eve@447.edu", AUTH_WRONG, "asked to act as another user" },
	{ "brad", PASSWORD, "../brad", AUTH_WRONG, "asked to act as another user" },
	{ "eve", PASSWORD, NULL, AUTH_WRONG, "the certificate does not name the user" },
	{ "eve", PASSWORD, "brad", AUTH_WRONG, "the certificate does not name the user" },
	{ "sue", PASSWORD, NULL, AUTH_WRONG, "user is locked" },
	{ "sue", "x", NULL, AUTH_WRONG, "wrong password" },
	{ "nobody", PASSWORD, NULL, AUTH_WRONG, "unknown user" },
	{ "../brad", PASSWORD, NULL, AUTH_WRONG, "no name of a user here" },
	{ "brad@foreign.example", PASSWORD, NULL, AUTH_WRONG, "no name of a user here" },
};

static void
test_logins(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(MECHANISMS); i++) {
		const char *m = MECHANISMS[i];
		bool scram = strncmp(m, "SCRAM", 5) == 0;

		for (size_t j = 0; j < 2 * COUNT(login_cases); j++) {
			const struct login_case *l = &login_cases[j / 2];
			struct client c = { m, l->user, l->password, l->authzid,
				strcmp(m, "SCRAM-SHA-256-PLUS") == 0 ? EXPORTER : NULL };
			struct outcome o;

			if (l->authzid && strcmp(m, "LOGIN") == 0)
				continue;
			o = run(f->config, &brad_peer, m, &c,
				j % 2 && strcmp(m, "LOGIN") != 0);
			/* With -PLUS the two look the same. */
			if (strcmp(o.reason, "wrong password or channel binding") == 0 &&
				i == 0)
				o.reason[strlen("wrong password")] = '\0';
			if (o.verdict != l->verdict || strcmp(o.reason, l->reason) != 0)
				fail_msg("%s %s/%s: %d, %s", m, l->user, l->password,
					o.verdict, o.reason);
			/* The server's proof is for those who log in. */
			if (scram)
				assert_int_equal(
					o.client_content, l->verdict == AUTH_DONE);
			if (l->verdict == AUTH_DONE)
				assert_string_equal(o.user, "brad@447.edu");
		}
	}
}

/* A user whom no password opens: the keys are as random as nobody's. */
static void
test_no_password(void **state)
{
	struct fixture *f = *state;
	struct auth_update *u = NULL;
	char *names[] = { (char *)"nokey" };
	struct auth_peer peer = brad_peer;

	peer.names = names;
	peer.n_names = 1;
	assert_int_equal(auth_update_begin(f->users, AUTH_WAIT_SERVICE, &u), 0);
	assert_int_equal(auth_update_put(u, "u nokey@447.edu", 15), 0);
	assert_int_equal(auth_update_commit(u), 0);
	auth_update_free(u);
	for (size_t i = 0; i < COUNT(MECHANISMS); i++) {
		struct client c = { MECHANISMS[i], "nokey", PASSWORD, NULL,
			i == 0 ? EXPORTER : NULL };
		struct outcome o = run(f->config, &peer, c.mechanism, &c, false);

		assert_int_equal(o.verdict, AUTH_WRONG);
		assert_string_equal(o.reason, "user has no password");
	}
}

/* Passwords are prepared as the client's are (RFC 4013). */
static void
test_saslprep(void **state)
{
	struct fixture *f = *state;
	struct auth_credentials c;
	struct auth_update *u = NULL;
	struct buffer line = { 0 };
	char *names[] = { (char *)"prep" };
	struct auth_peer peer = brad_peer;

	peer.names = names;
	peer.n_names = 1;
	assert_int_equal(auth_password_derive("I\xc2\xadX", 3, &c), 0);
	assert_int_equal(auth_update_begin(f->users, AUTH_WAIT_SERVICE, &u), 0);
	buffer_puts(&line, "u prep@447.edu");
	assert_int_equal(auth_line_set_credentials(&line, &c), 0);
	assert_int_equal(auth_update_put(u, buffer_data(&line), buffer_len(&line)), 0);
	assert_int_equal(auth_update_commit(u), 0);
	auth_update_free(u);
	buffer_free(&line);
	for (size_t i = 1; i < COUNT(MECHANISMS); i++) {
		struct client roman = { MECHANISMS[i], "prep", "\xe2\x85\xa8", NULL,
			NULL };
		struct client plain = { MECHANISMS[i], "prep", "IX", NULL, NULL };

		assert_int_equal(
			run(f->config, &peer, MECHANISMS[i], &roman, false).verdict,
			AUTH_DONE);
		assert_int_equal(
			run(f->config, &peer, MECHANISMS[i], &plain, false).verdict,
			AUTH_DONE);
	}
}

static void
assert_offers(
	const char *mechanisms, bool exporter, bool certificate, const char *expected)
{
	struct fixture f;
	char setting[128];
	const char *more[] = { setting };
	struct auth_peer peer = brad_peer;
	char *text;

	snprintf(setting, sizeof(setting), "mechanisms=%s", mechanisms);
	if (!exporter)
		peer.exporter = NULL;
	peer.certificate = certificate;
	f.config = fixture_config("/none/users", more, 1);
	text = auth_mechanisms(f.config, &peer);
	assert_string_equal(text, expected);
	free(text);
	config_free(f.config);
}

static void
test_offers(void **state)
{
	static const char *const never[] = { "ANONYMOUS", "CRAM-MD5", "DIGEST-MD5",
		"GSSAPI", "GS2-KRB5", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SECURID",
		"SAML20", "OPENID20", "NTLM", "KERBEROS_V5", "", "PLAI", "PLAINX",
		"PLAIN ", "classic" };
	struct fixture *f = *state;
	struct auth_peer peer = brad_peer;
	struct auth_exchange *x = NULL;

	assert_offers("SCRAM-SHA-256-PLUS SCRAM-SHA-256 EXTERNAL PLAIN LOGIN", true, true,
		"SCRAM-SHA-256-PLUS EXTERNAL SCRAM-SHA-256 PLAIN LOGIN");
	assert_offers("LOGIN PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS", false, true,
		"SCRAM-SHA-256 PLAIN LOGIN");
	assert_offers("LOGIN", true, true, "LOGIN");
	assert_offers("EXTERNAL", false, true, "EXTERNAL");
	/* With no certificate there is nothing that it could rest on. */
	assert_offers("EXTERNAL", true, false, "");
	assert_offers("PLAIN EXTERNAL", false, false, "PLAIN");
	for (size_t i = 0; i < COUNT(never); i++)
		assert_int_equal(
			auth_exchange_start(f->config, &peer, never[i], &x), -ENOTSUP);
	assert_int_equal(auth_exchange_start(f->config, &peer, "pLaIn", &x), 0);
	assert_string_equal(auth_exchange_mechanism(x), "PLAIN");
	assert_null(auth_exchange_user(x));
	auth_exchange_free(x);
	x = NULL;
	peer.exporter = NULL;
	assert_int_equal(auth_exchange_start(f->config, &peer, "SCRAM-SHA-256-PLUS", &x),
		-ENOTSUP);
	assert_null(x);
	assert_int_equal(auth_exchange_start(f->config, &peer, "external", &x), 0);
	assert_string_equal(auth_exchange_mechanism(x), "EXTERNAL");
	auth_exchange_free(x);
	x = NULL;
	peer.certificate = false;
	assert_int_equal(auth_exchange_start(f->config, &peer, "EXTERNAL", &x), -ENOTSUP);
	assert_null(x);
	auth_exchange_free(NULL);
}

/* What is known, but weaker than all that is offered, is called so. */
static void
test_too_weak(void **state)
{
	static const struct {
		unsigned mechanisms;
		const char *name;
		int r;
	} cases[] = {
		{ CONFIG_MECHANISM_SCRAM_SHA_256, "plain", -EACCES },
		{ CONFIG_MECHANISM_SCRAM_SHA_256, "LOGIN", -EACCES },
		{ CONFIG_MECHANISM_SCRAM_SHA_256, "SCRAM-SHA-256-PLUS", -ENOTSUP },
		{ CONFIG_MECHANISM_SCRAM_SHA_256, "CRAM-MD5", -ENOTSUP },
		{ CONFIG_MECHANISM_LOGIN, "PLAIN", -ENOTSUP },
		{ CONFIG_MECHANISM_PLAIN, "LOGIN", -EACCES },
		{ 0, "PLAIN", -ENOTSUP },
	};
	struct fixture *f = *state;
	struct config config = *f->config;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct auth_exchange *x = NULL;

		config.mechanisms = cases[i].mechanisms;
		assert_int_equal(
			auth_exchange_start(&config, &brad_peer, cases[i].name, &x),
			cases[i].r);
		assert_null(x);
	}
}

/* Binding data that differ, and a client that was made to believe there is no -PLUS. */
static void
test_binding(void **state)
{
	static const char *const no_plus[] = { "mechanisms=SCRAM-SHA-256 PLAIN" };
	struct fixture *f = *state;
	struct client c = { "SCRAM-SHA-256-PLUS", "brad", PASSWORD, NULL,
		OTHER_EXPORTER };
	struct client y = { "SCRAM-SHA-256", "brad", PASSWORD, NULL, NULL };
	struct auth_exchange *x = NULL;
	const char *text;
	char *line;

	assert_int_equal(
		run(f->config, &brad_peer, c.mechanism, &c, true).verdict, AUTH_WRONG);
	/* "y": the client could, and thinks the server cannot. */
	assert_int_equal(pki_base64_encode("y,,n=brad,r=abcdefghijklmnop", 28, &line), 0);
	assert_int_equal(
		auth_exchange_start(f->config, &brad_peer, "SCRAM-SHA-256", &x), 0);
	assert_true(auth_exchange_step(x, line, &text) > AUTH_ENROLLED);
	auth_exchange_free(x);
	/* Where -PLUS is not offered, that is no lie. */
	fixture_set(f, no_plus, 1);
	assert_int_equal(
		auth_exchange_start(f->config, &brad_peer, "SCRAM-SHA-256", &x), 0);
	assert_int_equal(auth_exchange_step(x, line, &text), AUTH_CHALLENGE);
	auth_exchange_free(x);
	assert_int_equal(
		run(f->config, &brad_peer, y.mechanism, &y, true).verdict, AUTH_DONE);
	fixture_set(f, NULL, 0);
	free(line);
}

static void
test_bind(void **state)
{
	static const char *const any[] = { "bind=any" };
	struct fixture *f = *state;
	struct auth_peer bare = { .certificate = false };
	struct client eve = { "PLAIN", "eve", PASSWORD, NULL, NULL };
	struct client sue = { "PLAIN", "sue", PASSWORD, NULL, NULL };
	struct auth_peer names_alone = brad_peer;

	assert_int_equal(run(f->config, &bare, "PLAIN", &eve, true).verdict, AUTH_WRONG);
	/* Names without a certificate are nobody's. */
	names_alone.certificate = false;
	eve.user = "brad";
	assert_int_equal(
		run(f->config, &names_alone, "PLAIN", &eve, true).verdict, AUTH_WRONG);
	eve.user = "eve";
	fixture_set(f, any, 1);
	assert_int_equal(
		run(f->config, &brad_peer, "PLAIN", &eve, true).verdict, AUTH_DONE);
	assert_int_equal(run(f->config, &bare, "PLAIN", &eve, true).verdict, AUTH_DONE);
	assert_int_equal(run(f->config, &bare, "PLAIN", &sue, true).verdict, AUTH_WRONG);
	fixture_set(f, NULL, 0);
}

/* The first login is written down, and only the first. */
static void
test_first_login(void **state)
{
	struct fixture *f = *state;
	struct client c = { "SCRAM-SHA-256", "brad", "wrong", NULL, NULL };
	struct buffer line = { 0 };
	struct stat a, b;

	add_user(f->users, "brad@447.edu", "keep", "this");
	run(f->config, &brad_peer, c.mechanism, &c, true);
	assert_int_equal(find_user(f->users, "brad@447.edu", &line, NULL), 1);
	assert_false(auth_line_has(
		buffer_data(&line), buffer_len(&line), AUTH_FIELD_FIRST_LOGIN));
	c.password = PASSWORD;
	run(f->config, &brad_peer, c.mechanism, &c, true);
	assert_int_equal(find_user(f->users, "brad@447.edu", &line, NULL), 1);
	assert_true(auth_line_has(
		buffer_data(&line), buffer_len(&line), AUTH_FIELD_FIRST_LOGIN));
	assert_true(auth_line_has(buffer_data(&line), buffer_len(&line), "keep"));
	assert_int_equal(stat(f->users, &a), 0);
	assert_int_equal(
		run(f->config, &brad_peer, c.mechanism, &c, true).verdict, AUTH_DONE);
	assert_int_equal(stat(f->users, &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	buffer_free(&line);
}

/* The server's first words of SCRAM for a name, without its nonce: salt and iterations.
 */
static char *
scram_first(struct fixture *f, const char *name)
{
	struct auth_exchange *x = NULL;
	const char *text;
	char first[128], *line;
	uint8_t *plain;
	size_t len;

	snprintf(first, sizeof(first), "n,,n=%s,r=abcdefghijklmnopqrst", name);
	assert_int_equal(pki_base64_encode(first, strlen(first), &line), 0);
	assert_int_equal(
		auth_exchange_start(f->config, &brad_peer, "SCRAM-SHA-256", &x), 0);
	assert_int_equal(auth_exchange_step(x, line, &text), AUTH_CHALLENGE);
	assert_int_equal(pki_base64_decode(text, strlen(text), &plain, &len), 0);
	free(line);
	line = strdup(strstr((char *)plain, ",s="));
	free(plain);
	auth_exchange_free(x);
	return line;
}

/* Nobody's salt does not change, is as long as others', and comes with the iterations of
 * generated passwords. */
static void
test_unknown_looks_known(void **state)
{
	struct fixture *f = *state;
	struct auth_credentials c;
	struct auth_update *u = NULL;
	struct buffer line = { 0 };
	char *known, *nobody, *again, *another;

	assert_int_equal(
		auth_password_derive(PASSWORD, AUTH_GENERATED_ITERATIONS, &c), 0);
	assert_int_equal(auth_update_begin(f->users, AUTH_WAIT_SERVICE, &u), 0);
	buffer_puts(&line, "u gen@447.edu");
	assert_int_equal(auth_line_set_credentials(&line, &c), 0);
	assert_int_equal(auth_update_put(u, buffer_data(&line), buffer_len(&line)), 0);
	assert_int_equal(auth_update_commit(u), 0);
	auth_update_free(u);
	buffer_free(&line);
	known = scram_first(f, "gen");
	nobody = scram_first(f, "nobody");
	again = scram_first(f, "Nobody@447.edu");
	another = scram_first(f, "no=2Cbody");
	assert_string_equal(nobody, again);
	assert_string_not_equal(nobody, another);
	assert_string_not_equal(nobody, known);
	assert_int_equal(strlen(nobody), strlen(known));
	assert_int_equal(strlen(another), strlen(known));
	assert_string_equal(strstr(nobody, ",i="), ",i=4096");
	assert_string_equal(strstr(known, ",i="), ",i=4096");
	free(known);
	free(nobody);
	free(again);
	free(another);
}

struct broken_case {
	const char *mechanism;
	const char *lines[4]; /* up to NULL; "-" stands for no initial response */
	enum auth_verdict verdict;
};

static const struct broken_case broken_cases[] = {
	{ "PLAIN", { "!" }, AUTH_BROKEN },
	{ "PLAIN", { "AGJyYWQ" }, AUTH_BROKEN },
	{ "PLAIN", { "*" }, AUTH_BROKEN },
	{ "PLAIN", { "=" }, AUTH_BROKEN },
	{ "PLAIN", { "-", "" }, AUTH_BROKEN },
	{ "PLAIN", { "-", "=" }, AUTH_BROKEN },
	{ "PLAIN", { "-", "*" }, AUTH_BROKEN },
	{ "PLAIN", { "YnJhZA==" }, AUTH_BROKEN },            /* brad, no NUL */
	{ "PLAIN", { "AGJyYWQ=" }, AUTH_BROKEN },            /* one NUL */
	{ "PLAIN", { "AGJyYWQAeAB5" }, AUTH_BROKEN },        /* NUL in the password */
	{ "PLAIN", { "AABvcGVuIHNlc2FtZQ==" }, AUTH_WRONG }, /* no name */
	{ "LOGIN", { "-", "!" }, AUTH_BROKEN },
	{ "LOGIN", { "-", "YnJhZA==", "!" }, AUTH_BROKEN },
	{ "LOGIN", { "-", "YnJhZABzdWU=" }, AUTH_BROKEN },
	{ "LOGIN", { "YnJhZA==", "b3BlbiBzZXNhbWU=" }, AUTH_DONE },
	{ "LOGIN", { "YnJhZA==", "" }, AUTH_BROKEN },
	{ "LOGIN", { "-", "" }, AUTH_BROKEN },
	{ "LOGIN", { "-", "YnJhZA==", "b3BlbiBzZXNhbWUA" },
		AUTH_BROKEN }, /* NUL behind */
	{ "SCRAM-SHA-256", { "=" }, AUTH_BROKEN },
	{ "SCRAM-SHA-256", { "AAAA" }, AUTH_BROKEN },
	{ "SCRAM-SHA-256", { "biwsbj1icmFkLHI9YWJj", "" }, AUTH_BROKEN },
	{ "SCRAM-SHA-256", { "biwsbj1icmFkLHI9YWJj", "AAAA" }, AUTH_BROKEN },
};

static void
test_broken(void **state)
{
	struct fixture *f = *state;

	add_user(f->users, "brad@447.edu", NULL, NULL);
	for (size_t i = 0; i < COUNT(broken_cases); i++) {
		const struct broken_case *c = &broken_cases[i];
		enum auth_verdict verdict = AUTH_CHALLENGE;
		struct auth_exchange *x = NULL;
		const char *text;

		assert_int_equal(
			auth_exchange_start(f->config, &brad_peer, c->mechanism, &x), 0);
		for (size_t j = 0; j < COUNT(c->lines) && c->lines[j]; j++) {
			const char *line = c->lines[j];

			if (verdict != AUTH_CHALLENGE)
				fail_msg("case %zu, line %zu: %s", i, j,
					auth_exchange_reason(x));
			verdict = auth_exchange_step(
				x, strcmp(line, "-") == 0 ? NULL : line, &text);
		}
		if (verdict != c->verdict)
			fail_msg("case %zu (%s): %d, %s", i, c->mechanism, verdict,
				auth_exchange_reason(x));
		/* It is over. */
		assert_int_equal(auth_exchange_step(x, "", &text), AUTH_BROKEN);
		auth_exchange_free(x);
	}
}

/* The server's last words of SCRAM are answered by nothing; by anything else, no login.
 */
static void
test_last_words(void **state)
{
	struct fixture *f = *state;
	struct client c = { "SCRAM-SHA-256", "brad", PASSWORD, NULL, NULL };
	static const char *const answers[] = { "", "AAAA", "!", NULL };
	static const enum auth_verdict verdicts[] = { AUTH_DONE, AUTH_BROKEN, AUTH_BROKEN,
		AUTH_BROKEN };

	for (size_t i = 0; i < COUNT(verdicts); i++) {
		struct auth_exchange *x = NULL;
		Gsasl *gsasl;
		Gsasl_session *session;
		const char *text;
		char *line;
		bool content;

		assert_int_equal(gsasl_init(&gsasl), GSASL_OK);
		gsasl_callback_set(gsasl, client_callback);
		gsasl_callback_hook_set(gsasl, &c);
		assert_int_equal(
			gsasl_client_start(gsasl, c.mechanism, &session), GSASL_OK);
		assert_int_equal(
			auth_exchange_start(f->config, &brad_peer, c.mechanism, &x), 0);
		line = client_step(session, NULL, &content);
		assert_int_equal(auth_exchange_step(x, line, &text), AUTH_CHALLENGE);
		gsasl_free(line);
		line = client_step(session, text, &content);
		assert_int_equal(auth_exchange_step(x, line, &text), AUTH_CHALLENGE);
		gsasl_free(line);
		line = client_step(session, text, &content);
		assert_true(content);
		gsasl_free(line);
		assert_int_equal(auth_exchange_step(x, answers[i], &text), verdicts[i]);
		auth_exchange_free(x);
		gsasl_finish(session);
		gsasl_done(gsasl);
	}
}

/* A store that cannot be read is nobody's wrong password. */
static void
test_faults(void **state)
{
	struct fixture *f = *state;
	struct client c = { "PLAIN", "brad", PASSWORD, NULL, NULL };
	char aside[200], *text, *at;
	struct outcome o;

	snprintf(aside, sizeof(aside), "%s.aside", f->users);
	assert_int_equal(rename(f->users, aside), 0);
	assert_int_equal(symlink(aside, f->users), 0);
	for (size_t i = 1; i < COUNT(MECHANISMS); i++) {
		c.mechanism = MECHANISMS[i];
		o = run(f->config, &brad_peer, c.mechanism, &c, false);
		assert_int_equal(o.verdict, AUTH_TEMPORARY);
		assert_non_null(strstr(o.reason, f->users));
	}
	unlink(f->users);
	text = read_file(aside, NULL);
	at = strstr(text, "u brad@447.edu");
	assert_non_null(at);
	at = strstr(at, "salt=");
	memcpy(at, "tlas=", 5);
	write_file(f->users, text, strlen(text));
	for (size_t i = 1; i < COUNT(MECHANISMS); i++) {
		c.mechanism = MECHANISMS[i];
		o = run(f->config, &brad_peer, c.mechanism, &c, false);
		assert_int_equal(o.verdict, AUTH_TEMPORARY);
		assert_non_null(strstr(o.reason, "users:2: damaged line"));
	}
	free(text);
	assert_int_equal(rename(aside, f->users), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_logins),
		cmocka_unit_test(test_no_password),
		cmocka_unit_test(test_saslprep),
		cmocka_unit_test(test_offers),
		cmocka_unit_test(test_too_weak),
		cmocka_unit_test(test_binding),
		cmocka_unit_test(test_bind),
		cmocka_unit_test(test_first_login),
		cmocka_unit_test(test_unknown_looks_known),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_last_words),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, up, fixture_down);
}
