// SPDX-License-Identifier: ISC
/*
 * `list`: the certificates of a folder, one a line, or as JSON. A damaged file is named,
 * and the others are listed all the same; the first fault is answered at the end.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/calendar.h"
#include "base/cleanup.h"
#include "keys/certificate.h"
#include "keys/commands.h"
#include "keys/old.h"
#include "keys/put.h"
#include "keys/report.h"
#include "keys/revoked.h"

struct row {
	char *path;
	struct keys_certificate c;
	const struct pki_crl_entry *revoked;
	size_t place; /* in the order of the names */
};

struct table {
	const struct keys_folder *folder;
	struct pki_crls crls;
	struct row *rows;
	size_t n;
	size_t found; /* files, damaged ones as well */
	int status;
};

static void
table_clear(struct table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->rows[i].path);
		keys_certificate_clear(&t->rows[i].c);
	}
	free(t->rows);
	pki_crls_clear(&t->crls);
}

static void
note(struct table *t, int status)
{
	if (t->status == 0)
		t->status = status;
}

/* Takes the certificate, whatever becomes of it. */
static void
add_row(struct table *t, const char *path, const struct pki_chain *chain,
	struct keys_certificate *c)
{
	struct row *more = reallocarray(t->rows, t->n + 1, sizeof(*t->rows));
	char *kept = strdup(path);

	if (more)
		t->rows = more;
	if (!more || !kept) {
		free(kept);
		note(t, keys_fail(EX_OSERR, "no memory"));
		return;
	}
	t->rows[t->n] = (struct row){ .path = kept, .place = t->n };
	t->rows[t->n].c = TAKE(*c, (struct keys_certificate){ 0 });
	t->rows[t->n].revoked = keys_revoked_find(
		&t->crls, &chain->der[0], &t->rows[t->n].c.id);
	t->n++;
}

/* Adds the first certificate of a file, where there is such a file. A name that a killed
 * command has left, and that leads nowhere, is none. */
static void
add_file(struct table *t, const char *path)
{
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	CLEANUP(pki_chain_clear) struct pki_chain chain = { 0 };
	CLEANUP(keys_certificate_clear) struct keys_certificate c = { 0 };
	int r;

	if (faccessat(t->folder->fd, path, F_OK, 0) < 0 && errno == ENOENT)
		return;
	t->found++;
	r = keys_certificate_load(t->folder, path, &pem, &chain, &c);
	if (r == 0)
		add_row(t, path, &chain, &c);
	else
		note(t, r);
}

/* Adds below/ENTRY and suffix for every entry of a folder. */
static void
add_folder(struct table *t, const char *below, const char *suffix)
{
	CLEANUP(keys_entries_clear) struct keys_entries entries = { 0 };
	int r = keys_folder_list(t->folder, below, &entries);

	if (r != 0)
		note(t, r);
	for (int i = 0; i < entries.n; i++) {
		char path[KEYS_PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s%s", below, entries.list[i]->d_name,
			suffix);
		add_file(t, path);
	}
}

static int
add_old(void *context, const char *path, const struct buffer *pem)
{
	(void)pem;
	add_file(context, path);
	return 0;
}

static void
add_all_old(struct table *t)
{
	CLEANUP(keys_entries_clear) struct keys_entries clients = { 0 };
	CLEANUP(keys_entries_clear) struct keys_entries cas = { 0 };
	char whose[KEYS_PATH_MAX];

	note(t, keys_old_each(t->folder, (struct keys_old){ NULL, "ca" }, add_old, t));
	note(t, keys_old_each(
			t->folder, (struct keys_old){ NULL, "server" }, add_old, t));
	note(t, keys_folder_list(t->folder, "cas", &cas));
	for (int i = 0; i < cas.n; i++)
		note(t, keys_old_each(t->folder,
				(struct keys_old){ cas.list[i]->d_name, "ca" }, add_old,
				t));
	note(t, keys_folder_list(t->folder, KEYS_OLD "/clients", &clients));
	for (int i = 0; i < clients.n; i++) {
		snprintf(whose, sizeof(whose), "clients/%s", clients.list[i]->d_name);
		note(t, keys_old_each(
				t->folder, (struct keys_old){ NULL, whose }, add_old, t));
	}
}

static int
order_of_expiry(const void *a, const void *b)
{
	const struct row *x = a;
	const struct row *y = b;

	if (x->c.id.not_after != y->c.id.not_after)
		return x->c.id.not_after < y->c.id.not_after ? -1 : 1;
	return x->place < y->place ? -1 : 1;
}

static void
put_row(const struct row *row)
{
	const struct keys_certificate *c = &row->c;
	struct calendar until;

	calendar_of(c->id.not_after, &until);
	printf("%04d-%02d-%02d  %-13s  %-6s  ", until.year, until.month, until.day,
		keys_state_name(keys_certificate_state(c, row->revoked)),
		keys_certificate_purpose(c));
	keys_put_escaped(row->path);
	fputs("  ", stdout);
	if (keys_certificate_has_users(c))
		keys_put_names(c);
	else
		keys_put_escaped(*c->what.others ? c->what.others : c->what.subject);
	putchar('\n');
}

static int
put_json(const struct table *t)
{
	putchar('[');
	for (size_t i = 0; i < t->n; i++) {
		CLEANUP(buffer_free) struct buffer line = { 0 };
		const struct row *row = &t->rows[i];

		if (keys_certificate_json(&line, row->path, &row->c, row->revoked) < 0)
			return keys_fail(EX_OSERR, "no memory");
		printf("%s%.*s}", i > 0 ? ",\n " : "", (int)buffer_len(&line),
			buffer_data(&line));
	}
	puts("]");
	return 0;
}

static void
put_table(const struct keys_options *o, struct table *t)
{
	if (o->by_expiry && t->n > 0)
		qsort(t->rows, t->n, sizeof(*t->rows), order_of_expiry);
	if (o->json) {
		note(t, put_json(t));
		return;
	}
	for (size_t i = 0; i < t->n; i++)
		put_row(&t->rows[i]);
}

int
keys_list(const struct keys_options *o)
{
	CLEANUP(keys_folder_close) struct keys_folder folder = { .fd = -1 };
	CLEANUP(table_clear) struct table t = { .folder = &folder };
	int status = keys_folder_open(o->dir, false, &folder);

	if (status != 0)
		return status;
	note(&t, keys_revoked_load(&folder, &t.crls));
	add_file(&t, "ca.pem");
	add_file(&t, "server.pem");
	add_file(&t, "server/server.pem");
	add_folder(&t, "cas", "/ca.pem");
	add_folder(&t, "clients", "/cert.pem");
	add_folder(&t, "server/pins", "");
	if (o->all)
		add_all_old(&t);
	if (t.status == 0 && t.found == 0)
		return keys_fail(EX_NOINPUT,
			"the folder %s holds no certificates: postern-keys init or pair "
			"makes them",
			o->dir);
	put_table(o, &t);
	return t.status;
}
