// SPDX-License-Identifier: ISC
/*
 * Small files read and written whole: certificates, keys, pins. Each call answers 0 or a
 * negative errno, and leaves no file half written behind.
 */
#ifndef PKI_FILE_H
#define PKI_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* Reads a regular file of at most max bytes, relative to directory (or AT_FDCWD), behind
 * what *ret holds. -EFBIG for a longer one, -EINVAL for what is no regular file. */
int pki_file_read(int directory, const char *name, size_t max, struct buffer *ret);

/* Writes a new file of mode 0600 in the folder of name, under another name first: what is
 * there under its own is whole and on disk. Where the name is taken: -EEXIST, or with
 * replace the old file makes room for the new one in one step. */
int pki_file_write(
	int directory, const char *name, const void *data, size_t len, bool replace);

struct pki_file {
	const char *name;
	const void *data;
	size_t len;
};

/* Writes n files that belong together, each as pki_file_write does: every one of them is
 * on disk before the first gets its name. On failure *ret_failed is the one that could
 * not be written; without replace none is there then. */
int pki_files_write(int directory, const struct pki_file *files, size_t n, bool replace,
	size_t *ret_failed);

/* Makes a folder of mode 0700; one that is there already stays as it is. -ENOTDIR where
 * something else has the name. */
int pki_folder_make(int directory, const char *name);

#endif
