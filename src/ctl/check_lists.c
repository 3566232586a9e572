// SPDX-License-Identifier: ISC
/*
 * Revocation lists: how long they hold, and which CA that the configuration's files show
 * has none. What cannot be read is passed over: the check of the whole says it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/calendar.h"
#include "base/cleanup.h"
#include "ctl/check.h"
#include "pki/crl.h"
#include "pki/describe.h"
#include "pki/file.h"

enum { DAY = 24 * 3600, LIST_DAYS = 7, FILE_MAX = 1 << 20 };

#define REMEDY                                                                           \
	"postern-keys crl --dir DIR, and install -o root -g postern -m 0640 "            \
	"DIR/crl.pem %s"

static void
check_list(const char *path, const struct pki_crl *list, size_t number, int64_t now,
	struct ctl_findings *f)
{
	char day[CALENDAR_STAMP_SIZE];
	int64_t left = list->next_update - now;

	calendar_day(list->next_update, day);
	if (left < LIST_DAYS * DAY || list->this_update > now)
		ctl_finding_remedy(f, REMEDY, path);
	if (list->this_update > now)
		ctl_finding_add(f, CTL_ERROR, "tls_crl",
			"list %zu of %s is of the future", number, path);
	else if (left <= 0)
		ctl_finding_add(f, CTL_ERROR, "tls_crl",
			"list %zu of %s was to be replaced by %s: nobody gets in", number,
			path, day);
	else if (left < LIST_DAYS * DAY)
		ctl_finding_add(f, CTL_WARNING, "tls_crl",
			"list %zu of %s has to be replaced by %s", number, path, day);
	else
		ctl_finding_add(f, CTL_FINE, "tls_crl",
			"list %zu of %s, with %zu %s, is current until %s", number, path,
			list->n_entries, list->n_entries == 1 ? "entry" : "entries", day);
}

/* The certificates of a file; none where it cannot be read, which others say. */
static void
read_chain(const char *path, struct pki_chain *ret)
{
	CLEANUP(buffer_free) struct buffer pem = { 0 };

	if (!path || pki_file_read(AT_FDCWD, path, FILE_MAX, &pem) < 0 ||
		pki_chain_read(buffer_data(&pem), buffer_len(&pem), ret) < 0)
		*ret = (struct pki_chain){ 0 };
}

static bool
has_list(const struct pki_crls *lists, const struct buffer *ca)
{
	for (size_t i = 0; i < lists->n; i++)
		if (pki_crl_is_from(&lists->lists[i], buffer_data(ca), buffer_len(ca)))
			return true;
	return false;
}

/* A CA below another needs a list of its own; those of tls_ca the server insists on. */
static void
check_cas(const struct config *config, const char *key, const char *path,
	const struct pki_crls *lists, struct ctl_findings *f)
{
	CLEANUP(pki_chain_clear) struct pki_chain chain = { 0 };

	read_chain(path, &chain);
	for (size_t i = 0; i < chain.n; i++) {
		const struct buffer *der = &chain.der[i];
		CLEANUP(pki_description_clear) struct pki_description what = { 0 };

		if (pki_describe(buffer_data(der), buffer_len(der), &what) < 0 ||
			!what.is_ca || has_list(lists, der))
			continue;
		ctl_finding_remedy(f,
			"postern-keys crl --dir cas/NAME, and append its crl.pem to %s",
			config->tls_crl);
		ctl_finding_add(f, CTL_WARNING, "tls_crl",
			"%s has no list signed by %s, a CA of %s: clients below it are "
			"refused",
			config->tls_crl, what.subject ? what.subject : "", key);
	}
}

static void
check_pinned_cas(
	const struct config *config, const struct pki_crls *lists, struct ctl_findings *f)
{
	DIR *dir = config->tls_pins ? opendir(config->tls_pins) : NULL;
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		CLEANUP_FREE char *path = NULL;

		if (entry->d_name[0] == '.' ||
			asprintf(&path, "%s/%s", config->tls_pins, entry->d_name) < 0)
			continue;
		check_cas(config, "tls_pins", path, lists, f);
	}
	if (dir)
		closedir(dir);
}

void
ctl_check_lists(const struct config *config, int64_t now, struct ctl_findings *f)
{
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	CLEANUP(pki_crls_clear) struct pki_crls lists = { 0 };

	if (!config->tls_crl) {
		if (config->tls_ca)
			ctl_finding_add(f, CTL_FINE, "tls_crl",
				"none: nobody can be revoked by list; see tls_crl in "
				"postern.conf(5)");
		return;
	}
	/* What cannot be read was said of the whole. */
	if (pki_file_read(AT_FDCWD, config->tls_crl, PKI_CRL_FILE_MAX, &pem) < 0 ||
		pki_crls_read(buffer_data(&pem), buffer_len(&pem), &lists) < 0 ||
		lists.n == 0)
		return;
	for (size_t i = 0; i < lists.n; i++)
		check_list(config->tls_crl, &lists.lists[i], i + 1, now, f);
	check_cas(config, "tls_cert", config->tls_cert, &lists, f);
	check_pinned_cas(config, &lists, f);
}
