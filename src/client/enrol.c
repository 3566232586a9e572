// SPDX-License-Identifier: ISC
/*
 * The course of an enrolment. Owns key, certificate and token, and wipes them; the key
 * leaves this machine in no form. Where the connection is lost before the answer has
 * come, a second one tells whether the server has taken the key. A key that an earlier
 * run has left is used again, since the server may have taken it: it is tried first, then
 * shown with the token, and stays. Faults: a token that is none (usage), or that the
 * server refuses (login), and those of the parts.
 */
#include "client/enrol.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "auth/label.h"
#include "auth/token.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "client/address.h"
#include "client/enrol_files.h"
#include "client/enrol_pair.h"
#include "client/hello.h"
#include "client/login.h"
#include "pki/file.h"

enum { TOKEN_LINE = 256 };

struct enrolment {
	struct client_settings
		settings; /* of the caller, with the pair that is made here */
	const struct client_options *options;
	struct client_fault *fault;
	struct client_enrol_files files;
	struct client_link link;
	char token[AUTH_TOKEN_SIZE];
	char label[AUTH_LABEL_CODED_SIZE]; /* "" for none */
	struct buffer key, cert;           /* PEM, with a NUL behind */
	char user[CLIENT_ADDRESS_MAX + 1]; /* whose device it is; "" while not known */
	struct buffer ca; /* PEM; empty where the server is known by its own key */
	bool asked;       /* the server may have taken the key */
	bool denied;      /* it has refused the token */
	bool known;       /* it knew the key already */
};

static void
enrolment_clear(struct enrolment *e)
{
	client_link_close(&e->link);
	client_enrol_files_close(&e->files);
	buffer_wipe(&e->key);
	buffer_free(&e->cert);
	buffer_free(&e->ca);
	explicit_bzero(e->token, sizeof e->token);
}

/* The token as it was given, or the first line of standard input for "-". */
static int
read_token(struct enrolment *e)
{
	const char *text = e->options->token;
	char line[TOKEN_LINE] = "";
	int r;

	if (!text)
		return client_fault_set(e->fault, EX_USAGE,
			"no token is given: --token TOKEN, or --token - to read it from "
			"standard input");
	if (strcmp(text, "-") == 0) {
		if (!fgets(line, sizeof line, stdin))
			line[0] = '\0';
		line[strcspn(line, "\r\n")] = '\0';
		text = line;
	}
	r = auth_token_read(text, strlen(text), e->token);
	explicit_bzero(line, sizeof line);
	if (r == 0)
		return 0;
	return client_fault_set(e->fault, EX_USAGE,
		"--token: that is no token; expected seven groups of four letters and "
		"digits, typed as `posternctl enrol token' has printed them");
}

static int
read_label(struct enrolment *e)
{
	const char *label = e->options->label;

	if (!label || auth_label_code(label, e->label) == 0)
		return 0;
	return client_fault_set(e->fault, EX_USAGE,
		"--label: expected at most %d printable characters of ASCII, no blank at "
		"an end",
		AUTH_LABEL_MAX);
}

static int
check_settings(struct enrolment *e)
{
	const struct client_settings *s = &e->settings;

	if (s->cert || s->key)
		return client_fault_set(e->fault, EX_USAGE,
			"--cert and --key: enrol makes a key of its own; expected "
			"neither");
	if (s->tls == CLIENT_TLS_OFF)
		return client_fault_set(
			e->fault, EX_USAGE, "--tls off: nobody enrols in the clear");
	if (!s->ca && !s->pinned)
		return client_fault_set(e->fault, EX_USAGE,
			"nothing is given to know the server by: --ca-pin HEX, as its "
			"administrator says, or --ca FILE");
	return 0;
}

/* Up to EHLO's answer. */
static int
open_session(struct enrolment *e, struct smtp_server_offers *ret)
{
	CLEANUP(buffer_free) struct buffer lines = { 0 };
	int r;

	e->settings.key_text = buffer_data(&e->key);
	e->settings.cert_text = buffer_data(&e->cert);
	r = client_link_load(&e->link, &e->settings, e->fault);
	if (r == 0)
		r = client_link_open(&e->link, e->fault);
	if (r == 0)
		r = client_hello_banner(&e->link, &lines, e->fault);
	if (r == 0 && e->settings.tls == CLIENT_TLS_STARTTLS)
		r = client_hello_upgrade(&e->link, e->fault);
	return r == 0 ? client_hello_ehlo(&e->link, ret, e->fault) : r;
}

