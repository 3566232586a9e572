// SPDX-License-Identifier: ISC
/*
 * Paths are read by smtp/address.h in its loose form, so that what a server of ours takes
 * in its classic voice, any server takes from this client. Nothing is owned.
 */
#include "client/mend.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/text.h"
#include "smtp/address.h"

static const char *const plain_verbs[] = { "HELO", "EHLO", "AUTH", "DATA", "RSET", "QUIT",
	"NOOP", "HELP", "VRFY", "EXPN", "BDAT", "STARTTLS" };

static size_t
word_length(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[n] != ' ' && text[n] != '\t')
		n++;
	return n;
}

static void
trim(const char **line, size_t *len)
{
	while (*len > 0 && (**line == ' ' || **line == '\t')) {
		(*line)++;
		(*len)--;
	}
	while (*len > 0 && ((*line)[*len - 1] == ' ' || (*line)[*len - 1] == '\t'))
		(*len)--;
}

/* A path is complete only with its domain, which nobody here knows. */
static bool
names_domain(const char *text, size_t len)
{
	return memchr(text, '@', len) || memmem(text, len, "<>", 2);
}

/* "mail from ...": 1 where it is mended, 0 where it is nothing of the kind. */
static int
mend_path(struct buffer *b, const char *line, size_t len, const char *verb,
	const char *word, enum smtp_path_kind kind)
{
	struct smtp_path path;
	size_t n = strlen(verb);
	const char *p = line + n;
	const char *end = line + len;

	if (!text_begins(line, len, verb) || p == end || (*p != ' ' && *p != '\t'))
		return 0;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	if (!text_begins(p, (size_t)(end - p), word))
		return 0;
	p += strlen(word);
	if (p == end || !strchr(" \t:<", *p) || !names_domain(p, (size_t)(end - p)))
		return 0;
	if (smtp_path_parse(p, (size_t)(end - p), kind, true, "", &path) < 0)
		return 0;
	if (buffer_printf(b, "%s %s:<%s>", verb, word, path.address) < 0)
		return -ENOMEM;
	if (path.rest_len > 0 && (buffer_puts(b, " ") < 0 ||
					 buffer_append(b, path.rest, path.rest_len) < 0))
		return -ENOMEM;
	return 1;
}

/* " plain =": a mechanism's name is in upper case (RFC 4422 section 3.1). */
static int
mend_mechanism(struct buffer *b, const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && (text[n] == ' ' || text[n] == '\t'))
		n++;
	n += word_length(text + n, len - n);
	for (size_t i = 0; i < n; i++) {
		bool lower = text[i] >= 'a' && text[i] <= 'z';
		char c = lower ? (char)(text[i] - 'a' + 'A') : text[i];

		if (buffer_append(b, &c, 1) < 0)
			return -ENOMEM;
	}
	return buffer_append(b, text + n, len - n);
}

static int
mend_verb(struct buffer *b, const char *line, size_t len)
{
	size_t n = word_length(line, len);

	for (size_t i = 0; i < sizeof plain_verbs / sizeof *plain_verbs; i++) {
		if (!text_equal(line, n, plain_verbs[i]))
			continue;
		if (buffer_puts(b, plain_verbs[i]) < 0)
			return -ENOMEM;
		if (strcmp(plain_verbs[i], "AUTH") == 0)
			return mend_mechanism(b, line + n, len - n);
		return buffer_append(b, line + n, len - n);
	}
	return buffer_append(b, line, len);
}

int
client_mend(struct buffer *b, const char *line, size_t len)
{
	int r;

	trim(&line, &len);
	r = mend_path(b, line, len, "MAIL", "FROM", SMTP_PATH_REVERSE);
	if (r == 0)
		r = mend_path(b, line, len, "RCPT", "TO", SMTP_PATH_FORWARD);
	if (r != 0)
		return r < 0 ? r : 0;
	return mend_verb(b, line, len);
}

size_t
client_mask_said(const char *line, size_t len)
{
	const char *p = line;
	size_t left = len;
	size_t n;

	trim(&p, &left);
	n = word_length(p, left);
	if (text_equal(p, n, "XENROL"))
		return n == left ? len : (size_t)(p + n - line) + 1;
	if (!text_equal(p, n, "AUTH"))
		return len;
	while (n < left && (p[n] == ' ' || p[n] == '\t'))
		n++;
	n += word_length(p + n, left - n);
	/* "=" is an empty response, and EXTERNAL's is a name. */
	if (n == left || text_begins(p, left, "AUTH EXTERNAL"))
		return len;
	return (size_t)(p + n - line) + 1;
}

size_t
client_mask_heard(const char *line, size_t len)
{
	const char *colon;

	if (!text_begins(line, len, "330"))
		return len;
	colon = memrchr(line, ':', len);
	return colon ? (size_t)(colon - line) + 1 : 3;
}
