// SPDX-License-Identifier: ISC
/*
 * `show` and `list`: certificates in words, on standard output. What a certificate says
 * is escaped, so that each value stays one line of printable ASCII.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/calendar.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "keys/commands.h"
#include "keys/folder.h"
#include "keys/report.h"
#include "pki/describe.h"
#include "pki/file.h"
#include "pki/identity.h"

/* One certificate, read and described. */
struct certificate {
	struct pki_identity id;
	struct pki_description what;
};

static void
certificate_clear(struct certificate *c)
{
	pki_identity_clear(&c->id);
	pki_description_clear(&c->what);
}

static int
certificate_read(const struct buffer *der, struct certificate *ret)
{
	CLEANUP(certificate_clear) struct certificate c = { 0 };
	int r = pki_identity_read(buffer_data(der), buffer_len(der), &c.id);

	if (r == 0)
		r = pki_describe(buffer_data(der), buffer_len(der), &c.what);
	if (r != 0)
		return r;
	*ret = TAKE(c, (struct certificate){ 0 });
	return 0;
}

static void
put_escaped(const char *text)
{
	CLEANUP(buffer_free) struct buffer line = { 0 };

	if (text_escape(&line, text, strlen(text)) == 0 && buffer_string(&line))
		fputs(buffer_string(&line), stdout);
}

static void
put_value(const char *label, const char *text)
{
	printf("%-12s ", label);
	put_escaped(*text ? text : "none");
	putchar('\n');
}

static const char *
state_of(const struct pki_identity *id)
{
	int64_t now = time(NULL);

	if (now > id->not_after)
		return "expired";
	return now < id->not_before ? "not yet" : "valid";
}

static const char *
purpose_of(const struct pki_description *what)
{
	if (what->is_ca)
		return "ca";
	if (what->for_server && what->for_client)
		return "any";
	if (what->for_server)
		return "server";
	return what->for_client ? "client" : "other";
}

static void
put_date(const char *label, int64_t seconds)
{
	struct calendar c;
	char text[64];

	calendar_of(seconds, &c);
	snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d:%02d UTC", c.year, c.month,
		c.day, c.hour, c.minute, c.second);
	put_value(label, text);
}

static void
put_names(const struct pki_identity *id)
{
	for (size_t i = 0; i < id->n_names; i++) {
		if (i > 0)
			fputs(", ", stdout);
		put_escaped(id->names[i]);
	}
}

static void
show_certificate(const struct certificate *c)
{
	char serial[2 * PKI_SERIAL_MAX + 1];
	char pin[PKI_PIN_HEX];

	text_hex(c->id.serial, c->id.serial_len, serial);
	text_hex(c->id.pin, sizeof(c->id.pin), pin);
	put_value("subject", c->what.subject);
	put_value("issuer", c->what.self_issued ? "itself" : c->what.issuer);
	put_value("serial", serial);
	put_date("from", c->id.not_before);
	put_date("until", c->id.not_after);
	put_value("state", state_of(&c->id));
	put_value("for", purpose_of(&c->what));
	put_value("names", c->what.others);
	if (!c->what.is_ca && c->what.for_client && c->id.n_names > 0) {
		printf("%-12s ", "users");
		put_names(&c->id);
		putchar('\n');
	}
	put_value("key", c->what.key);
	put_value("pin", pin);
}

