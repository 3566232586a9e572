// SPDX-License-Identifier: ISC
/*
 * Owners and modes, read off along the way to each path. A folder is said once, whatever
 * lies below it. A path that is not there is passed over: others say that.
 */
#include "ctl/check.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { PATH_SIZE = 4096, ENTRY_SIZE = 4096, FOLDERS_MAX = 64 };

struct looking {
	const struct config *config;
	struct ctl_findings *findings;
	const char *key;
	uid_t service;
	char *seen[FOLDERS_MAX]; /* folders that were looked at */
	size_t n;
	bool wrong;
};

static void
looking_clear(struct looking *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->seen[i]);
}

/* Whether the folder was looked at before; from now on it was. */
static bool
was_seen(struct looking *l, const char *path)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->seen[i], path) == 0)
			return true;
	if (l->n < FOLDERS_MAX) {
		char *copy = strdup(path);

		if (copy)
			l->seen[l->n++] = copy;
	}
	return false;
}

static void
check_owner(struct looking *l, const char *path, const struct stat *st)
{
	struct passwd entry, *pw = NULL;
	char owner[32], room[ENTRY_SIZE];

	if (st->st_uid == 0 || st->st_uid == l->service)
		return;
	if (getpwuid_r(st->st_uid, &entry, room, sizeof(room), &pw) != 0)
		pw = NULL;
	snprintf(owner, sizeof(owner), "uid %u", (unsigned)st->st_uid);
	l->wrong = true;
	ctl_finding_remedy(l->findings, "chown %s %s",
		S_ISDIR(st->st_mode) ? "root" : l->config->user, path);
	ctl_finding_add(l->findings, CTL_ERROR, l->key,
		"%s belongs to %s, who is neither root nor %s", path,
		pw ? pw->pw_name : owner, l->config->user);
}

static void
check_folder(struct looking *l, const char *path)
{
	struct stat st;

	if (was_seen(l, path) || stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return;
	check_owner(l, path, &st);
	if (!(st.st_mode & S_IWOTH) || (st.st_mode & S_ISVTX))
		return;
	l->wrong = true;
	ctl_finding_remedy(l->findings, "chmod o-w %s", path);
	ctl_finding_add(l->findings, CTL_ERROR, l->key,
		"%s (mode %04o): anybody can put something else in the place of what "
		"lies in it",
		path, (unsigned)st.st_mode & 07777);
}

/* The folders above, from the root on. */
static void
check_way(struct looking *l, const char *path)
{
	char room[PATH_SIZE];

	if (*path != '/' || snprintf(room, PATH_SIZE, "%s", path) >= PATH_SIZE)
		return;
	check_folder(l, "/");
	for (char *slash = strchr(room + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		check_folder(l, room);
		*slash = '/';
	}
}

/* The way as it is written, and, behind symbolic links, as it is. */
static void
check_one(struct looking *l, const char *key, const char *path)
{
	CLEANUP_FREE char *real = path ? realpath(path, NULL) : NULL;
	struct stat st;

	l->key = key;
	if (!path)
		return;
	check_way(l, path);
	if (!real)
		return;
	if (strcmp(real, path) != 0)
		check_way(l, real);
	if (stat(real, &st) == 0 && (!S_ISDIR(st.st_mode) || !was_seen(l, real)))
		check_owner(l, real, &st);
}

static void
check_configuration(struct looking *l, const char *path)
{
	struct stat st;

	check_one(l, "configuration", path);
	if (stat(path, &st) < 0 || !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return;
	l->wrong = true;
	ctl_finding_remedy(l->findings, "chmod go-w %s", path);
	ctl_finding_add(l->findings, CTL_ERROR, "configuration",
		"%s (mode %04o) can be written by others", path,
		(unsigned)st.st_mode & 07777);
}

void
ctl_check_trust(const struct config *config, const char *file, struct ctl_findings *f)
{
	CLEANUP(looking_clear) struct looking l = { .config = config, .findings = f };
	const struct passwd *pw = getpwnam(config->user);
	bool tls = config->tls != CONFIG_TLS_OFF;

	if (!pw)
		return;
	l.service = pw->pw_uid;
	check_configuration(&l, file ? file : CONFIG_DEFAULT_PATH);
	check_one(&l, "tls_key", tls ? config->tls_key : NULL);
	check_one(&l, "tls_cert", tls ? config->tls_cert : NULL);
	check_one(&l, "tls_ca", tls ? config->tls_ca : NULL);
	check_one(&l, "tls_crl", tls ? config->tls_crl : NULL);
	check_one(&l, "tls_pins", tls ? config->tls_pins : NULL);
	check_one(&l, "users", config->users);
	check_one(&l, "deliver", config->mail);
	check_one(&l, "run", config->run);
	if (!l.wrong)
		ctl_finding_add(f, CTL_FINE, "owners",
			"nobody but root and %s can change what is served by",
			config->user);
}
