// SPDX-License-Identifier: ISC
/*
 * crl.pem read and made anew. A list that cannot be read, or that nobody known here has
 * signed, is a fault and no list: what it says would be forgotten. All that is found is
 * kept until the end, because entries are taken over byte for byte.
 */
#include "keys/lists.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/calendar.h"
#include "base/cleanup.h"
#include "keys/certificate.h"
#include "keys/make.h"
#include "keys/old.h"
#include "keys/report.h"
#include "keys/set.h"
#include "pki/file.h"

#define FILE_NAME "crl.pem"

static bool
is_from(const struct pki_crl *crl, const struct buffer *ca)
{
	return pki_crl_is_from(crl, buffer_data(ca), buffer_len(ca));
}

static int
add_signer(struct keys_lists *lists, const struct buffer *der, struct pki_key *key,
	bool owned)
{
	struct keys_signer *signer = &lists->signers[lists->n_signers];
	CLEANUP(keys_certificate_clear) struct keys_certificate c = { 0 };

	if (lists->n_signers == KEYS_SIGNERS_MAX || keys_certificate_read(der, &c) < 0 ||
		buffer_append(&signer->der, buffer_data(der), buffer_len(der)) < 0)
		return keys_fail(EX_DATAERR, "%s has too many CAs, or damaged ones",
			lists->ca->folder);
	signer->key = key;
	signer->owned = owned;
	signer->not_after = c.id.not_after;
	lists->n_signers++;
	return 0;
}

/* An earlier key of the CA; without a key it is an earlier certificate of the same. */
static int
add_earlier(void *context, const char *path, const struct buffer *pem)
{
	CLEANUP(pki_chain_clear) struct pki_chain chain = { 0 };
	CLEANUP(pki_key_free) struct pki_key *key = NULL;
	CLEANUP(keys_certificate_clear) struct keys_certificate c = { 0 };
	struct keys_lists *lists = context;
	char key_path[KEYS_PATH_MAX];
	int r;

	snprintf(key_path, sizeof(key_path), "%.*s.key", (int)strlen(path) - 4, path);
	if (!keys_folder_has(lists->folder, key_path))
		return 0;
	if (pki_chain_read(buffer_data(pem), buffer_len(pem), &chain) < 0 ||
		keys_certificate_read(&chain.der[0], &c) < 0)
		return keys_fail(EX_DATAERR, "%s/%s holds no certificate in PEM",
			lists->folder->path, path);
	if (c.id.not_after < time(NULL))
		return 0;
	r = keys_key_load(lists->folder, key_path, lists->ca->passphrase, &key);
	if (r == 0)
		r = add_signer(lists, &chain.der[0], key, true);
	if (r == 0)
		key = NULL;
	return r;
}

static int
read_signers(struct keys_lists *lists)
{
	int r = add_signer(lists, &lists->ca->chain.der[0], lists->ca->key, false);

	return r != 0 ? r
		      : keys_old_each(lists->folder, (struct keys_old){ NULL, "ca" },
				add_earlier, lists);
}

/* Whether somebody whose list may stand here has signed it. */
struct known {
	const struct pki_crl *crl;
	bool found;
};

static void
ask_chain(struct known *known, const struct pki_chain *chain)
{
	for (size_t i = 0; i < chain->n && !known->found; i++)
		known->found = is_from(known->crl, &chain->der[i]);
}

static int
ask_pem(void *context, const char *path, const struct buffer *pem)
{
	CLEANUP(pki_chain_clear) struct pki_chain chain = { 0 };

	(void)path;
	if (pki_chain_read(buffer_data(pem), buffer_len(pem), &chain) == 0)
		ask_chain(context, &chain);
	return 0;
}

/* The CAs below, and what they were before. */
static int
ask_below(const struct keys_lists *lists, struct known *known)
{
	CLEANUP(keys_entries_clear) struct keys_entries entries = { 0 };
	int r = keys_folder_list(lists->folder, "cas", &entries);

	for (int i = 0; r == 0 && !known->found && i < entries.n; i++) {
		CLEANUP(buffer_free) struct buffer pem = { 0 };
		const char *name = entries.list[i]->d_name;
		char path[KEYS_PATH_MAX];

		if (keys_ca_name_fault(name))
			continue;
		snprintf(path, sizeof(path), "cas/%s/ca.pem", name);
		if (pki_file_read(lists->folder->fd, path, PKI_CERTIFICATE_MAX, &pem) ==
			0)
			ask_pem(known, path, &pem);
		r = keys_old_each(
			lists->folder, (struct keys_old){ name, "ca" }, ask_pem, known);
	}
	return r;
}

static int
is_known(const struct keys_lists *lists, const struct pki_crl *crl, bool *ret)
{
	struct known known = { .crl = crl };
	int r = 0;

	for (size_t i = 0; i < lists->n_signers && !known.found; i++)
		known.found = is_from(crl, &lists->signers[i].der);
	ask_chain(&known, &lists->ca->chain);
	ask_chain(&known, &lists->ca->roots);
	if (!known.found)
		r = keys_old_each(
			lists->folder, (struct keys_old){ NULL, "ca" }, ask_pem, &known);
	if (r == 0 && !known.found)
		r = ask_below(lists, &known);
	*ret = known.found;
	return r;
}

static int
compare_numbers(const struct pki_crl *a, const struct pki_crl *b)
{
	if (a->number_len != b->number_len)
		return a->number_len < b->number_len ? -1 : 1;
	if (a->number_len > 0 && memcmp(a->number, b->number, a->number_len) != 0)
		return memcmp(a->number, b->number, a->number_len);
	return a->this_update < b->this_update ? -1 : a->this_update > b->this_update;
}

