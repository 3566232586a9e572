// SPDX-License-Identifier: ISC
/*
 * A whole AUTH exchange with a store of five users. The input is two bytes of
 * configuration and peer, the mechanism on a line ("-" for the classic AUTH), and a line
 * for each step, whose first byte says what is sent:
 *
 *   =TEXT   the text as it is          bTEXT   the text in base64, %P the password in it
 *   -       nothing (AUTH alone)       c       what GNU SASL's client would say
 *   mXY     the same, its byte X changed by Y
 *
 * Nobody logs in who does not know the password, is locked, has none or is not bound to
 * the certificate; nobody is enrolled but where that is allowed; what is sent out is what
 * the verdict says; and behind the verdict there is nothing more.
 */
#include <errno.h>
#include <fcntl.h>
#include <gsasl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/exchange.h"
#include "auth/password.h"
#include "auth/update.h"
#include "base/cleanup.h"
#include "pki/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROUNDS = 2, STEPS_MAX = 12, LINE_SIZE = 4096, NAME_SIZE = 64 };

static const char PASSWORD[] = "w7-Kd.92xQ";
static const uint8_t PIN[PKI_PIN_SIZE] = { 7 };
static const uint8_t EXPORTER[32] = "the end of the channel";
static char *names[] = { (char *)"brad@447.edu", (char *)"newcomer", (char *)"sue",
	(char *)"again", (char *)"keyless" };

static char dir[64], users[80];
static struct buffer template; /* the store as it is before each input */
static struct config *config;

struct run {
	struct auth_peer peer;
	struct auth_exchange *x;
	enum auth_verdict verdict;
	const char *challenge; /* of the last step */
	bool knows;            /* the password has been used */
	Gsasl *gsasl;
	Gsasl_session *client;
};

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
remove_store(void)
{
	static const char *const FILES[] = { "users", "users.lock" };
	char path[128];

	for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, FILES[i]);
		unlink(path);
	}
	rmdir(dir);
}

static void
add_user(const char *name, bool with_password, const char *field, const char *value)
{
	CLEANUP(auth_update_cleanup) struct auth_update *u = NULL;
	CLEANUP(buffer_free) struct buffer line = { 0 };
	struct auth_credentials c;

	check(auth_password_derive(PASSWORD, ROUNDS, &c) == 0);
	check(auth_update_begin(users, AUTH_WAIT_SERVICE, &u) == 0);
	check(buffer_printf(&line, "u %s", name) == 0);
	check(auth_line_set_credentials(&line, with_password ? &c : NULL) == 0);
	if (field)
		check(auth_line_set(&line, field, value) == 0);
	check(auth_update_put(u, buffer_data(&line), buffer_len(&line)) == 0);
	check(auth_update_commit(u) == 0);
}

static void
read_template(void)
{
	struct stat st;
	int fd = open(users, O_RDONLY | O_CLOEXEC);

	check(fd >= 0 && fstat(fd, &st) == 0);
	check(buffer_reserve(&template, (size_t)st.st_size) == 0);
	check(read(fd, buffer_tail(&template), (size_t)st.st_size) == st.st_size);
	buffer_grow(&template, (size_t)st.st_size);
	close(fd);
}

static void
restore(void)
{
	size_t len = buffer_len(&template);
	int fd = open(users, O_WRONLY | O_TRUNC | O_CLOEXEC);

	check(fd >= 0 && write(fd, buffer_data(&template), len) == (ssize_t)len);
	close(fd);
}