int
keys_show(const struct keys_options *o)
{
	CLEANUP(buffer_wipe) struct buffer pem = { 0 };
	CLEANUP(pki_chain_clear) struct pki_chain chain = { 0 };
	int r = pki_file_read(
		AT_FDCWD, o->file, PKI_CHAIN_MAX * (size_t)PKI_CERTIFICATE_MAX, &pem);

	if (r < 0)
		return keys_fail(
			EX_NOINPUT, "%s cannot be read: %s", o->file, strerror(-r));
	r = pki_chain_read(buffer_data(&pem), buffer_len(&pem), &chain);
	if (r == -E2BIG)
		return keys_fail(EX_DATAERR, "%s holds more than %d certificates",
			o->file, PKI_CHAIN_MAX);
	if (r < 0)
		return keys_fail(EX_DATAERR, "%s holds no certificate in PEM", o->file);
	for (size_t i = 0; i < chain.n; i++) {
		CLEANUP(certificate_clear) struct certificate c = { 0 };

		if (certificate_read(&chain.der[i], &c) != 0)
			return keys_fail(EX_DATAERR, "certificate %zu of %s is damaged",
				i + 1, o->file);
		if (i > 0)
			putchar('\n');
		show_certificate(&c);
	}
	return 0;
}

static void
list_certificate(const char *path, const struct certificate *c)
{
	struct calendar until;

	calendar_of(c->id.not_after, &until);
	printf("%04d-%02d-%02d  %-7s  %-6s  ", until.year, until.month, until.day,
		state_of(&c->id), purpose_of(&c->what));
	put_escaped(path);
	fputs("  ", stdout);
	if (c->what.for_client && !c->what.is_ca && c->id.n_names > 0)
		put_names(&c->id);
	else
		put_escaped(*c->what.others ? c->what.others : c->what.subject);
	putchar('\n');
}

/* Lists the first certificate of a file, where there is such a file. */
static int
list_file(const struct keys_folder *folder, const char *path, size_t *count)
{
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	CLEANUP(pki_chain_clear) struct pki_chain chain = { 0 };
	CLEANUP(certificate_clear) struct certificate c = { 0 };
	int r;

	if (!keys_folder_has(folder, path))
		return 0;
	(*count)++;
	r = keys_folder_load(folder, path, &pem);
	if (r != 0)
		return r;
	r = pki_chain_read(buffer_data(&pem), buffer_len(&pem), &chain);
	if (r == 0)
		r = certificate_read(&chain.der[0], &c);
	if (r != 0)
		return keys_fail(EX_DATAERR, "%s/%s holds no certificate in PEM",
			folder->path, path);
	list_certificate(path, &c);
	return 0;
}

static int
is_shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Lists below/ENTRY and suffix for every entry of a folder, sorted; none where there is
 * no such folder. The first fault is answered once all has been listed. */
static int
list_folder(const struct keys_folder *folder, const char *below, const char *suffix,
	size_t *count)
{
	struct dirent **entries = NULL;
	int n = scandirat(folder->fd, below, &entries, is_shown, alphasort);
	int r = 0;

	if (n < 0 && errno == ENOENT)
		return 0;
	if (n < 0)
		return keys_fail(EX_NOINPUT, "the folder %s/%s cannot be read: %s",
			folder->path, below, strerror(errno));
	for (int i = 0; i < n; i++) {
		CLEANUP_FREE char *path = NULL;
		int fault = EX_OSERR;

		if (asprintf(&path, "%s/%s%s", below, entries[i]->d_name, suffix) >= 0)
			fault = list_file(folder, path, count);
		else
			path = NULL;
		r = r != 0 ? r : fault;
		free(entries[i]);
	}
	free(entries);
	return r;
}

int
keys_list(const struct keys_options *o)
{
	static const char *const files[] = { "ca.pem", "server.pem",
		"server/server.pem" };
	CLEANUP(keys_folder_close) struct keys_folder folder = { .fd = -1 };
	size_t count = 0;
	int status = keys_folder_open(o->dir, false, &folder);
	int r;

	if (status != 0)
		return status;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		r = list_file(&folder, files[i], &count);
		status = status != 0 ? status : r;
	}
	r = list_folder(&folder, "clients", "/cert.pem", &count);
	status = status != 0 ? status : r;
	r = list_folder(&folder, "server/pins", "", &count);
	status = status != 0 ? status : r;
	if (status == 0 && count == 0)
		return keys_fail(EX_NOINPUT,
			"the folder %s holds no certificates: postern-keys init or pair "
			"makes them",
			o->dir);
	return status;
}
