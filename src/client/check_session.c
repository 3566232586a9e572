// SPDX-License-Identifier: ISC
/*
 * A session that sends nothing: greeting, TLS, what is offered, login, whether our sender
 * is taken, how long answers take, goodbye. Faults end it and are findings.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "client/address.h"
#include "client/check_parts.h"
#include "client/hello.h"
#include "client/login.h"
#include "client/password.h"

enum { ROUND_TRIPS = 5, LIST_SIZE = 256, COMMAND_SIZE = CLIENT_ADDRESS_MAX + 32 };

static int
say_tls(struct client_checking *c, int r, double began)
{
	if (r != 0)
		return client_check_failed(c, "TLS");
	client_finding_add(&c->findings, CLIENT_FINE, "TLS", NULL, "%s, in %.1f ms",
		tls_client_describe(c->link.tls), client_check_now() - began);
	client_check_peer_certificate(c);
	return 0;
}

/* The banner, over TLS where that comes first. */
static int
check_banner(struct client_checking *c)
{
	CLEANUP(buffer_free) struct buffer lines = { 0 }, words = { 0 };
	double began = client_check_now();
	int r = 0;

	if (c->settings->tls == CLIENT_TLS_IMPLICIT)
		r = say_tls(c, client_link_start_tls(&c->link, c->fault), began);
	if (r != 0)
		return r;
	began = client_check_now();
	if (client_hello_banner(&c->link, &lines, c->fault) != 0)
		return client_check_failed(c, "admission");
	client_finding_add(&c->findings, CLIENT_FINE, "banner", NULL, "%s (%.1f ms)",
		client_hello_quote(&lines, &words), client_check_now() - began);
	if (c->settings->tls != CLIENT_TLS_STARTTLS)
		return 0;
	began = client_check_now();
	return say_tls(c, client_hello_upgrade(&c->link, c->fault), began);
}

static void
add_word(char list[LIST_SIZE], bool wanted, const char *word)
{
	size_t len = strlen(list);

	if (wanted)
		snprintf(list + len, LIST_SIZE - len, "%s%s", len > 0 ? " " : "", word);
}

