// SPDX-License-Identifier: ISC
/*
 * A parser for the beginning of the field alone, which gives up at the first byte that
 * the grammar does not have there: a reader who is less strict could find our name behind
 * it. Owns nothing; the one fault is -ENOMEM.
 */
#include "smtp/authres.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "smtp/fold.h"

enum { ID_SIZE = 256 };

struct cursor {
	const char *at;
	const char *end;
};

/* A local part with a dot out of place has to be quoted (RFC 5321 section 4.1.2); no
 * other byte of a user's name does. */
static bool
needs_quotes(const char *local, size_t len)
{
	return len == 0 || local[0] == '.' || local[len - 1] == '.' ||
	       memmem(local, len, "..", 2);
}

static void
fold_user(struct smtp_fold *f, const char *user)
{
	char clean[SMTP_FOLD_CLEAN_SIZE], word[SMTP_FOLD_CLEAN_SIZE + 16];
	size_t local;
	const char *quote;

	smtp_fold_clean(user, clean);
	local = strcspn(clean, "@");
	quote = needs_quotes(clean, local) ? "\"" : "";
	snprintf(word, sizeof(word), "smtp.auth=%s%.*s%s%s", quote, (int)local, clean,
		quote, clean + local);
	smtp_fold_word(f, word);
}

int
smtp_authres_append(struct buffer *b, const struct smtp_authres *a)
{
	char clean[SMTP_FOLD_CLEAN_SIZE], word[SMTP_FOLD_CLEAN_SIZE + 16];
	struct smtp_fold f = { .b = b, .crlf = a->crlf };

	smtp_fold_pair(&f, "Authentication-Results:", a->hostname, ";");
	smtp_fold_word(&f, "auth=pass");
	smtp_fold_clean(a->mechanism, clean);
	snprintf(word, sizeof(word), "(%s)", clean);
	smtp_fold_word(&f, word);
	fold_user(&f, a->user);
	if (a->device) {
		smtp_fold_clean(a->device, clean);
		snprintf(word, sizeof(word), "policy.device=%s", clean);
		smtp_fold_word(&f, word);
	}
	return smtp_fold_end(&f);
}

static int
peek(const struct cursor *c)
{
	return c->at < c->end ? (unsigned char)*c->at : -1;
}

/* The rest of a comment, the parenthesis that opens it taken; they nest. */
static bool
skip_comment(struct cursor *c)
{
	for (unsigned depth = 1; depth > 0; c->at++) {
		if (peek(c) == '\\')
			c->at++;
		else if (peek(c) == '(')
			depth++;
		else if (peek(c) == ')')
			depth--;
		if (c->at >= c->end)
			return false;
	}
	return true;
}

/* CFWS of RFC 5322 section 3.2.2, or nothing. */
static bool
skip_blanks(struct cursor *c)
{
	for (;;) {
		int next = peek(c);

		if (next == '(') {
			c->at++;
			if (!skip_comment(c))
				return false;
		} else if (next == ' ' || next == '\t' || next == '\r' || next == '\n') {
			c->at++;
		} else {
			return true;
		}
	}
}

/* A byte of a token (RFC 2045 section 5.1). */
static bool
is_token(int c)
{
	return c > ' ' && c <= '~' && !strchr("()<>@,;:\\\"/[]?=", c);
}

/* The authserv-id as a string; one in quotes must be made of the same bytes, since
 * nobody's name needs others. */
static bool
take_id(struct cursor *c, char id[static ID_SIZE])
{
	bool quoted = peek(c) == '"';
	size_t n = 0;

	if (quoted)
		c->at++;
	while (n < ID_SIZE - 1) {
		if (quoted && peek(c) == '\\')
			c->at++;
		if (!is_token(peek(c)))
			break;
		id[n++] = *c->at++;
	}
	id[n] = '\0';
	if (quoted && peek(c) != '"')
		return false;
	if (quoted)
		c->at++;
	return n > 0 && !is_token(peek(c));
}

/* A version number that is 1, or none, which means the same. */
static bool
take_version(struct cursor *c)
{
	if (peek(c) == ';')
		return true;
	if (peek(c) != '1')
		return false;
	c->at++;
	return skip_blanks(c) && peek(c) == ';';
}

static bool
is_below(const char *id, size_t len, const char *domain)
{
	size_t n = strlen(domain);

	if (len > n && id[len - n - 1] != '.')
		return false;
	return len >= n && text_equal(id + len - n, n, domain);
}

static bool
is_ours(const char *id, const struct smtp_authres_names *ours)
{
	size_t len = strlen(id);

	/* The root's dot may be written. */
	if (len > 1 && id[len - 1] == '.')
		len--;
	if (text_equal(id, len, ours->hostname))
		return true;
	for (size_t i = 0; i < ours->n_domains; i++)
		if (is_below(id, len, ours->domains[i]))
			return true;
	return false;
}

bool
smtp_authres_is_foreign(
	const char *value, size_t len, const struct smtp_authres_names *ours)
{
	struct cursor c = { .at = value, .end = value + len };
	char id[ID_SIZE];

	if (!skip_blanks(&c) || !take_id(&c, id) || !skip_blanks(&c) || !take_version(&c))
		return false;
	return !is_ours(id, ours);
}
