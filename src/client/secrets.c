// SPDX-License-Identifier: ISC
/*
 * Word by word through the text. What was read is overwritten here; faults are those that
 * the header names.
 */
#include "client/secrets.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/secret.h"
#include "base/text.h"
#include "client/password.h"

struct scan {
	const char *p, *end;
	const char *host, *user;
	bool fits; /* the entry that is being read is for the host */
	char *login, *password;
};

static void
scan_clear(struct scan *s)
{
	free(s->login);
	secret_free(s->password);
}

/* Skips blanks, line ends and comments. */
static void
skip(struct scan *s)
{
	bool line_start = false;

	while (s->p < s->end && strchr(" \t\r\n", *s->p)) {
		line_start = *s->p == '\n';
		s->p++;
		if (line_start && s->p < s->end && *s->p == '#') {
			while (s->p < s->end && *s->p != '\n')
				s->p++;
		}
	}
}

/* The next word: 1, 0 at the end, -EINVAL for an open quote. */
static int
next(struct scan *s, struct buffer *word)
{
	bool quoted;

	buffer_wipe(word);
	skip(s);
	if (s->p == s->end)
		return 0;
	quoted = *s->p == '"';
	s->p += quoted;
	while (s->p < s->end && (quoted ? *s->p != '"' : !strchr(" \t\r\n", *s->p))) {
		if (quoted && *s->p == '\\' && s->p + 1 < s->end)
			s->p++;
		if (*s->p == '\0')
			return -EINVAL;
		if (buffer_append(word, s->p++, 1) < 0)
			return -ENOMEM;
	}
	if (quoted && s->p == s->end)
		return -EINVAL;
	s->p += quoted;
	if (!buffer_string(word))
		return -ENOMEM;
	return 1;
}

/* A macro ends at an empty line. */
static void
skip_macro(struct scan *s)
{
	const char *empty = memmem(s->p, (size_t)(s->end - s->p), "\n\n", 2);

	s->p = empty ? empty + 2 : s->end;
}

/* Whether the entry that has been read is the one. */
static bool
is_found(const struct scan *s)
{
	if (!s->fits || !s->password)
		return false;
	return !s->user || !s->login || client_password_same_user(s->login, s->user);
}

static int
keep(char **field, const struct buffer *word)
{
	secret_free(*field);
	*field = strndup(buffer_data(word), buffer_len(word));
	return *field ? 0 : -ENOMEM;
}

/* A word of an entry, with the word behind it. */
static int
take_pair(struct scan *s, const char *name, struct buffer *value)
{
	int r = next(s, value);

	if (r <= 0)
		return r == 0 ? -EINVAL : r;
	if (strcmp(name, "login") == 0)
		return keep(&s->login, value);
	if (strcmp(name, "password") == 0)
		return keep(&s->password, value);
	if (strcmp(name, "account") == 0)
		return 0;
	if (strcmp(name, "macdef") == 0) {
		skip_macro(s);
		return 0;
	}
	return -EINVAL;
}

static int
begin_entry(struct scan *s, bool any, struct buffer *word)
{
	int r;

	free(s->login);
	secret_free(s->password);
	s->login = s->password = NULL;
	s->fits = any;
	if (any)
		return 0;
	r = next(s, word);
	if (r <= 0)
		return r == 0 ? -EINVAL : r;
	s->fits = text_equal(buffer_data(word), buffer_len(word), s->host);
	return 0;
}

/* 1 once the entry is found, 0 at the end. */
static int
scan(struct scan *s)
{
	CLEANUP(buffer_wipe) struct buffer word = { 0 }, value = { 0 };
	int r;

	while ((r = next(s, &word)) > 0) {
		const char *name = buffer_string(&word);
		bool any = strcmp(name, "default") == 0;

		if (any || strcmp(name, "machine") == 0) {
			if (is_found(s))
				return 1;
			r = begin_entry(s, any, &value);
		} else
			r = take_pair(s, name, &value);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : is_found(s);
}

int
client_secrets_find(const char *text, size_t len, const char *host, const char *user,
	char **ret_login, char **ret_password)
{
	CLEANUP(scan_clear)
	struct scan s = { .p = text, .end = text + len, .host = host, .user = user };
	int r;

	/* The first line may be a comment as well. */
	if (len > 0 && *text == '#') {
		const char *newline = memchr(text, '\n', len);

		s.p = newline ? newline : s.end;
	}
	r = scan(&s);
	if (r > 0) {
		*ret_login = TAKE_PTR(s.login);
		*ret_password = TAKE_PTR(s.password);
	}
	return r;
}
