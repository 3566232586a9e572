// SPDX-License-Identifier: ISC
/*
 * The store in memory while it is changed: its text, its lines as slices of that text,
 * and the changes in the order of their keys, which commit merges. Owns the lock, the
 * text and the changes, and wipes them. Lines out of their place are passed over when the
 * place for another is looked for, and go where the line with their key goes.
 */
#include "auth/update.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "auth/lock.h"
#include "auth/order.h"
#include "auth/store.h"
#include "base/cleanup.h"
#include "base/text.h"

struct slice {
	const char *text;
	unsigned len;
	unsigned short key_len; /* 0: not comparable */
	bool misplaced;
};

struct change {
	char *text; /* the line, or the key alone where it is to be removed */
	size_t len;
	size_t key_len;
	bool removal;
};

struct auth_update {
	struct auth_lock *lock;
	struct buffer text;
	size_t header_len; /* with its line end; 0 where there is no file */
	uint8_t secret[AUTH_SECRET_SIZE]; /* of the header, or for one to be made */
	struct slice *lines;
	size_t n_lines;
	bool disorder; /* some line is misplaced or not comparable */
	struct change *changes;
	size_t n_changes;
	size_t changes_cap;
};

/* A last line without its line end was cut short (auth/store.c). It stays so for all who
 * read it: they meet a field that is none. */
static int
mark_torn(struct buffer *text)
{
	size_t len = buffer_len(text);

	if (len == 0 || buffer_data(text)[len - 1] == '\n')
		return 0;
	return buffer_puts(text, " cut\n");
}

static int
read_header(struct auth_update *u)
{
	const char *text = buffer_data(&u->text);
	size_t len = buffer_len(&u->text);
	const char *newline;
	int r;

	if (len == 0)
		return pki_random(u->secret, sizeof(u->secret));
	newline = memchr(text, '\n', len);
	if (!newline)
		return -EBADMSG;
	r = auth_header_read(text, (size_t)(newline - text), u->secret);
	if (r == 0)
		u->header_len = (size_t)(newline - text) + 1;
	return r;
}

static size_t
count_lines(const char *text, size_t len)
{
	const char *newline;
	size_t n = 0;

	while (len > 0) {
		newline = memchr(text, '\n', len);
		n++;
		if (!newline)
			break;
		len -= (size_t)(newline + 1 - text);
		text = newline + 1;
	}
	return n;
}

/* Whether the next line is in its place; order knows those before it. */
static void
place_line(struct auth_update *u, struct auth_order *order, struct slice *line,
	struct slice **right)
{
	if (line->key_len == 0) {
		u->disorder = true;
		return;
	}
	switch (auth_order_next(order, line->text, line->key_len)) {
	case AUTH_PLACE_WRONG:
		u->disorder = line->misplaced = true;
		return;
	case AUTH_PLACE_BEFORE:
		u->disorder = true;
		if (*right)
			(*right)->misplaced = true;
		break;
	case AUTH_PLACE_RIGHT:
		break;
	}
	*right = line;
}

static int
read_lines(struct auth_update *u)
{
	const char *text = buffer_data(&u->text) + u->header_len;
	size_t len = buffer_len(&u->text) - u->header_len;
	size_t n = count_lines(text, len);
	struct auth_order order = { 0 };
	struct slice *right = NULL;
	const char *newline;

	u->lines = calloc(n + 1, sizeof(*u->lines));
	if (!u->lines)
		return -ENOMEM;
	for (u->n_lines = 0; u->n_lines < n; u->n_lines++) {
		struct slice *line = &u->lines[u->n_lines];
		size_t line_len;

		newline = memchr(text, '\n', len);
		line_len = newline ? (size_t)(newline - text) : len;
		if (line_len > UINT32_MAX)
			return -EFBIG;
		line->text = text;
		line->len = (unsigned)line_len;
		line->key_len = (unsigned short)auth_line_key(text, line_len);
		place_line(u, &order, line, &right);
		text += newline ? line_len + 1 : line_len;
		len -= newline ? line_len + 1 : line_len;
	}
	return 0;
}

