// SPDX-License-Identifier: ISC
/*
 * The files of an enrolment, all in the folder of the configuration: the key is on disk
 * before the server is asked, under a name of its own, so that a key that it has taken is
 * never lost; it gets its name, and what belongs to it is written, in one step once it
 * has. Of two runs in one folder the second is refused. Calls answer 0, or a negative
 * number with fault set.
 */
#ifndef CLIENT_ENROL_FILES_H
#define CLIENT_ENROL_FILES_H

#include <stdbool.h>

#include "base/buffer.h"
#include "client/fault.h"

/* What an earlier run may have left. */
enum client_enrol_left {
	CLIENT_ENROL_NOTHING,
	CLIENT_ENROL_STAGED, /* a key that the server may have taken */
	CLIENT_ENROL_PLACED, /* a pair without a configuration */
};

struct client_enrol_files {
	char *path;       /* of the configuration */
	const char *name; /* its last part */
	int folder;       /* where it lies, locked, or -1 */
	bool staged;      /* the key goes again where nothing comes of it */
	enum client_enrol_left left;
};

/* Opens the folder of the configuration at path, or at ~/.config/postern/client.conf
 * where that is NULL, and makes it where it is not there; tidies up behind a run that was
 * killed. A configuration, key, certificate or CA that is there already is a fault unless
 * force says to replace it, or ret->left tells of it. The caller ends *ret with
 * client_enrol_files_close in either case. */
int client_enrol_files_open(const char *path, bool force, struct client_enrol_files *ret,
	struct client_fault *fault);

/* Reads what f->left tells of, as PEM: the key, and of a pair the certificate. A key that
 * was left and is none is CLIENT_ENROL_NOTHING from then on. */
int client_enrol_files_read(struct client_enrol_files *f, struct buffer *key,
	struct buffer *cert, struct client_fault *fault);

/* The fault that a pair is there already. */
int client_enrol_files_taken(
	const struct client_enrol_files *f, struct client_fault *fault);

/* Writes the key, PEM, beside the place it is for. */
int client_enrol_files_stage(struct client_enrol_files *f, const struct buffer *key,
	struct client_fault *fault);

/* What is to be in the places: PEM and the configuration; an empty ca is none. */
struct client_enrol_set {
	const struct buffer *key, *cert, *ca, *conf;
};

/* Puts all of it there in one step, and takes the staged key away in the same. */
int client_enrol_files_commit(struct client_enrol_files *f,
	const struct client_enrol_set *set, struct client_fault *fault);

/* Leaves a key that may have been taken where it is. */
void client_enrol_files_keep(struct client_enrol_files *f);

/* Removes what is not in its place. */
void client_enrol_files_close(struct client_enrol_files *f);

#endif
