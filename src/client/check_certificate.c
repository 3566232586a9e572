// SPDX-License-Identifier: ISC
/*
 * Two certificates, ours as its file has it and the server's as it has shown it: names,
 * pin, and how long they are still valid. Whether they are believed is not judged here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/calendar.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "client/check_parts.h"
#include "host/clock.h"
#include "pki/describe.h"
#include "pki/file.h"
#include "pki/validity.h"

enum { DAY = 24 * 3600 };

struct words {
	const char *what;
	const char *renew;
};

static void
say_validity(
	struct client_checking *c, const struct words *w, const struct pki_identity *id)
{
	const struct pki_validity v = { id->not_before, id->not_after };
	int64_t now = host_clock_now();
	char until[CALENDAR_STAMP_SIZE], from[CALENDAR_STAMP_SIZE];
	long long days = (id->not_after - now) / DAY;

	calendar_day(id->not_after, until);
	calendar_day(id->not_before, from);
	if (id->not_after <= now)
		client_finding_add(&c->findings, CLIENT_ERROR, w->what, w->renew,
			"has expired on %s", until);
	else if (id->not_before > now)
		client_finding_add(&c->findings, CLIENT_ERROR, w->what,
			"set the clock of this machine, if that is wrong",
			"is valid from %s only", from);
	else if (pki_validity_ends_soon(&v, now))
		client_finding_add(&c->findings, CLIENT_WARNING, w->what, w->renew,
			"expires on %s, in %lld days", until, days);
	else if (days > 365L * 100)
		client_finding_add(
			&c->findings, CLIENT_FINE, w->what, NULL, "has no end");
	else
		client_finding_add(&c->findings, CLIENT_FINE, w->what, NULL,
			"valid until %s, for %lld days", until, days);
}

static void
say_certificate(
	struct client_checking *c, const struct words *w, const void *der, size_t len)
{
	CLEANUP(pki_description_clear) struct pki_description d = { 0 };
	CLEANUP(pki_identity_clear) struct pki_identity id = { 0 };
	char pin[PKI_PIN_HEX];

	if (pki_describe(der, len, &d) < 0 || pki_identity_read(der, len, &id) < 0) {
		client_finding_add(
			&c->findings, CLIENT_ERROR, w->what, w->renew, "cannot be read");
		return;
	}
	text_hex(id.pin, sizeof id.pin, pin);
	client_finding_add(&c->findings, CLIENT_FINE, w->what, NULL,
		"%s%s%s, %s, issued by %s", *d.subject ? d.subject : "no subject",
		*d.others ? ", for " : "", d.others, d.key,
		d.self_issued ? "itself" : d.issuer);
	client_finding_add(&c->findings, CLIENT_FINE, w->what, NULL, "pin %s", pin);
	say_validity(c, w, &id);
}

/* Whom the certificate names, as far as that is an address. */
static void
take_name(struct client_checking *c, const struct buffer *der)
{
	CLEANUP(pki_identity_clear) struct pki_identity id = { 0 };

	if (pki_identity_read(buffer_data(der), buffer_len(der), &id) == 0 &&
		id.n_names > 0 && strchr(id.names[0], '@'))
		snprintf(c->name, sizeof c->name, "%s", id.names[0]);
}

void
client_check_own_certificate(struct client_checking *c)
{
	static const struct words ours = { "ours",
		"have a new certificate made: postern-keys renew, or whoever runs the "
		"CA" };
	CLEANUP(pki_chain_clear) struct pki_chain chain = { 0 };
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	const char *path = c->settings->cert;
	int r = pki_file_read(AT_FDCWD, path, PKI_CERTIFICATE_MAX, &pem);

	if (r == 0)
		r = pki_chain_read(buffer_data(&pem), buffer_len(&pem), &chain);
	if (r < 0) {
		client_finding_add(&c->findings, CLIENT_ERROR, ours.what, ours.renew,
			"%s cannot be read", path);
		return;
	}
	say_certificate(c, &ours, buffer_data(&chain.der[0]), buffer_len(&chain.der[0]));
	take_name(c, &chain.der[0]);
}

void
client_check_peer_certificate(struct client_checking *c)
{
	static const struct words theirs = { "theirs",
		"tell the administrator of the server" };
	CLEANUP(buffer_free) struct buffer der = { 0 };

	if (tls_client_peer(c->link.tls, &der) == 0)
		say_certificate(c, &theirs, buffer_data(&der), buffer_len(&der));
}
