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

/* The same of an open file, from where it stands. */
int pki_file_read_from(int fd, size_t max, struct buffer *ret);

/* Writes all of it to an open file, and syncs that. */
int pki_file_write_to(int fd, const void *data, size_t len);

/* Writes a new file of mode 0600 in the folder of name, under another name first: what is
 * there under its own is whole and on disk. Where the name is taken: -EEXIST, or with
 * replace the old file makes room for the new one in one step. */
int pki_file_write(
	int directory, const char *name, const void *data, size_t len, bool replace);

/* One file of a set: its name relative to the folder of the set, and what it is to hold;
 * without data it is to be there no longer. */
struct pki_file {
	const char *name;
	const void *data;
	size_t len;
};

/* Exchanges n files that belong together, all in one step: whoever opens them finds all
 * of the old ones or all of the new, and so does everybody after a kill or a crash at
 * whatever moment. Their folders are there already, below directory, where a folder
 * `.set.` and random digits is used meanwhile. Each new file is of mode 0600. Without
 * replace none may be there: -EEXIST. On failure nothing has changed, and *ret_failed is
 * the one that could not be written; names that lead into the folder `.set.` and cannot
 * be given the files themselves are no failure, but left to pki_files_recover. */
int pki_files_write(int directory, const struct pki_file *files, size_t n, bool replace,
	size_t *ret_failed);

/* Tidies up behind those whom a kill kept from it: names that lead into a folder `.set.`
 * get the files themselves. Nobody else may be writing sets here at the same time. */
int pki_files_recover(int directory);

/* Makes a folder of mode 0700; one that is there already stays as it is. -ENOTDIR where
 * something else has the name. */
int pki_folder_make(int directory, const char *name);

#endif