/* The user whom the reply names: the first word behind its codes that is an address. */
static void
read_user(struct enrolment *e, struct buffer *lines)
{
	char *text = buffer_string(lines), *rest = NULL;

	for (char *word = text ? strtok_r(text, " \n", &rest) : NULL; word;
		word = strtok_r(NULL, " \n", &rest)) {
		if (!strchr(word, '@') || !client_address_fits(word, strlen(word)))
			continue;
		snprintf(e->user, sizeof e->user, "%s", word);
		return;
	}
}

static int
refused(struct enrolment *e, unsigned code, struct buffer *lines)
{
	CLEANUP(buffer_free) struct buffer words = { 0 };

	e->denied = code == 535;
	if (code == 535 || code == 530)
		return client_fault_set(e->fault, EX_NOPERM,
			"%s refuses the token: it is not known there, was used, is past, "
			"or is meant for somebody else (%.1000s)",
			e->settings.host, client_hello_quote(lines, &words));
	return client_hello_refused(
		&e->link, "the token", EX_UNAVAILABLE, code, lines, e->fault);
}

static int
show_token(struct enrolment *e)
{
	CLEANUP(buffer_wipe) struct buffer command = { 0 };
	CLEANUP(buffer_free) struct buffer lines = { 0 };
	const char *user = e->settings.user;
	unsigned code;
	int r = buffer_printf(&command, "XENROL %s%s%s%s%s", e->token,
		user ? " FOR=" : "", user ? user : "", *e->label ? " LABEL=" : "",
		e->label);

	if (r < 0 || !buffer_string(&command))
		return client_fault_memory(e->fault);
	e->link.masked = true;
	e->asked = true;
	r = client_hello_ask(&e->link, buffer_string(&command), &code, &lines, e->fault);
	e->link.masked = false;
	if (r != 0)
		return r;
	e->asked = false;
	if (code != 250)
		return refused(e, code, &lines);
	read_user(e, &lines);
	return 0;
}

static void
reset_link(struct enrolment *e)
{
	client_link_close(&e->link);
	e->link = (struct client_link){
		.fd = -1, .cancel = -1, .traced = e->settings.verbose || e->settings.trace
	};
	*e->fault = (struct client_fault){ 0 };
}

/* The answer was lost, or an earlier run has used up the token. Whether the key is a
 * device is seen by what it may do. */
static int
ask_again(struct enrolment *e)
{
	struct smtp_server_offers offers = { 0 };
	struct client_fault first = *e->fault;
	bool in = false;
	int r;

	reset_link(e);
	r = open_session(e, &offers);
	if (r == 0)
		r = client_login_external(&e->link, NULL, &in, e->fault);
	if (r == 0 && in)
		return 0;
	*e->fault = first;
	return -ECANCELED;
}

/* Whether the server knows a key that was left: e->known. A peer that it knows not is
 * offered nothing of the kind. */
static int
try_login(struct enrolment *e, const struct smtp_server_offers *offers)
{
	int r;

	if (!(offers->auth & SMTP_SERVER_EXTERNAL))
		return 0;
	r = client_login_external(&e->link, NULL, &e->known, e->fault);
	if (r == 0 && !e->known)
		*e->fault = (struct client_fault){ 0 };
	return r;
}

/* The certificate by which the server is to be verified from now on, or none. */
static int
take_ca(struct enrolment *e)
{
	const struct buffer *pem;
	bool is_issuer = false;
	int r;

	buffer_consume(&e->ca, buffer_len(&e->ca));
	if (!e->settings.pinned) {
		r = pki_file_read(AT_FDCWD, e->settings.ca, PKI_CERTIFICATE_MAX, &e->ca);
		return r == 0 ? 0
			      : client_fault_set(e->fault, EX_NOINPUT, "%s: %s",
					e->settings.ca, strerror(-r));
	}
	pem = tls_client_pinned(e->link.tls, &is_issuer);
	if (!pem || !is_issuer)
		return 0;
	r = buffer_append(&e->ca, buffer_data(pem), buffer_len(pem));
	return r == 0 ? 0 : client_fault_memory(e->fault);
}

static int
make_conf(const struct enrolment *e, struct buffer *b)
{
	const struct client_settings *s = &e->settings;
	bool six = strchr(s->host, ':') != NULL;
	const char *user = *e->user ? e->user : s->user;
	char pin[PKI_PIN_HEX];
	int r;

	r = buffer_printf(b, "# Written by postern enrol.\nserver = %s%s%s:%u\n",
		six ? "[" : "", s->host, six ? "]" : "", s->port);
	if (r == 0 && s->tls == CLIENT_TLS_STARTTLS)
		r = buffer_puts(b, "tls = starttls\n");
	text_hex(s->pin, sizeof s->pin, pin);
	if (r == 0 && buffer_len(&e->ca) > 0)
		r = buffer_puts(b, "ca = ca.pem\n");
	else if (r == 0)
		r = buffer_printf(b, "pin = %s\n", pin);
	if (r == 0)
		r = buffer_puts(b, "cert = cert.pem\nkey = key.pem\n");
	if (r == 0 && user)
		r = buffer_printf(b, "user = %s\n", user);
	return r;
}

