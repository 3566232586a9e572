// SPDX-License-Identifier: ISC
/*
 * The configuration file as it was read: what stands above all sections, and what in
 * each.
 */
#ifndef CLIENT_SETTINGS_FILE_H
#define CLIENT_SETTINGS_FILE_H

#include <stddef.h>

#include "client/settings.h"

struct client_settings_section {
	char *name;    /* NULL for what stands above all */
	unsigned seen; /* which keys, as bits */
	struct client_settings settings;
};

struct client_settings_file {
	bool found; /* there is such a file */
	struct client_settings_section top;
	struct client_settings_section *sections;
	size_t n;
	char *standard; /* `default`: the section for who names no server; or NULL */
};

/* Reads the file at path; where it is optional it need not be there. 0, or a negative
 * number with fault set. client_settings_file_clear is for both. */
int client_settings_file_read(const char *path, bool optional,
	struct client_settings_file *ret, struct client_fault *fault);
void client_settings_file_clear(struct client_settings_file *f);

#endif