/* Of two lists under one name the later stays, where one key has signed both;
 * lists->found has room. */
static int
keep_list(struct keys_lists *lists, struct pki_crl *crl)
{
	for (size_t i = 0; i < lists->found.n; i++) {
		struct pki_crl *other = &lists->found.lists[i];
		struct pki_crl earlier = *other;

		if (!pki_der_equal(other->issuer, crl->issuer))
			continue;
		if (compare_numbers(other, crl) < 0) {
			*other = *crl;
			*crl = earlier;
		}
		return 0;
	}
	lists->found.lists[lists->found.n++] = TAKE(*crl, (struct pki_crl){ 0 });
	return 0;
}

static int
keep_lists(struct keys_lists *lists, struct pki_crls *crls, const char *where)
{
	struct pki_crl *more = reallocarray(lists->found.lists,
		lists->found.n + crls->n + 1, sizeof(*lists->found.lists));
	int r = 0;

	if (!more)
		return keys_fail(EX_OSERR, "no memory");
	lists->found.lists = more;
	for (size_t i = 0; r == 0 && i < crls->n; i++) {
		bool known = false;

		r = is_known(lists, &crls->lists[i], &known);
		if (r == 0 && !known)
			r = keys_fail(EX_DATAERR,
				"%s holds a revocation list that no CA known in %s has "
				"signed",
				where, lists->folder->path);
		if (r == 0)
			r = keep_list(lists, &crls->lists[i]);
	}
	return r;
}

/* Reads the lists of one file; a missing one has none, where that may be. */
static int
read_file(struct keys_lists *lists, int directory, const char *name, const char *where,
	bool may_lack)
{
	CLEANUP(buffer_free) struct buffer text = { 0 };
	CLEANUP(pki_crls_clear) struct pki_crls crls = { 0 };
	int r = pki_file_read(directory, name, PKI_CRL_FILE_MAX, &text);

	if (r == -ENOENT && may_lack)
		return 0;
	if (r < 0)
		return keys_fail(
			EX_NOINPUT, "%s cannot be read: %s", where, strerror(-r));
	r = pki_crls_read(buffer_data(&text), buffer_len(&text), &crls);
	if (r < 0 || crls.n == 0)
		return keys_fail(EX_DATAERR,
			"%s holds a damaged revocation list, or none: a list that leaves "
			"out who is revoked is not made",
			where);
	return keep_lists(lists, &crls, where);
}

static int
read_named(struct keys_lists *lists, const char *name)
{
	CLEANUP_FREE char *where = NULL;

	if (asprintf(&where, "%s/%s", lists->folder->path, name) < 0) {
		where = NULL;
		return keys_fail(EX_OSERR, "no memory");
	}
	return read_file(lists, lists->folder->fd, name, where, true);
}

static int
read_below(struct keys_lists *lists)
{
	CLEANUP(keys_entries_clear) struct keys_entries entries = { 0 };
	int r = keys_folder_list(lists->folder, "cas", &entries);

	for (int i = 0; r == 0 && i < entries.n; i++) {
		char path[KEYS_PATH_MAX];

		if (keys_ca_name_fault(entries.list[i]->d_name))
			continue;
		snprintf(
			path, sizeof(path), "cas/%s/" FILE_NAME, entries.list[i]->d_name);
		r = read_named(lists, path);
	}
	return r;
}

static int
read_all(struct keys_lists *lists)
{
	int r = read_signers(lists);

	if (r == 0)
		r = read_named(lists, FILE_NAME);
	if (r == 0)
		r = read_below(lists);
	for (size_t i = 0; r == 0 && i < lists->options->n_lists; i++) {
		const char *path = lists->options->lists[i];

		r = read_file(lists, AT_FDCWD, path, path, false);
	}
	return r;
}

int
keys_lists_read(const struct keys_options *o, const struct keys_folder *folder,
	const struct keys_ca *ca, struct keys_lists *ret)
{
	CLEANUP(keys_lists_clear)
	struct keys_lists lists = { .options = o, .folder = folder, .ca = ca };
	int r = read_all(&lists);

	if (r == 0)
		*ret = TAKE(lists, (struct keys_lists){ 0 });
	return r;
}

void
keys_lists_clear(struct keys_lists *lists)
{
	for (size_t i = 0; i < KEYS_SIGNERS_MAX; i++) {
		struct keys_signer *signer = &lists->signers[i];

		buffer_free(&signer->der);
		free(signer->more);
		if (signer->owned)
			pki_key_free(&signer->key);
	}
	pki_crls_clear(&lists->found);
	*lists = (struct keys_lists){ 0 };
}

const struct pki_crl *
keys_lists_of(const struct keys_lists *lists, size_t signer)
{
	for (size_t i = 0; i < lists->found.n; i++) {
		if (is_from(&lists->found.lists[i], &lists->signers[signer].der))
			return &lists->found.lists[i];
	}
	return NULL;
}

int
keys_lists_revoke(
	struct keys_lists *lists, size_t signer, const struct pki_crl_entry *entry)
{
	struct keys_signer *s = &lists->signers[signer];
	struct pki_crl_entry *more = reallocarray(
		s->more, s->n_more + 1, sizeof(*s->more));

	if (!more)
		return keys_fail(EX_OSERR, "no memory");
	s->more = more;
	s->more[s->n_more++] = *entry;
	return 0;
}