static void
begin(void)
{
	char pin[PKI_PIN_HEX] = "07", users_is[128];
	char *overrides[] = { users_is, (char *)"hostname=447.edu" };
	struct buffer faults = { 0 };

	memset(pin + 2, '0', PKI_PIN_HEX - 3);
	snprintf(dir, sizeof(dir), "%s/postern-fuzz-XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : P_tmpdir);
	check(mkdtemp(dir) != NULL);
	atexit(remove_store);
	snprintf(users, sizeof(users), "%s/users", dir);
	snprintf(users_is, sizeof(users_is), "users=%s", users);
	check(config_load(NULL, overrides, 2, &config, &faults) == 0);
	add_user("brad@447.edu", true, NULL, NULL);
	add_user("eve@447.edu", true, NULL, NULL);
	add_user("sue@447.edu", true, AUTH_FIELD_LOCKED, "1");
	add_user("again@447.edu", true, AUTH_FIELD_ENROLLED_BY, pin);
	add_user("keyless@447.edu", false, NULL, NULL);
	read_template();
}

/* GNU SASL's client. */

static int
answer_client(Gsasl *gsasl, Gsasl_session *session, Gsasl_property property)
{
	struct run *r = gsasl_callback_hook_get(gsasl);
	CLEANUP_FREE char *coded = NULL;

	switch (property) {
	case GSASL_AUTHID:
		return gsasl_property_set(session, property, "brad");
	case GSASL_PASSWORD:
		r->knows = true;
		return gsasl_property_set(session, property, PASSWORD);
	case GSASL_CB_TLS_EXPORTER:
		if (!strstr(auth_exchange_mechanism(r->x), "PLUS"))
			return GSASL_NO_CALLBACK;
		check(pki_base64_encode(EXPORTER, sizeof(EXPORTER), &coded) == 0);
		return gsasl_property_set(session, property, coded);
	default:
		return GSASL_NO_CALLBACK;
	}
}

/* What it says next, in base64, into line; "" where it has given up. */
static void
ask_client(struct run *r, char line[LINE_SIZE])
{
	const char *mechanism = auth_exchange_mechanism(r->x);
	char *said = NULL;

	line[0] = '\0';
	if (!r->gsasl) {
		check(gsasl_init(&r->gsasl) == GSASL_OK);
		gsasl_callback_set(r->gsasl, answer_client);
		gsasl_callback_hook_set(r->gsasl, r);
		if (gsasl_client_start(r->gsasl, mechanism, &r->client) != GSASL_OK)
			r->client = NULL;
	}
	if (!r->client)
		return;
	gsasl_step64(r->client, r->challenge, &said);
	if (said && strlen(said) < LINE_SIZE)
		strcpy(line, said);
	gsasl_free(said);
}

static void
change_client(const char *text, size_t len, char line[LINE_SIZE])
{
	uint8_t *bytes = NULL;
	size_t n;
	char *coded;

	if (len < 2 || pki_base64_decode(line, strlen(line), &bytes, &n) < 0)
		return;
	if (n > 0)
		bytes[(uint8_t)text[0] % n] ^= (uint8_t)text[1];
	check(pki_base64_encode(bytes, n, &coded) == 0);
	strcpy(line, coded);
	free(coded);
	free(bytes);
}

/* Text in base64, each %P of it the password. */
static void
code_text(struct run *r, const char *text, size_t len, char line[LINE_SIZE])
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	CLEANUP_FREE char *coded = NULL;

	for (size_t i = 0; i < len; i++) {
		if (text[i] != '%' || i + 1 == len || text[i + 1] != 'P') {
			check(buffer_append(&b, text + i, 1) == 0);
			continue;
		}
		check(buffer_puts(&b, PASSWORD) == 0);
		r->knows = true;
		i++;
	}
	check(pki_base64_encode(buffer_data(&b) ? buffer_data(&b) : "", buffer_len(&b),
		      &coded) == 0);
	snprintf(line, LINE_SIZE, "%s", coded);
}

/* What a step sends, or NULL. */
static const char *
say(struct run *r, bool first, const char *text, size_t len, char line[LINE_SIZE])
{
	char kind = len > 0 ? *text : '=';

	text += len > 0;
	len -= len > 0;
	line[0] = '\0';
	if (kind == '-' && first)
		return NULL;
	if (kind == 'c' || kind == 'm')
		ask_client(r, line);
	if (kind == 'm')
		change_client(text, len, line);
	else if (kind == 'b')
		code_text(r, text, len < LINE_SIZE / 2 ? len : LINE_SIZE / 2, line);
	else if (kind != 'c')
		snprintf(line, LINE_SIZE, "%.*s", (int)len, text);
	return line;
}

static void
check_done(const struct run *r)
{
	bool external = strcmp(auth_exchange_mechanism(r->x), "EXTERNAL") == 0;
	const char *user = auth_exchange_user(r->x);

	check(user && (r->knows || external));
	check(strcmp(user, "brad@447.edu") == 0 || strcmp(user, "eve@447.edu") == 0 ||
		strcmp(user, "again@447.edu") == 0 ||
		(external && strcmp(user, "keyless@447.edu") == 0));
	if (external || config->bind == CONFIG_BIND_USER)
		check(r->peer.certificate && strcmp(user, "eve@447.edu") != 0);
}

