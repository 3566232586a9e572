// SPDX-License-Identifier: ISC
/*
 * `revoke` and `crl`. What is given is looked for as a client's name, then as a serial
 * number, then as a file; a client is all its certificates, those in old/ included. Each
 * goes into the list of the CA that has signed it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/calendar.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "keys/ca.h"
#include "keys/certificate.h"
#include "keys/commands.h"
#include "keys/lists.h"
#include "keys/old.h"
#include "keys/report.h"
#include "pki/file.h"

/* A revocation under way. Serial numbers lie in texts that live as long as it does. */
struct revocation {
	const struct keys_options *o;
	const struct keys_folder *folder;
	struct keys_lists *lists;
	struct buffer serials[KEYS_LISTS_MAX * 16];
	size_t n_serials;
	size_t count; /* certificates of this CA */
};

static void
revocation_clear(struct revocation *r)
{
	for (size_t i = 0; i < r->n_serials; i++)
		buffer_free(&r->serials[i]);
}

static void
say(const char *what, const uint8_t *serial, size_t len,
	const struct pki_crl_entry *earlier)
{
	char hex[2 * PKI_SERIAL_MAX + 1];
	struct calendar c;

	text_hex(serial, len, hex);
	if (!earlier) {
		printf("revoked %s, serial %s\n", what, hex);
		return;
	}
	calendar_of(earlier->date, &c);
	printf("%s, serial %s, is revoked since %04d-%02d-%02d\n", what, hex, c.year,
		c.month, c.day);
}

static const struct pki_crl_entry *
find_earlier(const struct revocation *revocation, size_t signer, const uint8_t *serial,
	size_t len)
{
	const struct pki_crl *list = keys_lists_of(revocation->lists, signer);

	return list ? pki_crl_find(list, serial, len) : NULL;
}

/* Puts a serial number into the list of one signer, where it does not stand yet. */
static int
put_serial(struct revocation *revocation, size_t signer, const char *what,
	const uint8_t *serial, size_t len)
{
	struct buffer *kept;

	if (revocation->n_serials == sizeof(revocation->serials) / sizeof(*kept))
		return keys_fail(EX_SOFTWARE, "%s has too many certificates", what);
	kept = &revocation->serials[revocation->n_serials];
	if (buffer_append(kept, serial, len) < 0)
		return keys_fail(EX_OSERR, "no memory");
	revocation->n_serials++;
	return keys_lists_revoke(revocation->lists, signer,
		&(struct pki_crl_entry){ .serial = pki_der_of(buffer_data(kept), len),
			.date = time(NULL),
			.reason = revocation->o->reason });
}

static int
add_serial(struct revocation *revocation, size_t signer, const char *what,
	const uint8_t *serial, size_t len)
{
	const struct pki_crl_entry *earlier = find_earlier(
		revocation, signer, serial, len);

	say(what, serial, len, earlier);
	revocation->count++;
	return earlier ? 0 : put_serial(revocation, signer, what, serial, len);
}

/* Revokes the first certificate of a text; *ret_ours says whether it is of this CA. */
static int
add_certificate(struct revocation *revocation, const char *what, const struct buffer *pem,
	bool *ret_ours)
{
	CLEANUP(pki_chain_clear) struct pki_chain chain = { 0 };
	CLEANUP(pki_identity_clear) struct pki_identity id = { 0 };
	const struct buffer *der = &chain.der[0];

	*ret_ours = false;
	if (pki_chain_read(buffer_data(pem), buffer_len(pem), &chain) < 0 ||
		pki_identity_read(buffer_data(der), buffer_len(der), &id) < 0)
		return keys_fail(EX_DATAERR, "%s holds no certificate in PEM", what);
	for (size_t i = 0; i < revocation->lists->n_signers; i++) {
		const struct buffer *ca = &revocation->lists->signers[i].der;

		if (!pki_certificate_is_from(buffer_data(der), buffer_len(der),
			    buffer_data(ca), buffer_len(ca)))
			continue;
		*ret_ours = true;
		return add_serial(revocation, i, what, id.serial, id.serial_len);
	}
	return 0;
}

static int
add_old(void *context, const char *path, const struct buffer *pem)
{
	bool ours;

	return add_certificate(context, path, pem, &ours);
}

/* What lies in the folder now, and what it has replaced. */
static int
add_named(struct revocation *revocation, const char *path, struct keys_old whose)
{
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	bool ours = false;
	int r = 0;

	if (keys_folder_has(revocation->folder, path)) {
		r = keys_folder_load(revocation->folder, path, &pem);
		if (r == 0)
			r = add_certificate(revocation, path, &pem, &ours);
	}
	return r != 0 ? r : keys_old_each(revocation->folder, whose, add_old, revocation);
}

static int
add_client(struct revocation *revocation, const char *name)
{
	char path[KEYS_PATH_MAX];
	char whose[KEYS_PATH_MAX];

	snprintf(path, sizeof(path), "clients/%s/cert.pem", name);
	snprintf(whose, sizeof(whose), "clients/%s", name);
	return add_named(revocation, path, (struct keys_old){ NULL, whose });
}

static int
add_below(struct revocation *revocation, const char *name)
{
	char path[KEYS_PATH_MAX];

	snprintf(path, sizeof(path), "cas/%s/ca.pem", name);
	return add_named(revocation, path, (struct keys_old){ name, "ca" });
}

/* Hexadecimal digits in pairs, colons between them or not. 0 with the bytes, which have
 * no zeroes in front. */