static void
say_ready(const struct enrolment *e)
{
	bool named = *e->user || e->settings.user;

	if (e->known)
		printf("%s: the key that an earlier run has left is known there",
			e->settings.host);
	else
		printf("%s: this machine is a device of %s now", e->settings.host,
			*e->user ? e->user : "the token's user");
	printf("; %s says how to connect%s\n", e->files.path,
		named ? "" : ", but not as whom: add `user = ADDRESS' to it");
}

static int
finish(struct enrolment *e)
{
	CLEANUP(buffer_free) struct buffer conf = { 0 };
	const struct client_enrol_set set = { &e->key, &e->cert, &e->ca, &conf };
	int r;

	if (make_conf(e, &conf) < 0)
		return client_fault_memory(e->fault);
	r = client_enrol_files_commit(&e->files, &set, e->fault);
	if (r < 0) {
		client_fault_more(e->fault,
			"; the server knows the key, and the same command again ends the "
			"enrolment");
		return r;
	}
	say_ready(e);
	return 0;
}

/* By an open session: the token, unless the server knows the key already. */
static int
show(struct enrolment *e, const struct smtp_server_offers *offers)
{
	bool left = e->files.left == CLIENT_ENROL_STAGED;
	int r = take_ca(e);

	if (r == 0 && left)
		r = try_login(e, offers);
	if (r != 0 || e->known)
		return r;
	r = show_token(e);
	if (r < 0 && e->asked && e->link.lost)
		return ask_again(e);
	if (r < 0 && e->denied && left) {
		r = ask_again(e);
		e->known = r == 0;
	}
	return r;
}

static int
enrol(struct enrolment *e)
{
	struct smtp_server_offers offers = { 0 };
	int r = open_session(e, &offers);

	/* A server to whom nobody has a token to show knows no stranger. */
	if (r < 0 && e->fault->status == EX_PROTOCOL && e->link.tls)
		client_fault_more(e->fault,
			"; it lets nobody in to enrol while no token is open there");
	if (r == 0)
		r = show(e, &offers);
	if (r < 0 && e->asked) {
		client_enrol_files_keep(&e->files);
		client_fault_more(e->fault,
			"; whether it has taken the key is not known, which stays in "
			"key.pem.enrolling: the same command again finds out");
	}
	return r == 0 ? finish(e) : r;
}

/* A pair without a configuration: what becomes of it is for the server to say, or for
 * --force. */
static int
try_placed(struct enrolment *e)
{
	struct smtp_server_offers offers = { 0 };
	int r = open_session(e, &offers);

	if (r == 0)
		r = take_ca(e);
	if (r == 0)
		r = try_login(e, &offers);
	if (r == 0 && e->known)
		return finish(e);
	if (r < 0 && e->fault->status != EX_PROTOCOL && e->fault->status != EX_CONFIG)
		return r;
	reset_link(e);
	if (!e->options->force)
		return client_enrol_files_taken(&e->files, e->fault);
	buffer_wipe(&e->key);
	buffer_consume(&e->cert, buffer_len(&e->cert));
	return 0;
}

static int
start(struct enrolment *e)
{
	bool placed;
	int r = client_enrol_files_read(&e->files, &e->key, &e->cert, e->fault);

	placed = e->files.left == CLIENT_ENROL_PLACED;
	if (r == 0 && placed)
		r = try_placed(e);
	if (r != 0 || e->known)
		return r;
	r = client_enrol_pair(&e->key, &e->cert, e->fault);
	if (r == 0 && e->files.left != CLIENT_ENROL_STAGED)
		r = client_enrol_files_stage(&e->files, &e->key, e->fault);
	return r == 0 ? enrol(e) : r;
}

int
client_enrol(const struct client_settings *s, const struct client_options *o,
	struct client_fault *fault)
{
	CLEANUP(enrolment_clear)
	struct enrolment e = { .settings = *s,
		.options = o,
		.fault = fault,
		.files = { .folder = -1 },
		.link = { .fd = -1, .cancel = -1, .traced = s->verbose || s->trace } };
	int r = check_settings(&e);

	if (r == 0)
		r = client_settings_finish(&e.settings, fault);
	if (r == 0)
		r = read_label(&e);
	if (r == 0)
		r = read_token(&e);
	if (r == 0)
		r = client_enrol_files_open(o->config, o->force, &e.files, fault);
	return r == 0 ? start(&e) : r;
}
