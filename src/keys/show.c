// SPDX-License-Identifier: ISC
/*
 * `show`: certificates in words, on standard output; lists are show_list.c's. What a
 * certificate says is escaped, so that each value stays one line of printable ASCII.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/calendar.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/certificate.h"
#include "keys/commands.h"
#include "keys/put.h"
#include "keys/report.h"
#include "keys/revoked.h"
#include "keys/show_list.h"
#include "pki/file.h"

static const char CERTIFICATE[] = "-----BEGIN CERTIFICATE-----";

/* One certificate of a file, with those beside it. */
struct shown {
	const char *file;
	const struct pki_chain *chain;
	size_t i;
	struct keys_certificate c;
	const struct pki_crl_entry *revoked;
};

/* Who of the file has signed the certificate; 0 for nobody. */
static size_t
signer_of(const struct shown *s)
{
	const struct buffer *der = &s->chain->der[s->i];

	for (size_t i = 0; i < s->chain->n; i++) {
		const struct buffer *issuer = &s->chain->der[(s->i + i) % s->chain->n];

		if (pki_certificate_is_from(buffer_data(der), buffer_len(der),
			    buffer_data(issuer), buffer_len(issuer)))
			return (s->i + i) % s->chain->n + 1;
	}
	return 0;
}

static void
put_chain(const struct shown *s)
{
	size_t signer = signer_of(s);
	char text[64];

	if (signer == s->i + 1 || s->c.what.self_issued) {
		keys_put_value("chain", "signs itself");
		return;
	}
	if (signer == 0) {
		keys_put_value("chain", "its issuer is not in this file");
		return;
	}
	snprintf(text, sizeof(text), "signed by certificate %zu of this file", signer);
	keys_put_value("chain", text);
}

static void
put_state(const struct shown *s)
{
	const char *state = keys_state_name(keys_certificate_state(&s->c, s->revoked));
	const char *reason = s->revoked ? pki_reason_name(s->revoked->reason) : NULL;
	struct calendar c;
	char text[96];

	if (!s->revoked) {
		keys_put_value("state", state);
		return;
	}
	calendar_of(s->revoked->date, &c);
	snprintf(text, sizeof(text), "%s since %04d-%02d-%02d, %s", state, c.year,
		c.month, c.day, reason ? reason : "unspecified");
	keys_put_value("state", text);
}

static void
put_ca(const struct pki_description *what)
{
	char text[64];

	if (!what->is_ca)
		return;
	snprintf(text, sizeof(text), "%d", what->path_length);
	keys_put_value("path length", what->path_length < 0 ? "without end" : text);
	keys_put_value("constraints", what->constraints);
}

static void
put_certificate(const struct shown *s)
{
	const struct keys_certificate *c = &s->c;
	char serial[2 * PKI_SERIAL_MAX + 1];
	char pin[PKI_PIN_HEX];

	text_hex(c->id.serial, c->id.serial_len, serial);
	text_hex(c->id.pin, sizeof(c->id.pin), pin);
	keys_put_value("subject", c->what.subject);
	keys_put_value("issuer", c->what.self_issued ? "itself" : c->what.issuer);
	put_chain(s);
	keys_put_value("serial", serial);
	keys_put_time("from", c->id.not_before);
	keys_put_time("until", c->id.not_after);
	put_state(s);
	keys_put_value("for", keys_certificate_purpose(c));
	keys_put_value("uses", c->what.uses);
	put_ca(&c->what);
	keys_put_value("names", c->what.others);
	if (keys_certificate_has_users(c)) {
		printf("%-12s ", "users");
		keys_put_names(c);
		putchar('\n');
	}
	keys_put_value("key", c->what.key);
	keys_put_value("pin", pin);
}

static int
put_json(const struct shown *s)
{
	CLEANUP(buffer_free) struct buffer line = { 0 };
	int r = keys_certificate_json(&line, s->file, &s->c, s->revoked);

	if (r == 0)
		r = json_number(&line, "certificate", (int64_t)s->i + 1);
	if (r == 0)
		r = json_number(&line, "signed_by", (int64_t)signer_of(s));
	if (r < 0)
		return keys_fail(EX_OSERR, "no memory");
	printf("%s%.*s}", s->i > 0 ? ",\n " : "[", (int)buffer_len(&line),
		buffer_data(&line));
	return 0;
}

static int
show_one(const struct keys_options *o, const struct pki_chain *chain, size_t i,
	const struct pki_crls *crls)
{
	CLEANUP(keys_certificate_clear) struct keys_certificate c = { 0 };
	struct shown shown = { .file = o->file, .chain = chain, .i = i };

	if (keys_certificate_read(&chain->der[i], &c) != 0)
		return keys_fail(
			EX_DATAERR, "certificate %zu of %s is damaged", i + 1, o->file);
	shown.c = c;
	shown.revoked = keys_revoked_find(crls, &chain->der[i], &c.id);
	if (o->json)
		return put_json(&shown);
	if (i > 0)
		putchar('\n');
	put_certificate(&shown);
	return 0;
}

/* A file of certificates, of lists, or of both. */
static int
read_file(const struct keys_options *o, struct pki_chain *ret_chain,
	struct pki_crls *ret_lists)
{
	CLEANUP(buffer_wipe) struct buffer pem = { 0 };
	int r = pki_file_read(AT_FDCWD, o->file, PKI_CRL_FILE_MAX, &pem);

	if (r < 0)
		return keys_fail(
			EX_NOINPUT, "%s cannot be read: %s", o->file, strerror(-r));
	r = pki_crls_read(buffer_data(&pem), buffer_len(&pem), ret_lists);
	if (r < 0)
		return keys_fail(
			EX_DATAERR, "%s holds a damaged revocation list", o->file);
	if (ret_lists->n > 0 && !memmem(buffer_data(&pem), buffer_len(&pem), CERTIFICATE,
					sizeof(CERTIFICATE) - 1))
		return 0;
	r = pki_chain_read(buffer_data(&pem), buffer_len(&pem), ret_chain);
	if (r == -E2BIG)
		return keys_fail(EX_DATAERR, "%s holds more than %d certificates",
			o->file, PKI_CHAIN_MAX);
	if (r < 0)
		return keys_fail(EX_DATAERR,
			"%s holds no certificate and no revocation list in PEM", o->file);
	return 0;
}

int
keys_show(const struct keys_options *o)
{
	CLEANUP(pki_chain_clear) struct pki_chain chain = { 0 };
	CLEANUP(pki_crls_clear) struct pki_crls revoked = { 0 }, lists = { 0 };
	int r = 0;

	if (o->list_file)
		r = keys_revoked_read(
			AT_FDCWD, o->list_file, o->list_file, false, &revoked);
	if (r == 0)
		r = read_file(o, &chain, &lists);
	for (size_t i = 0; r == 0 && i < chain.n; i++)
		r = show_one(o, &chain, i, &revoked);
	for (size_t i = 0; r == 0 && i < lists.n; i++)
		r = keys_show_list(o, &lists.lists[i], i, chain.n + i == 0);
	if (o->json && r == 0)
		puts("]");
	return r;
}
