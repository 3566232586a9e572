// SPDX-License-Identifier: ISC
/*
 * What the tests of auth/ share: a directory of their own, a configuration for it, and a
 * store written by hand.
 */
#ifndef AUTH_FIXTURE_H
#define AUTH_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/line.h"
#include "auth/password.h"
#include "auth/store.h"
#include "auth/update.h"
#include "config/config.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A fast password of everybody's; nobody chose it. */
#define PASSWORD "open sesame"
enum { PASSWORD_ROUNDS = 2 };

struct fixture {
	char dir[128];
	char users[160];
	struct config *config;
};

static inline struct config *
fixture_config(const char *users, const char *const *more, size_t n)
{
	char users_is[256], *overrides[16];
	struct buffer faults = { 0 };
	struct config *config = NULL;

	snprintf(users_is, sizeof(users_is), "users=%s", users);
	overrides[0] = users_is;
	overrides[1] = (char *)"hostname=447.edu";
	overrides[2] = (char *)"domains=447.edu other.example";
	for (size_t i = 0; i < n; i++)
		overrides[3 + i] = (char *)more[i];
	if (config_load(NULL, overrides, 3 + n, &config, &faults) < 0)
		fail_msg("%s", buffer_string(&faults));
	buffer_free(&faults);
	return config;
}

static inline int
fixture_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");

	if (!f)
		return -1;
	snprintf(f->dir, sizeof(f->dir), "%.100s/auth-XXXXXX", tmp ? tmp : P_tmpdir);
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->users, sizeof(f->users), "%s/users", f->dir);
	f->config = fixture_config(f->users, NULL, 0);
	*state = f;
	return 0;
}

/* Another configuration for the same store. */
static inline void
fixture_set(struct fixture *f, const char *const *more, size_t n)
{
	config_free(f->config);
	f->config = fixture_config(f->users, more, n);
}

static inline int
fixture_remove(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static inline int
fixture_down(void **state)
{
	struct fixture *f = *state;

	nftw(f->dir, fixture_remove, 8, FTW_DEPTH | FTW_PHYS);
	config_free(f->config);
	free(f);
	return 0;
}

static inline void
write_file(const char *path, const void *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	close(fd);
}

/* The file as a string; the caller frees it. */
static inline char *
read_file(const char *path, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *text;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	text = malloc((size_t)st.st_size + 1);
	assert_non_null(text);
	assert_int_equal(read(fd, text, (size_t)st.st_size), st.st_size);
	text[st.st_size] = '\0';
	if (ret_len)
		*ret_len = (size_t)st.st_size;
	close(fd);
	return text;
}

/* How many names the directory has. */
static inline size_t
count_entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	size_t n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

static inline void
line_set(struct buffer *line, const char *field, const char *value)
{
	assert_int_equal(auth_line_set(line, field, value), 0);
}

/* Stores a user with PASSWORD, and a field more where that is not NULL. */
static inline void
add_user(const char *users, const char *name, const char *field, const char *value)
{
	struct auth_credentials c;
	struct auth_update *u = NULL;
	struct buffer line = { 0 };

	assert_int_equal(auth_password_derive(PASSWORD, PASSWORD_ROUNDS, &c), 0);
	assert_int_equal(auth_update_begin(users, AUTH_WAIT_SERVICE, &u), 0);
	assert_int_equal(buffer_printf(&line, "u %s", name), 0);
	assert_int_equal(auth_line_set_credentials(&line, &c), 0);
	if (field)
		line_set(&line, field, value);
	assert_int_equal(auth_update_put(u, buffer_data(&line), buffer_len(&line)), 0);
	assert_int_equal(auth_update_commit(u), 0);
	auth_update_free(u);
	buffer_free(&line);
}

/* Puts one line into the store. */
static inline void
add_line(const char *users, const char *line)
{
	struct auth_update *u = NULL;

	assert_int_equal(auth_update_begin(users, AUTH_WAIT_SERVICE, &u), 0);
	assert_int_equal(auth_update_put(u, line, strlen(line)), 0);
	assert_int_equal(auth_update_commit(u), 0);
	auth_update_free(u);
}

/* As find_user, for any kind of line. */
static inline int
find_line(const char *users, char type, const char *word, struct buffer *line)
{
	struct auth_store *s = NULL;
	int r = auth_store_open(users, &s);

	assert_int_equal(r, 0);
	r = auth_store_find(s, type, word, line);
	auth_store_free(s);
	return r;
}

/* What auth_store_find answers in a store opened for it; *ret_damage may be NULL. */
static inline int
find_user(const char *users, const char *name, struct buffer *line, size_t *ret_damage)
{
	struct auth_store *s = NULL;
	int r = auth_store_open(users, &s);

	assert_int_equal(r, 0);
	r = auth_store_find(s, 'u', name, line);
	if (ret_damage)
		*ret_damage = auth_store_damage(s);
	auth_store_free(s);
	return r;
}

#endif