int
auth_update_begin(const char *path, unsigned wait, struct auth_update **ret)
{
	struct auth_update *u = calloc(1, sizeof(*u));
	int r;

	if (!u)
		return -ENOMEM;
	r = auth_lock_take(path, wait, &u->lock);
	if (r == 0)
		r = auth_lock_read(u->lock, &u->text);
	if (r >= 0)
		r = mark_torn(&u->text);
	if (r == 0)
		r = read_header(u);
	if (r == 0 && buffer_len(&u->text) > 0)
		r = read_lines(u);
	if (r < 0) {
		auth_update_free(u);
		return r;
	}
	*ret = u;
	return 0;
}

static void
free_change(struct change *c)
{
	explicit_bzero(c->text, c->len);
	free(c->text);
}

void
auth_update_free(struct auth_update *u)
{
	if (!u)
		return;
	auth_lock_free(u->lock);
	for (size_t i = 0; i < u->n_changes; i++)
		free_change(&u->changes[i]);
	free(u->changes);
	free(u->lines);
	buffer_wipe(&u->text);
	explicit_bzero(u->secret, sizeof(u->secret));
	free(u);
}

/* The change of that key, or where it would stand. */
static bool
find_change(const struct auth_update *u, const char *key, size_t key_len, size_t *ret_at)
{
	size_t low = 0, high = u->n_changes;
	int order;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct change *c = &u->changes[middle];

		order = auth_key_compare(key, key_len, c->text, c->key_len);
		if (order == 0) {
			*ret_at = middle;
			return true;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	*ret_at = low;
	return false;
}

static const struct slice *
find_line(const struct auth_update *u, const char *key, size_t key_len)
{
	size_t low = 0, high = u->n_lines;
	int order;

	for (size_t i = 0; u->disorder && i < u->n_lines; i++) {
		const struct slice *line = &u->lines[i];

		if (line->key_len == key_len && memcmp(line->text, key, key_len) == 0)
			return line;
	}
	while (!u->disorder && low < high) {
		size_t middle = low + (high - low) / 2;
		const struct slice *line = &u->lines[middle];

		order = auth_key_compare(key, key_len, line->text, line->key_len);
		if (order == 0)
			return line;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

int
auth_update_find(
	struct auth_update *u, char type, const char *word, struct buffer *ret_line)
{
	char key[AUTH_KEY_SIZE];
	size_t at, len, key_len = auth_key_make(type, word, key);
	const struct slice *line;
	const char *text;
	int r;

	if (find_change(u, key, key_len, &at)) {
		if (u->changes[at].removal)
			return 0;
		text = u->changes[at].text;
		len = u->changes[at].len;
	} else {
		line = find_line(u, key, key_len);
		if (!line)
			return 0;
		text = line->text;
		len = line->len;
	}
	buffer_consume(ret_line, buffer_len(ret_line));
	r = buffer_append(ret_line, text, len);
	if (r < 0)
		return r;
	return auth_line_is_whole(text, len) ? 1 : -EBADMSG;
}

int
auth_update_each(
	struct auth_update *u, char type, auth_update_each_fn each, void *context)
{
	size_t at;
	int r = 0;

	for (size_t i = 0; r == 0 && i < u->n_lines; i++) {
		const struct slice *line = &u->lines[i];

		if (line->key_len > 0 && line->text[0] == type &&
			!find_change(u, line->text, line->key_len, &at) &&
			auth_line_is_whole(line->text, line->len))
			r = each(context, line->text, line->len);
	}
	/* A removal in the course of this takes no place, and makes none. */
	for (size_t i = 0; r == 0 && i < u->n_changes; i++) {
		const struct change *c = &u->changes[i];

		if (!c->removal && c->text[0] == type)
			r = each(context, c->text, c->len);
	}
	return r;
}

int
auth_update_key(
	const struct auth_update *u, const char *purpose, uint8_t ret[PKI_SHA256_SIZE])
{
	return auth_secret_key(u->secret, purpose, ret);
}

static int
add_change(
	struct auth_update *u, const char *text, size_t len, size_t key_len, bool removal)
{
	struct change change = { malloc(len + 1), len, key_len, removal };
	struct change *changes;
	size_t at;

	if (!change.text)
		return -ENOMEM;
	memcpy(change.text, text, len);
	if (find_change(u, text, key_len, &at)) {
		free_change(&u->changes[at]);
		u->changes[at] = change;
		return 0;
	}
	if (u->n_changes == u->changes_cap) {
		size_t cap = u->changes_cap > 0 ? 2 * u->changes_cap : 16;

		changes = reallocarray(u->changes, cap, sizeof(*changes));
		if (!changes) {
			free_change(&change);
			return -ENOMEM;
		}
		u->changes = changes;
		u->changes_cap = cap;
	}
	memmove(u->changes + at + 1, u->changes + at,
		(u->n_changes - at) * sizeof(*u->changes));
	u->changes[at] = change;
	u->n_changes++;
	return 0;
}

int
auth_update_put(struct auth_update *u, const char *line, size_t len)
{
	if (!auth_line_is_whole(line, len))
		return -EILSEQ;
	return add_change(u, line, len, auth_line_key(line, len), false);
}

int
auth_update_remove(struct auth_update *u, char type, const char *word)
{
	char key[AUTH_KEY_SIZE];
	size_t key_len = auth_key_make(type, word, key);

	return add_change(u, key, key_len, key_len, true);
}

static int
append_header(const struct auth_update *u, struct buffer *b)
{
	char hex[2 * AUTH_SECRET_SIZE + 1];
	int r;

	if (u->header_len > 0)
		return buffer_append(b, buffer_data(&u->text), u->header_len);
	text_hex(u->secret, sizeof(u->secret), hex);
	r = buffer_printf(
		b, "%s %s secret=%s\n", AUTH_HEADER_NAME, AUTH_HEADER_VERSION, hex);
	explicit_bzero(hex, sizeof(hex));
	return r;
}

static int
append_line(struct buffer *b, const char *text, size_t len)
{
	int r = buffer_append(b, text, len);

	return r < 0 ? r : buffer_append(b, "\n", 1);
}

/* Appends the changes from *at on whose key is below the line's; all where line is NULL.
 */
static int
append_changes(const struct auth_update *u, struct buffer *b, size_t *at,
	const struct slice *line)
{
	int r = 0;

	for (; r == 0 && *at < u->n_changes; ++*at) {
		const struct change *c = &u->changes[*at];

		if (line && auth_key_compare(
				    c->text, c->key_len, line->text, line->key_len) > 0)
			break;
		if (!c->removal)
			r = append_line(b, c->text, c->len);
	}
	return r;
}

static int
merge(const struct auth_update *u, struct buffer *b)
{
	size_t at = 0, changed;
	int r = append_header(u, b);

	for (size_t i = 0; r == 0 && i < u->n_lines; i++) {
		const struct slice *line = &u->lines[i];

		if (line->key_len > 0 && !line->misplaced)
			r = append_changes(u, b, &at, line);
		if (r < 0)
			break;
		if (line->key_len > 0 &&
			find_change(u, line->text, line->key_len, &changed))
			continue;
		r = append_line(b, line->text, line->len);
	}
	return r < 0 ? r : append_changes(u, b, &at, NULL);
}

int
auth_update_commit(struct auth_update *u)
{
	CLEANUP(buffer_wipe) struct buffer b = { 0 };
	size_t size = buffer_len(&u->text) + AUTH_LINE_MAX;
	int r;

	if (u->n_changes == 0)
		return 0;
	for (size_t i = 0; i < u->n_changes; i++)
		size += u->changes[i].len + 1;
	r = buffer_reserve(&b, size);
	if (r == 0)
		r = merge(u, &b);
	if (r < 0)
		return r;
	return auth_lock_replace(u->lock, buffer_data(&b), buffer_len(&b));
}
