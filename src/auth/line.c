// SPDX-License-Identifier: ISC
/*
 * Lines of the user store: their keys, their fields, and whether they are whole. The text
 * belongs to the caller; faults are those of the text, and -ENOMEM.
 */
#include "auth/line.h"

#include <errno.h>
#include <string.h>

#include "auth/stamp.h"
#include "base/cleanup.h"
#include "base/number.h"

static bool
is_address_key(const char *word, size_t len)
{
	const char *at = memchr(word, '@', len);

	if (len > AUTH_NAME_MAX || !at || at == word || at == word + len - 1)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (word[i] <= ' ' || word[i] > '~' || (word[i] >= 'A' && word[i] <= 'Z'))
			return false;
	}
	return true;
}

/* Every look-up among many asks this of some hundred lines. */
static bool
is_pin_key(const char *word, size_t len)
{
	unsigned wrong = 0;

	if (len != (size_t)2 * PKI_SHA256_SIZE)
		return false;
	for (size_t i = 0; i < (size_t)2 * PKI_SHA256_SIZE; i++) {
		unsigned char c = (unsigned char)word[i];

		wrong |= (unsigned char)(c - '0') > 9 && (unsigned char)(c - 'a') > 5;
	}
	return wrong == 0;
}

static bool
is_window_key(const char *word, size_t len)
{
	return is_address_key(word, len) ||
	       (len == sizeof(AUTH_WINDOW_ANYBODY) - 1 &&
		       memcmp(word, AUTH_WINDOW_ANYBODY, len) == 0) ||
	       (len == sizeof(AUTH_WINDOW_TOKENS) - 1 &&
		       memcmp(word, AUTH_WINDOW_TOKENS, len) == 0);
}

static const struct kind {
	char type;
	bool (*is_key)(const char *word, size_t len);
	bool has_user;      /* behind the key */
	const char *needed; /* a field, or NULL */
} KINDS[] = {
	{ 'd', is_pin_key, true, NULL },
	{ 't', is_pin_key, true, AUTH_FIELD_EXPIRES },
	{ 'u', is_address_key, false, NULL },
	{ 'w', is_window_key, false, AUTH_FIELD_UNTIL },
};

static const struct kind *
kind_of(char type)
{
	for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++)
		if (KINDS[i].type == type)
			return &KINDS[i];
	return NULL;
}

size_t
auth_line_key(const char *line, size_t len)
{
	const struct kind *kind;
	const char *end;
	size_t word;

	if (len < 3 || len >= AUTH_LINE_MAX || line[1] != ' ')
		return 0;
	kind = kind_of(line[0]);
	end = memchr(line + 2, ' ', len - 2);
	word = (end ? (size_t)(end - line) : len) - 2;
	return kind && kind->is_key(line + 2, word) ? word + 2 : 0;
}

int
auth_key_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int r = memcmp(a, b, a_len < b_len ? a_len : b_len);

	if (r != 0)
		return r;
	return (a_len > b_len) - (a_len < b_len);
}

size_t
auth_key_make(char type, const char *word, char ret[AUTH_KEY_SIZE])
{
	size_t len = strnlen(word, AUTH_NAME_MAX);

	ret[0] = type;
	ret[1] = ' ';
	memcpy(ret + 2, word, len);
	ret[len + 2] = '\0';
	return len + 2;
}

/* Steps over the words of a line; a word of no length is where two blanks meet. */
struct words {
	const char *at;
	const char *end;
	bool done;
};

static bool
words_next(struct words *w, const char **ret_word, size_t *ret_len)
{
	const char *blank;

	if (w->done)
		return false;
	blank = memchr(w->at, ' ', (size_t)(w->end - w->at));
	*ret_word = w->at;
	*ret_len = (size_t)((blank ? blank : w->end) - w->at);
	w->done = !blank;
	w->at = blank ? blank + 1 : w->end;
	return true;
}

/* Everything behind the key. */
static struct words
words_behind_key(const char *line, size_t len)
{
	size_t key = auth_line_key(line, len);

	if (key == 0 || key == len)
		return (struct words){ line + len, line + len, true };
	return (struct words){ line + key + 1, line + len, false };
}

bool
auth_line_user(const char *line, size_t len, const char **ret_user, size_t *ret_len)
{
	struct words w = words_behind_key(line, len);
	const char *user;
	size_t n;

	if (w.done || !kind_of(line[0])->has_user || !words_next(&w, &user, &n) ||
		!is_address_key(user, n))
		return false;
	*ret_user = user;
	*ret_len = n;
	return true;
}

/* Everything behind the key, and behind the user where one belongs. */
static struct words
fields_begin(const char *line, size_t len)
{
	struct words w = words_behind_key(line, len);
	const char *user;
	size_t user_len;

	if (!w.done && kind_of(line[0])->has_user)
		words_next(&w, &user, &user_len);
	return w;
}

static bool
is_field(const char *word, size_t len, const char *field)
{
	size_t n = strlen(field);

	return len > n && word[n] == '=' && memcmp(word, field, n) == 0;
}

