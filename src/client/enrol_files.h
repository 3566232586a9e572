// SPDX-License-Identifier: ISC
/*
 * The files of an enrolment, all in the folder of the configuration: the key and its
 * certificate are on disk before the server is asked, under names of their own, so that a
 * key that it has taken is never lost; they get their own names, and the configuration is
 * written, once it has. Calls answer 0, or a negative number with fault set.
 */
#ifndef CLIENT_ENROL_FILES_H
#define CLIENT_ENROL_FILES_H

#include <stdbool.h>

#include "base/buffer.h"
#include "client/fault.h"

struct client_enrol_files {
	char *path;       /* of the configuration */
	const char *name; /* its last part */
	int folder;       /* where it lies, or -1 */
	bool staged;
};

/* Opens the folder of the configuration at path, or at ~/.config/postern/client.conf
 * where that is NULL, and makes it where it is not there. A configuration, key,
 * certificate or CA that is there already is a fault unless force says to replace it. The
 * caller ends *ret with client_enrol_files_close in either case. */
int client_enrol_files_open(const char *path, bool force, struct client_enrol_files *ret,
	struct client_fault *fault);

/* Writes key and certificate, PEM, beside the places they are for. */
int client_enrol_files_stage(struct client_enrol_files *f, const struct buffer *key,
	const struct buffer *cert, struct client_fault *fault);

/* Puts them in their places, then ca.pem, unless ca is NULL, and the configuration. */
int client_enrol_files_commit(struct client_enrol_files *f, const struct buffer *conf,
	const struct buffer *ca, struct client_fault *fault);

/* Leaves a key that may have been taken where it is. */
void client_enrol_files_keep(struct client_enrol_files *f);

/* Removes what is not in its place. */
void client_enrol_files_close(struct client_enrol_files *f);

#endif
