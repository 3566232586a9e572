// SPDX-License-Identifier: ISC
/*
 * Places in the file system that walls leave in reach, as rules for host/landlock.h.
 */
#ifndef SMTPD_PLACES_H
#define SMTPD_PLACES_H

#include "config/config.h"
#include "host/landlock.h"

enum { SMTPD_PLACES_MAX = 32 };

/* Zeroed: none. Paths are the caller's, and outlive it. */
struct smtpd_places {
	struct host_landlock_rule rules[SMTPD_PLACES_MAX];
	size_t n;
};

/* The folder that a file lies in; allocated, or NULL without memory. NULL for NULL. */
char *smtpd_places_folder(const char *path);

/* To be read, with all below it; NULL: nothing. */
void smtpd_places_add(struct smtpd_places *p, const char *path);

/* To be written as well. */
void smtpd_places_write(struct smtpd_places *p, const char *path);

/* To be read, and to have programs in it started. */
void smtpd_places_execute(struct smtpd_places *p, const char *path);

/* What a session writes: the user store in its folder, the mail, what instances share. */
void smtpd_places_store(
	struct smtpd_places *p, const struct config *config, const char *folder);

/* Where the dynamic linker looks for libraries, and lies itself. */
void smtpd_places_libraries(struct smtpd_places *p);

#endif
