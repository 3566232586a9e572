// SPDX-License-Identifier: ISC
/*
 * A list of rules that has room for all that is put into it; nothing is owned. No fault
 * but memory for a folder's name.
 */
#include "smtpd/places.h"

#include <stdlib.h>
#include <string.h>

char *
smtpd_places_folder(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (!path)
		return NULL;
	if (!slash)
		return strdup(".");
	return len == 0 ? strdup("/") : strndup(path, len);
}

static void
put(struct smtpd_places *p, struct host_landlock_rule rule)
{
	if (p->n == SMTPD_PLACES_MAX)
		abort();
	p->rules[p->n++] = rule;
}

void
smtpd_places_add(struct smtpd_places *p, const char *path)
{
	put(p, (struct host_landlock_rule){ .path = path });
}

void
smtpd_places_write(struct smtpd_places *p, const char *path)
{
	put(p, (struct host_landlock_rule){ .path = path, .write = true });
}

void
smtpd_places_execute(struct smtpd_places *p, const char *path)
{
	put(p, (struct host_landlock_rule){ .path = path, .execute = true });
}

void
smtpd_places_store(
	struct smtpd_places *p, const struct config *config, const char *folder)
{
	smtpd_places_write(p, folder);
	smtpd_places_write(p, config->mail);
	smtpd_places_write(p, config->run);
}

void
smtpd_places_libraries(struct smtpd_places *p)
{
	static const char *const FOLDERS[] = { "/usr/lib", "/usr/lib64", "/usr/local/lib",
		"/lib", "/lib64", "/nix/store", "/gnu/store" };

	for (size_t i = 0; i < sizeof FOLDERS / sizeof *FOLDERS; i++)
		smtpd_places_execute(p, FOLDERS[i]);
	smtpd_places_add(p, "/etc/ld.so.cache");
}