static void
check_enrolled(const struct run *r, const char *text)
{
	const char *user = auth_exchange_user(r->x);
	bool named = user && r->peer.certificate &&
		     (strcmp(user, "newcomer@447.edu") == 0 ||
			     strcmp(user, "again@447.edu") == 0);

	check(strcmp(auth_exchange_mechanism(r->x), "classic") == 0);
	check(user && strlen(text) == AUTH_PASSWORD_SIZE - 1);
	check(config->enrol == CONFIG_ENROL_ANY ||
		(config->enrol == CONFIG_ENROL_CERTIFICATE && named));
	check(strcmp(user, "brad@447.edu") != 0 && strcmp(user, "sue@447.edu") != 0 &&
		strcmp(user, "eve@447.edu") != 0 && strcmp(user, "keyless@447.edu") != 0);
}

static void
check_verdict(struct run *r, const char *text)
{
	uint8_t *bytes;
	size_t n;

	check(text && auth_exchange_reason(r->x)[0]);
	switch (r->verdict) {
	case AUTH_CHALLENGE:
		check(pki_base64_decode(text, strlen(text), &bytes, &n) == 0);
		free(bytes);
		r->challenge = text;
		return;
	case AUTH_DONE:
		check_done(r);
		check(auth_exchange_error(r->x) == 0);
		return;
	case AUTH_ENROLLED:
		check_enrolled(r, text);
		return;
	case AUTH_WRONG:
	case AUTH_BROKEN:
		return;
	case AUTH_LIMITED: /* nobody says no */
	case AUTH_TEMPORARY:
		break;
	}
	abort();
}

static void
converse(struct run *r, const char *text, const char *end)
{
	char line[LINE_SIZE];
	const char *said = NULL;

	r->verdict = AUTH_CHALLENGE;
	for (int i = 0; i < STEPS_MAX && text < end && r->verdict == AUTH_CHALLENGE;
		i++) {
		const char *next = memchr(text, '\n', (size_t)(end - text));
		size_t len = (size_t)((next ? next : end) - text);

		r->verdict = auth_exchange_step(
			r->x, say(r, i == 0, text, len, line), &said);
		check_verdict(r, said);
		text += len + 1;
	}
	if (r->verdict != AUTH_CHALLENGE)
		check(auth_exchange_step(r->x, "", &said) == AUTH_BROKEN && !*said);
}

/* What the two bytes choose. */
static void
configure(const uint8_t *data, struct run *r)
{
	config->bind = data[0] & 1 ? CONFIG_BIND_ANY : CONFIG_BIND_USER;
	config->enrol = (enum config_enrol)(data[0] >> 1 & 3);
	config->mechanisms = data[0] >> 3;
	r->peer = (struct auth_peer){ .certificate = data[1] & 1 };
	if (!r->peer.certificate)
		return;
	r->peer.pin = PIN;
	r->peer.names = names;
	r->peer.n_names = data[1] >> 2 & 7;
	if (r->peer.n_names > sizeof(names) / sizeof(names[0]))
		r->peer.n_names = 0;
	if (data[1] & 2) {
		r->peer.exporter = EXPORTER;
		r->peer.exporter_len = sizeof(EXPORTER);
	}
}

/* A mechanism starts exactly where it is among those offered, in any case; one that is
 * refused for its weakness is so beside a stronger one. */
static bool
start(struct run *r, const char *name)
{
	CLEANUP_FREE char *offered = auth_mechanisms(config, &r->peer);
	bool classic = strcmp(name, "-") == 0, found = classic, any = offered && *offered;
	int fault;

	check(offered != NULL);
	for (char *rest, *word = strtok_r(offered, " ", &rest); word;
		word = strtok_r(NULL, " ", &rest))
		found = found || strcasecmp(word, name) == 0;
	fault = auth_exchange_start(config, &r->peer, classic ? NULL : name, &r->x);
	if (found)
		check(fault == 0);
	else
		check(fault == -ENOTSUP || (fault == -EACCES && any));
	return found;
}

/* The first line, cut to fit; returns what is behind it. */
static const char *
take_name(const char *text, const char *end, char ret[NAME_SIZE])
{
	const char *next = memchr(text, '\n', (size_t)(end - text));
	size_t len = (size_t)((next ? next : end) - text);

	snprintf(ret, NAME_SIZE, "%.*s", (int)len, text);
	return next ? next + 1 : end;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 2, *end = (const char *)data + size;
	struct run r = { .knows = false };
	char name[NAME_SIZE];

	if (!config)
		begin();
	if (size < 3)
		return 0;
	configure(data, &r);
	text = take_name(text, end, name);
	if (!start(&r, name))
		return 0;
	converse(&r, text, end);
	if (r.verdict == AUTH_DONE || r.verdict == AUTH_ENROLLED)
		restore();
	auth_exchange_free(r.x);
	if (r.client)
		gsasl_finish(r.client);
	if (r.gsasl)
		gsasl_done(r.gsasl);
	return 0;
}
