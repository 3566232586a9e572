// SPDX-License-Identifier: ISC
/*
 * What files and sets of files have in common, inside this room.
 */
#ifndef PKI_FILE_PARTS_H
#define PKI_FILE_PARTS_H

#include <stddef.h>

enum { PKI_RANDOM_NAME = 16 }; /* hexadecimal digits */

/* The prefix, and random digits behind it. 0 or -EIO. */
int pki_random_name(const char *prefix, size_t size, char *ret);

/* Opens the folder that holds name; *ret_base is the last part of name. The descriptor,
 * or a negative errno. */
int pki_folder_of(int directory, const char *name, const char **ret_base);

/* Syncs that folder. */
int pki_folder_sync_of(int directory, const char *name);

/* Writes a file of mode 0600 where there is none yet, and syncs it; on failure it is
 * gone.
 */
int pki_file_create(int folder, const char *name, const void *data, size_t len);

#endif
