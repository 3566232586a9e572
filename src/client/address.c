// SPDX-License-Identifier: ISC
/*
 * Reads lists of addresses in one pass: comments are skipped, what stands in angle
 * brackets is the address, otherwise the words are. Lists are owned by the caller; faults
 * are those that the header names.
 */
#include "client/address.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "base/utf8.h"
#include "pki/idna.h"
#include "smtp/domain.h"

bool
client_address_fits(const char *text, size_t len)
{
	bool quoted = false;
	uint32_t wide;

	if (len == 0 || len > CLIENT_ADDRESS_MAX || text[0] == '@')
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if ((unsigned char)c >= 0x80) {
			size_t n = utf8_char(text + i, len - i, &wide);

			if (n == 0 || !smtp_name_may_hold(wide))
				return false;
			i += n - 1;
			continue;
		}
		if (c < ' ' || c == 0x7f)
			return false;
		if (c == '"')
			quoted = !quoted;
		else if (!quoted && strchr(" <>()\\,;", c))
			return false;
		else if (c == '\\' && (++i == len || text[i] < ' ' || text[i] >= 0x7f))
			return false;
	}
	return !quoted;
}

int
client_address_in_ascii(const char *address, char **ret)
{
	CLEANUP_FREE char *domain = NULL;
	const char *at = strrchr(address, '@');
	size_t len = strlen(address);
	int r;

	if (!utf8_has_more_than_ascii(address, len)) {
		*ret = strdup(address);
		return *ret ? 0 : -ENOMEM;
	}
	if (!at || utf8_has_more_than_ascii(address, (size_t)(at - address)))
		return -EILSEQ;
	r = pki_idna_to_ascii(at + 1, &domain);
	if (r < 0)
		return r == -ENOMEM ? r : -EILSEQ;
	if (asprintf(ret, "%.*s@%s", (int)(at - address), address, domain) < 0)
		return -ENOMEM;
	return 0;
}

int
client_addresses_add(struct client_addresses *a, const char *text, size_t len)
{
	char **items;

	if (!client_address_fits(text, len))
		return -EINVAL;
	for (size_t i = 0; i < a->n; i++) {
		if (text_equal(text, len, a->items[i]))
			return 0;
	}
	if (a->n == CLIENT_RECIPIENTS_MAX)
		return -E2BIG;
	items = reallocarray(a->items, a->n + 1, sizeof *items);
	if (!items)
		return -ENOMEM;
	a->items = items;
	items[a->n] = strndup(text, len);
	if (!items[a->n])
		return -ENOMEM;
	a->n++;
	return 0;
}

void
client_addresses_clear(struct client_addresses *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->items[i]);
	free(a->items);
	*a = (struct client_addresses){ 0 };
}

struct scan {
	struct client_addresses *list;
	const char *p, *end;
	struct buffer words; /* the address being read, without blanks and comments */
	bool blank;          /* since the last byte of words */
	bool broken;         /* two words with a blank between: a name, no address */
	bool bracketed;      /* words came in angle brackets */
};

static int
scan_put(struct scan *s, const char *text, size_t len)
{
	size_t n = buffer_len(&s->words);

	if (s->blank && n > 0 && !strchr(".@", *text) &&
		!strchr(".@", buffer_data(&s->words)[n - 1]))
		s->broken = true;
	s->blank = false;
	return buffer_append(&s->words, text, len);
}

static void
scan_reset(struct scan *s)
{
	buffer_consume(&s->words, buffer_len(&s->words));
	s->blank = s->broken = s->bracketed = false;
}

/* p stands at "(": skips to behind the end of the comment, which may hold others. */
static int
scan_comment(struct scan *s)
{
	int depth = 0;

	for (; s->p < s->end; s->p++) {
		if (*s->p == '\\' && s->p + 1 < s->end)
			s->p++;
		else if (*s->p == '(')
			depth++;
		else if (*s->p == ')' && --depth == 0)
			break;
	}
	if (s->p >= s->end)
		return -EINVAL;
	s->p++;
	s->blank = true;
	return 0;
}

/* p stands at a quote: takes the quoted string whole. */
static int
scan_quoted(struct scan *s)
{
	const char *start = s->p++;

	while (s->p < s->end && *s->p != '"')
		s->p += *s->p == '\\' && s->p + 1 < s->end ? 2 : 1;
	if (s->p >= s->end)
		return -EINVAL;
	s->p++;
	return scan_put(s, start, (size_t)(s->p - start));
}

/* p stands at "<": what was read before was a name; takes what is inside. */
static int
scan_brackets(struct scan *s)
{
	int r;

	if (s->bracketed)
		return -EINVAL;
	scan_reset(s);
	for (s->p++; s->p < s->end && *s->p != '>';) {
		if (*s->p == '"')
			r = scan_quoted(s);
		else if (*s->p == '(')
			r = scan_comment(s);
		else if (*s->p == ':') {
			/* What stood before is an obsolete route. */
			scan_reset(s);
			s->p++;
			r = 0;
		} else if (strchr(" \t\r\n", *s->p)) {
			s->blank = true;
			s->p++;
			r = 0;
		} else
			r = scan_put(s, s->p++, 1);
		if (r < 0)
			return r;
	}
	if (s->p >= s->end)
		return -EINVAL;
	s->p++;
	s->bracketed = true;
	s->blank = false;
	return 0;
}

/* The end of one address. */
static int
scan_flush(struct scan *s)
{
	size_t len = buffer_len(&s->words);
	int r = 0;

	if (s->broken || (s->bracketed && len == 0))
		r = -EINVAL;
	else if (len > 0)
		r = client_addresses_add(s->list, buffer_data(&s->words), len);
	scan_reset(s);
	return r;
}

static int
scan_step(struct scan *s)
{
	switch (*s->p) {
	case '(':
		return scan_comment(s);
	case '<':
		return scan_brackets(s);
	case '"':
		return s->bracketed ? -EINVAL : scan_quoted(s);
	case ',':
	case ';':
		s->p++;
		return scan_flush(s);
	case ':': /* what stood before is the name of a group */
		if (s->bracketed)
			return -EINVAL;
		s->p++;
		scan_reset(s);
		return 0;
	case ' ':
	case '\t':
	case '\r':
	case '\n':
		s->p++;
		s->blank = true;
		return 0;
	default:
		return s->bracketed ? -EINVAL : scan_put(s, s->p++, 1);
	}
}

int
client_addresses_read(struct client_addresses *a, const char *body, size_t len)
{
	struct scan s = { .list = a, .p = body, .end = body + len };
	int r = 0;

	while (r == 0 && s.p < s.end)
		r = scan_step(&s);
	if (r == 0)
		r = scan_flush(&s);
	buffer_free(&s.words);
	return r;
}
