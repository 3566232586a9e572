// SPDX-License-Identifier: ISC
/*
 * A mail directory for each test, what is in it, and messages to put there. Included by
 * one test program each, behind its own headers.
 */
#ifndef SPOOL_FIXTURE_H
#define SPOOL_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "config/file.h"
#include "spool/message.h"
#include "spool/private.h"

static char *root;

static struct {
	int files;
	char last[4096];
	struct stat st;
} found;

static inline int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline int
make_root(void **state)
{
	static char path[] = P_tmpdir "/postern-spool.XXXXXX";

	(void)state;
	strcpy(path + strlen(path) - 6, "XXXXXX");
	root = mkdtemp(path);
	return root ? 0 : -1;
}

static inline int
remove_root(void **state)
{
	(void)state;
	return nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static inline const char *
in_root(const char *rest)
{
	static char paths[4][512];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", root, rest);
	return path;
}

static inline int
count_file(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)type;
	(void)at;
	if (!S_ISREG(st->st_mode))
		return 0;
	found.files++;
	found.st = *st;
	snprintf(found.last, sizeof(found.last), "%s", path);
	return 0;
}

/* Regular files at or below path in the root; found is of the last one. */
static inline int
count(const char *path)
{
	memset(&found, 0, sizeof(found));
	nftw(in_root(path), count_file, 16, FTW_PHYS);
	return found.files;
}

static inline struct spool_message *
open_message(bool named)
{
	struct spool_message *m = NULL;

	assert_int_equal(spool_message_open_as(root, "id1", named, &m), 0);
	return m;
}

static inline int
deliver(struct spool_message *m, const char *a, const char *b, const char *c)
{
	const char *const recipients[] = { a, b, c };

	return spool_message_deliver(m, recipients, c ? 3 : b ? 2 : 1);
}

static inline void
assert_content(const char *path, const char *expected, size_t len)
{
	struct buffer text CLEANUP(buffer_free) = { 0 };

	assert_int_equal(config_file_read(path, &text), 0);
	assert_int_equal(buffer_len(&text), len);
	assert_memory_equal(buffer_data(&text), expected, len);
}

static inline void
assert_mode(const char *path, mode_t mode)
{
	struct stat st;

	assert_int_equal(lstat(in_root(path), &st), 0);
	assert_int_equal(st.st_mode, mode);
}

#define IN_ROOT(f) cmocka_unit_test_setup_teardown(f, make_root, remove_root)

#endif