static void
say_extensions(struct client_checking *c)
{
	const struct smtp_server_offers *o = &c->offers;
	char has[LIST_SIZE] = "", lacks[LIST_SIZE] = "";
	const struct {
		bool offered;
		const char *name;
	} all[] = {
		{ o->pipelining, "PIPELINING" },
		{ o->chunking, "CHUNKING" },
		{ o->size, "SIZE" },
		{ o->eight_bit, "8BITMIME" },
		{ o->utf8, "SMTPUTF8" },
		{ o->codes, "ENHANCEDSTATUSCODES" },
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		add_word(all[i].offered ? has : lacks, true, all[i].name);
	client_finding_add(&c->findings, CLIENT_FINE, "extensions", NULL, "%s%s%s",
		*has ? has : "none", *lacks ? "; done without " : "", lacks);
}

static void
say_limits(struct client_checking *c)
{
	const struct smtp_server_offers *o = &c->offers;
	char text[LIST_SIZE] = "";
	size_t len = 0;

	if (o->max_size > 0)
		len += (size_t)snprintf(text, sizeof text, "%llu bytes a message",
			(unsigned long long)o->max_size);
	if (o->max_recipients > 0)
		len += (size_t)snprintf(text + len, sizeof text - len,
			"%s%llu recipients", len > 0 ? ", " : "",
			(unsigned long long)o->max_recipients);
	if (o->max_messages > 0)
		len += (size_t)snprintf(text + len, sizeof text - len,
			"%s%llu messages a session", len > 0 ? ", " : "",
			(unsigned long long)o->max_messages);
	client_finding_add(&c->findings, CLIENT_FINE, "limits", NULL, "%s",
		len > 0 ? text : "none are named");
}

static void
say_mechanisms(struct client_checking *c)
{
	unsigned auth = c->offers.auth;
	char text[LIST_SIZE] = "";

	add_word(text, auth & SMTP_SERVER_EXTERNAL, "EXTERNAL");
	add_word(text, auth & SMTP_SERVER_SCRAM_SHA_256_PLUS, "SCRAM-SHA-256-PLUS");
	add_word(text, auth & SMTP_SERVER_SCRAM_SHA_256, "SCRAM-SHA-256");
	add_word(text, auth & SMTP_SERVER_PLAIN, "PLAIN");
	add_word(text, auth & SMTP_SERVER_LOGIN, "LOGIN");
	if (*text && (auth & ~(unsigned)(SMTP_SERVER_PLAIN | SMTP_SERVER_LOGIN)))
		client_finding_add(
			&c->findings, CLIENT_FINE, "mechanisms", NULL, "%s", text);
	else if (*text)
		client_finding_add(&c->findings, CLIENT_WARNING, "mechanisms",
			"have the server offer EXTERNAL or SCRAM-SHA-256-PLUS",
			"%s: the server sees the password", text);
	else
		client_finding_add(&c->findings, CLIENT_WARNING, "mechanisms",
			"ask the administrator how to log in", "none that is known here");
}

static int
check_offers(struct client_checking *c)
{
	if (client_hello_ehlo(&c->link, &c->offers, c->fault) != 0)
		return client_check_failed(c, "EHLO");
	say_extensions(c);
	say_limits(c);
	say_mechanisms(c);
	return 0;
}

/* The certificate first, as `send' does. *ret_in: the server knows us. */
static int
try_certificate(struct client_checking *c, bool *ret_in)
{
	const struct client_settings *s = c->settings;

	*ret_in = false;
	if (client_settings_has_password(s) ||
		!client_login_has_external(&c->link, &c->offers))
		return 0;
	if (client_login_external(&c->link, s->user, ret_in, c->fault) != 0)
		return client_check_failed(c, "login");
	if (*ret_in) {
		client_finding_add(&c->findings, CLIENT_FINE, "login", NULL,
			"by the certificate, as %s",
			s->user ? s->user : "whom it names or whose device it is");
		return 0;
	}
	client_finding_add(&c->findings, CLIENT_WARNING, "login",
		"name the user whose certificate it is with --user, or have the server "
		"know it: posternctl device add",
		"the certificate alone does not do: %s", c->fault->text);
	*c->fault = (struct client_fault){ 0 };
	return 0;
}

static int
check_login(struct client_checking *c)
{
	CLEANUP_SECRET char *password = NULL;
	const struct client_settings *s = c->settings;
	bool in;
	int r = try_certificate(c, &in);

	if (r != 0 || in)
		return r;
	r = s->user ? client_password_find(s, s->user, &password, c->fault) : 0;
	if (r < 0)
		return client_check_failed(c, "login");
	if (r == 0) {
		client_finding_add(&c->findings, CLIENT_WARNING, "login",
			"name the user with --user, and a password with --password-file",
			"nothing is known here to log in by");
		return 0;
	}
	if (client_login(&c->link, &c->offers, s->user, password, c->fault) != 0)
		return client_check_failed(c, "login");
	client_finding_add(
		&c->findings, CLIENT_FINE, "login", NULL, "by password, as %s", s->user);
	return 0;
}

/* Whether mail of ours would be taken; nothing follows. */
static int
check_sender(struct client_checking *c)
{
	CLEANUP(buffer_free) struct buffer lines = { 0 }, words = { 0 };
	const char *user = c->settings->user ? c->settings->user : c->name;
	char command[COMMAND_SIZE];
	unsigned code;

	if (!strchr(user, '@') || !client_address_fits(user, strlen(user)))
		return 0;
	snprintf(command, sizeof command, "MAIL FROM:<%s>", user);
	if (client_hello_ask(&c->link, command, &code, &lines, c->fault) != 0)
		return client_check_failed(c, "sender");
	if (code == 250)
		client_finding_add(&c->findings, CLIENT_FINE, "sender", NULL,
			"mail from %s is taken", user);
	else
		client_finding_add(&c->findings, CLIENT_WARNING, "sender",
			"send from another address, with -f, or log in",
			"mail from %s is not taken: %s", user,
			client_hello_quote(&lines, &words));
	if (client_hello_ask(&c->link, "RSET", &code, &lines, c->fault) != 0)
		return client_check_failed(c, "sender");
	return 0;
}

static int
check_round_trips(struct client_checking *c)
{
	double least = 0, most = 0;

	for (int i = 0; i < ROUND_TRIPS; i++) {
		double began = client_check_now();
		double taken;

		if (client_hello_probe(&c->link, c->fault) != 0)
			return client_check_failed(c, "answers");
		taken = client_check_now() - began;
		least = i == 0 || taken < least ? taken : least;
		most = taken > most ? taken : most;
	}
	client_finding_add(&c->findings, CLIENT_FINE, "answers", NULL,
		"in %.1f to %.1f ms", least, most);
	return 0;
}

int
client_check_session(struct client_checking *c)
{
	CLEANUP(buffer_free) struct buffer lines = { 0 };
	struct client_fault ignored = { 0 };
	unsigned code;
	int r = check_banner(c);

	if (r == 0)
		r = check_offers(c);
	if (r == 0)
		r = check_login(c);
	if (r == 0)
		r = check_sender(c);
	if (r == 0)
		r = check_round_trips(c);
	if (!c->link.broken && c->link.fd >= 0)
		client_hello_ask(&c->link, "QUIT", &code, &lines, &ignored);
	return r;
}