static int
parse_serial(const char *word, uint8_t ret[PKI_SERIAL_MAX], size_t *ret_len)
{
	char digits[2 * PKI_SERIAL_MAX + 1];
	size_t n = 0;
	size_t skip = 0;

	for (; *word; word++) {
		if (*word == ':' && n > 0 && n % 2 == 0 && word[1] && word[1] != ':')
			continue;
		if (n == sizeof(digits) - 1)
			return -EINVAL;
		digits[n++] = *word;
	}
	if (n == 0 || n % 2 != 0 || text_unhex(digits, n, ret, n / 2) < 0)
		return -EINVAL;
	while (skip + 1 < n / 2 && ret[skip] == 0)
		skip++;
	memmove(ret, ret + skip, n / 2 - skip);
	*ret_len = n / 2 - skip;
	return 0;
}

/* A serial number alone does not say which key has signed: it comes into the list of
 * each, and is told of once. */
static int
add_serial_alone(struct revocation *revocation, const uint8_t *serial, size_t len)
{
	static const char what[] = "a certificate";
	const struct pki_crl_entry *earlier = NULL;
	bool added = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < revocation->lists->n_signers; i++) {
		const struct pki_crl_entry *found = find_earlier(
			revocation, i, serial, len);

		if (!earlier)
			earlier = found;
		if (found)
			continue;
		r = put_serial(revocation, i, what, serial, len);
		added = true;
	}
	if (r == 0)
		say(what, serial, len, added ? NULL : earlier);
	return r;
}

static int
add_file(struct revocation *revocation, const char *path)
{
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	bool ours = false;
	int r = pki_file_read(
		AT_FDCWD, path, PKI_CHAIN_MAX * (size_t)PKI_CERTIFICATE_MAX, &pem);

	if (r == -ENOENT && !strchr(path, '/'))
		return keys_fail(EX_NOINPUT,
			"`%s' is neither a client in %s nor a serial number nor a file",
			path, revocation->folder->path);
	if (r < 0)
		return keys_fail(EX_NOINPUT, "%s cannot be read: %s", path, strerror(-r));
	r = add_certificate(revocation, path, &pem, &ours);
	if (r == 0 && !ours)
		return keys_fail(EX_DATAERR,
			"%s is not signed by the CA of %s, which cannot revoke it", path,
			revocation->folder->path);
	return r;
}

static bool
has_client(const struct keys_folder *folder, const char *name)
{
	char path[KEYS_PATH_MAX];

	if (keys_name_fault(name))
		return false;
	snprintf(path, sizeof(path), "clients/%s", name);
	if (keys_folder_has(folder, path))
		return true;
	snprintf(path, sizeof(path), KEYS_OLD "/clients/%s", name);
	return keys_folder_has(folder, path);
}

static int
add_what(struct revocation *revocation, const char *word)
{
	static const char below[] = "cas/";
	uint8_t serial[PKI_SERIAL_MAX];
	size_t len;
	int r;

	if (strcmp(word, "ca") == 0)
		return keys_fail(EX_USAGE,
			"a CA cannot revoke itself: the CA above it does, by revoke "
			"cas/NAME");
	if (strcmp(word, "server") == 0)
		r = add_named(
			revocation, "server.pem", (struct keys_old){ NULL, "server" });
	else if (strncmp(word, below, sizeof(below) - 1) == 0 &&
		 !keys_ca_name_fault(word + sizeof(below) - 1))
		r = add_below(revocation, word + sizeof(below) - 1);
	else if (has_client(revocation->folder, word))
		r = add_client(revocation, word);
	else if (parse_serial(word, serial, &len) == 0)
		return add_serial_alone(revocation, serial, len);
	else
		return add_file(revocation, word);
	if (r == 0 && revocation->count == 0)
		return keys_fail(EX_DATAERR,
			"%s has no certificate that the CA of %s has signed", word,
			revocation->folder->path);
	return r;
}

static int
fail_without_ca(const struct keys_options *o, const struct keys_folder *folder)
{
	if (keys_folder_has(folder, "ca.pem") ||
		!keys_folder_has(folder, "server/server.pem"))
		return 0;
	return keys_fail(EX_USAGE,
		"%s has pairs and no CA, and needs no list: whose file is removed from "
		"server/pins enters no more",
		o->dir);
}

static int
make_lists(const struct keys_options *o)
{
	CLEANUP(keys_folder_close) struct keys_folder folder = { .fd = -1 };
	CLEANUP(keys_ca_clear) struct keys_ca ca = { 0 };
	CLEANUP(keys_lists_clear) struct keys_lists lists = { 0 };
	CLEANUP(revocation_clear)
	struct revocation revocation = { .o = o, .folder = &folder, .lists = &lists };
	int r = keys_folder_open(o->dir, false, &folder);

	if (r == 0)
		r = fail_without_ca(o, &folder);
	if (r == 0)
		r = keys_ca_open(o, &folder, &ca);
	if (r == 0)
		r = keys_lists_read(o, &folder, &ca, &lists);
	if (r == 0 && o->what)
		r = add_what(&revocation, o->what);
	return r != 0 ? r : keys_lists_store(&lists);
}

int
keys_revoke(const struct keys_options *o)
{
	int r = make_lists(o);

	if (r == 0)
		printf("nobody is refused before the server has the list: copy "
		       "%s/crl.pem "
		       "to where its tls_crl says\n",
			o->dir);
	return r;
}

int
keys_crl(const struct keys_options *o)
{
	return make_lists(o);
}