bool
auth_line_get(const char *line, size_t len, const char *field, const char **ret_value,
	size_t *ret_len)
{
	struct words w = fields_begin(line, len);
	const char *word;
	size_t word_len;

	while (words_next(&w, &word, &word_len)) {
		if (!is_field(word, word_len, field))
			continue;
		*ret_value = word + strlen(field) + 1;
		*ret_len = word_len - strlen(field) - 1;
		return true;
	}
	return false;
}

bool
auth_line_has(const char *line, size_t len, const char *field)
{
	const char *value;
	size_t value_len;

	return auth_line_get(line, len, field, &value, &value_len);
}

static bool
is_value(const char *value)
{
	for (; *value; value++)
		if (*value <= ' ' || *value > '~')
			return false;
	return true;
}

int
auth_line_set(struct buffer *line, const char *field, const char *value)
{
	CLEANUP(buffer_wipe) struct buffer b = { 0 };
	const char *old;
	size_t old_len, head, tail = buffer_len(line);
	int r;

	if (value && !is_value(value))
		return -EINVAL;
	head = tail;
	if (auth_line_get(buffer_data(line), tail, field, &old, &old_len)) {
		tail = (size_t)(old - buffer_data(line)) + old_len;
		head = (size_t)(old - buffer_data(line)) - strlen(field) - 2;
	}
	r = buffer_append(&b, buffer_data(line), head);
	if (r == 0 && value)
		r = buffer_printf(&b, " %s=%s", field, value);
	if (r == 0)
		r = buffer_append(&b, buffer_data(line) + tail, buffer_len(line) - tail);
	if (r < 0)
		return r;
	if (buffer_len(&b) >= AUTH_LINE_MAX)
		return -E2BIG;
	buffer_wipe(line);
	*line = b;
	b = (struct buffer){ 0 };
	return 0;
}

int
auth_line_time(const char *line, size_t len, const char *field, int64_t *ret)
{
	const char *value;
	size_t value_len;

	if (!auth_line_get(line, len, field, &value, &value_len))
		return 0;
	return auth_stamp_read(value, value_len, ret) < 0 ? -EBADMSG : 1;
}

int
auth_line_number(
	const char *line, size_t len, const char *field, uint64_t max, uint64_t *ret)
{
	const char *value;
	size_t value_len;

	if (!auth_line_get(line, len, field, &value, &value_len))
		return 0;
	return number_parse(value, value_len, 1, max, ret) < 0 ? -EBADMSG : 1;
}

bool
auth_line_lists(const char *line, size_t len, const char *field, const char *word)
{
	const char *value, *comma;
	size_t left, n;

	if (!auth_line_get(line, len, field, &value, &left))
		return false;
	for (;;) {
		comma = memchr(value, ',', left);
		n = comma ? (size_t)(comma - value) : left;
		if (n == strlen(word) && memcmp(value, word, n) == 0)
			return true;
		if (!comma)
			return false;
		value += n + 1;
		left -= n + 1;
	}
}

bool
auth_line_has_alias(const char *line, size_t len, const char *address)
{
	return auth_line_lists(line, len, AUTH_FIELD_ALIAS, address);
}

/* A name of letters, digits and hyphens, "=", and a value; and no second one of that
 * name. */
static bool
is_good_field(const char *word, size_t len, const char *line, size_t line_len)
{
	const char *equals = memchr(word, '=', len);
	char name[32];
	const char *first;
	size_t n, first_len;

	if (!equals || equals == word || (size_t)(equals - word) >= sizeof(name))
		return false;
	n = (size_t)(equals - word);
	for (size_t i = 0; i < n; i++) {
		char c = word[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
			return false;
	}
	memcpy(name, word, n);
	name[n] = '\0';
	return auth_line_get(line, line_len, name, &first, &first_len) &&
	       first == equals + 1;
}

/* The fields that decide something can be read, and those that are needed are there. */
static bool
are_good_values(const char *line, size_t len)
{
	static const char *const times[] = { AUTH_FIELD_EXPIRES, AUTH_FIELD_UNTIL };
	const struct kind *kind = kind_of(line[0]);
	struct auth_credentials c;
	uint64_t uses;
	int64_t time;
	int r = 0;

	if (kind->needed && !auth_line_has(line, len, kind->needed))
		return false;
	if (kind->type == 'u') {
		r = auth_line_credentials(line, len, &c);
		explicit_bzero(&c, sizeof(c));
		return r >= 0;
	}
	for (size_t i = 0; r >= 0 && i < sizeof(times) / sizeof(times[0]); i++)
		r = auth_line_time(line, len, times[i], &time);
	if (r >= 0)
		r = auth_line_number(line, len, AUTH_FIELD_USES, AUTH_USES_MAX, &uses);
	return r >= 0;
}

bool
auth_line_is_whole(const char *line, size_t len)
{
	struct words w;
	const char *word;
	size_t word_len;

	if (auth_line_key(line, len) == 0)
		return false;
	for (size_t i = 0; i < len; i++)
		if (line[i] < ' ' || line[i] > '~')
			return false;
	if (kind_of(line[0])->has_user && !auth_line_user(line, len, &word, &word_len))
		return false;
	w = fields_begin(line, len);
	while (words_next(&w, &word, &word_len))
		if (!is_good_field(word, word_len, line, len))
			return false;
	return are_good_values(line, len);
}
