// SPDX-License-Identifier: ISC
/*
 * The course of an enrolment. Owns key, certificate and token, and wipes them; the key
 * leaves this machine in no form. Where the connection is lost before the answer has
 * come, a second one tells whether the server has taken the key. Faults: a token that is
 * none (usage), or that the server refuses (login), and those of the parts.
 */
#include "client/enrol.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "auth/label.h"
#include "auth/token.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "client/address.h"
#include "client/enrol_files.h"
#include "client/hello.h"
#include "client/login.h"
#include "pki/file.h"
#include "pki/make.h"

enum { HOST_SIZE = 65, TOKEN_LINE = 256 };

/* Of its own certificate the key's holder can make another at any time, so that an end
 * would end nothing (RFC 5280 section 4.1.2.5). */
static const int64_t NO_END = 253402300799;

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

/* A name for people who look at certificates; nobody believes it. */
static void
own_name(char ret[HOST_SIZE])
{
	if (gethostname(ret, HOST_SIZE) < 0)
		ret[0] = '\0';
	ret[HOST_SIZE - 1] = '\0';
	for (char *c = ret; *c; c++)
		if (*c <= ' ' || *c > '~')
			*c = '-';
	if (!*ret)
		snprintf(ret, HOST_SIZE, "device");
}

static int
make_pair(struct enrolment *e)
{
	CLEANUP(pki_key_free) struct pki_key *key = NULL;
	char name[HOST_SIZE];
	struct pki_order order = { .role = PKI_ROLE_CLIENT,
		.common_name = name,
		.not_before = time(NULL) - 86400, /* for servers whose clock is slow */
		.not_after = NO_END };
	int r = pki_key_make(PKI_KEY_P256, &key);

	own_name(name);
	if (r == 0)
		r = pki_key_write(key, &e->key);
	if (r == 0)
		r = pki_certificate_make(&order, key, NULL, 0, NULL, &e->cert);
	if (r < 0 || !buffer_string(&e->key) || !buffer_string(&e->cert))
		return client_fault_set(
			e->fault, EX_SOFTWARE, "cannot make a key: %s", strerror(-r));
	e->settings.key_text = buffer_data(&e->key);
	e->settings.cert_text = buffer_data(&e->cert);
	return 0;
}

/* Up to EHLO's answer. */
static int
open_session(struct enrolment *e, struct smtp_server_offers *ret)
{
	CLEANUP(buffer_free) struct buffer lines = { 0 };
	int r = client_link_load(&e->link, &e->settings, e->fault);

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

/* The answer was lost. Whether the key is a device is seen by what it may do. */
static int
ask_again(struct enrolment *e)
{
	struct smtp_server_offers offers = { 0 };
	struct client_fault first = *e->fault;
	bool in = false;
	int r;

	client_link_close(&e->link);
	e->link = (struct client_link){
		.fd = -1, .cancel = -1, .traced = e->settings.verbose || e->settings.trace
	};
	*e->fault = (struct client_fault){ 0 };
	r = open_session(e, &offers);
	if (r == 0)
		r = client_login_external(&e->link, NULL, &in, e->fault);
	if (r == 0 && in)
		return 0;
	*e->fault = first;
	return -ECANCELED;
}

/* The certificate by which the server is to be verified from now on, or none. */
static int
take_ca(struct enrolment *e)
{
	const struct buffer *pem;
	bool is_issuer = false;
	int r;

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

static int
finish(struct enrolment *e)
{
	CLEANUP(buffer_free) struct buffer conf = { 0 };
	int r;

	if (make_conf(e, &conf) < 0)
		return client_fault_memory(e->fault);
	r = client_enrol_files_commit(
		&e->files, &conf, buffer_len(&e->ca) > 0 ? &e->ca : NULL, e->fault);
	if (r < 0)
		return r;
	printf("%s: this machine is a device of %s now; %s says how to connect\n",
		e->settings.host, *e->user ? e->user : "the token's user", e->files.path);
	return 0;
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
		r = take_ca(e);
	if (r == 0)
		r = show_token(e);
	if (r < 0 && e->asked && e->link.lost)
		r = ask_again(e);
	if (r < 0 && e->asked) {
		client_enrol_files_keep(&e->files);
		client_fault_more(e->fault,
			"; whether it has taken the key is not known, which stays in "
			"key.pem.enrolling: ask its administrator");
	}
	return r == 0 ? finish(e) : r;
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
	if (r == 0)
		r = make_pair(&e);
	if (r == 0)
		r = client_enrol_files_stage(&e.files, &e.key, &e.cert, fault);
	return r == 0 ? enrol(&e) : r;
}
