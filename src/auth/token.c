// SPDX-License-Identifier: ISC
/*
 * Tokens. What is kept of one is an HMAC under a key that is made from the store's
 * secret, so that neither the file nor the time of a search tells anything of a token.
 * The time until which there is any stands in a line of its own, so that strangers make
 * nobody look through them. Text of tokens is the caller's to wipe. Faults: those of the
 * store, -EIO.
 */
#include "auth/token.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "auth/stamp.h"
#include "base/cleanup.h"
#include "base/secret.h"
#include "base/text.h"
#include "pki/identity.h"

enum { RANDOM_DIGITS = 26, DIGITS = 28, GROUP = 4 };

_Static_assert(DIGITS + DIGITS / GROUP == AUTH_TOKEN_SIZE, "groups, hyphens and a NUL");

/* 32 of them: five bits each; none is taken for another. */
static const char ALPHABET[] = "abcdefghijkmnpqrstuvwxyz23456789";

/* The last two digits, which follow from those before. */
static int
add_checksum(char digits[DIGITS])
{
	uint8_t sum[PKI_SHA256_SIZE];
	int r = pki_sha256(digits, RANDOM_DIGITS, sum);

	if (r < 0)
		return r;
	for (size_t i = RANDOM_DIGITS; i < DIGITS; i++)
		digits[i] = ALPHABET[sum[i - RANDOM_DIGITS] % 32];
	return 0;
}

static void
group(const char digits[DIGITS], char ret[AUTH_TOKEN_SIZE])
{
	for (size_t i = 0; i < DIGITS; i++) {
		if (i > 0 && i % GROUP == 0)
			*ret++ = '-';
		*ret++ = digits[i];
	}
	*ret = '\0';
}

int
auth_token_generate(char ret[AUTH_TOKEN_SIZE])
{
	uint8_t random[RANDOM_DIGITS];
	char digits[DIGITS];
	int r = pki_random(random, sizeof(random));

	for (size_t i = 0; r == 0 && i < RANDOM_DIGITS; i++)
		digits[i] = ALPHABET[random[i] % 32];
	if (r == 0)
		r = add_checksum(digits);
	if (r == 0)
		group(digits, ret);
	explicit_bzero(random, sizeof(random));
	explicit_bzero(digits, sizeof(digits));
	return r;
}

/* The digits alone, in lower case; whether there were as many as a token has. */
static bool
read_digits(const char *text, size_t len, char ret[DIGITS])
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text_lower_char(text[i]);

		if (c == '-' || c == ' ')
			continue;
		if (n == DIGITS || c == '\0' || !strchr(ALPHABET, c))
			return false;
		ret[n++] = c;
	}
	return n == DIGITS;
}

int
auth_token_read(const char *text, size_t len, char ret[AUTH_TOKEN_SIZE])
{
	char digits[DIGITS], right[DIGITS];
	int r = read_digits(text, len, digits) ? 0 : -EINVAL;

	memcpy(right, digits, sizeof(right));
	if (r == 0)
		r = add_checksum(right);
	if (r == 0 && memcmp(right, digits, sizeof(right)) != 0)
		r = -EINVAL;
	if (r == 0)
		group(digits, ret);
	explicit_bzero(digits, sizeof(digits));
	explicit_bzero(right, sizeof(right));
	return r;
}

/* The word of the token's line, by a key of the store. */
static int
hash(uint8_t key[PKI_SHA256_SIZE], const char *text, uint8_t ret[PKI_SHA256_SIZE],
	char ret_word[PKI_PIN_HEX])
{
	int r = pki_hmac_sha256(key, PKI_SHA256_SIZE, text, strlen(text), ret);

	explicit_bzero(key, PKI_SHA256_SIZE);
	if (r == 0)
		text_hex(ret, PKI_SHA256_SIZE, ret_word);
	return r;
}

static const char PURPOSE[] = "token";

int
auth_token_of_line(const char *line, size_t len, struct auth_token *ret)
{
	struct auth_token token = { 0 };
	const char *value;
	size_t value_len;

	if (!auth_line_is_whole(line, len) || line[0] != 't' ||
		!auth_line_user(line, len, &value, &value_len))
		return -EBADMSG;
	memcpy(token.user, value, value_len);
	if (auth_line_time(line, len, AUTH_FIELD_EXPIRES, &token.expires) != 1)
		return -EBADMSG;
	if (auth_line_get(line, len, AUTH_FIELD_LABEL, &value, &value_len) &&
		auth_label_read(value, value_len, token.label) < 0)
		return -EBADMSG;
	*ret = token;
	return 0;
}

int
auth_token_put(struct auth_update *u, const char *text, const struct auth_token *token)
{
	CLEANUP(buffer_wipe) struct buffer line = { 0 };
	char stamp[AUTH_STAMP_SIZE], label[AUTH_LABEL_CODED_SIZE], word[PKI_PIN_HEX];
	uint8_t key[PKI_SHA256_SIZE], bytes[PKI_SHA256_SIZE];
	int r = auth_update_key(u, PURPOSE, key);

	if (r == 0)
		r = hash(key, text, bytes, word);
	if (r == 0)
		r = buffer_printf(&line, "t %s %s", word, token->user);
	auth_stamp(token->expires, stamp);
	if (r == 0)
		r = auth_line_set(&line, AUTH_FIELD_EXPIRES, stamp);
	auth_stamp_now(stamp);
	if (r == 0)
		r = auth_line_set(&line, AUTH_FIELD_CREATED, stamp);
	if (r == 0 && *token->label)
		r = auth_label_code(token->label, label);
	if (r == 0 && *token->label)
		r = auth_line_set(&line, AUTH_FIELD_LABEL, label);
	return r < 0 ? r : auth_update_put(u, buffer_data(&line), buffer_len(&line));
}

/* Whether the line that was found is that of the token with this hash, and holds now. */
static int
judge(const struct buffer *line, const uint8_t bytes[PKI_SHA256_SIZE], int64_t now,
	struct auth_token *ret)
{
	uint8_t found[PKI_SHA256_SIZE];
	struct auth_token token;
	int r = auth_token_of_line(buffer_data(line), buffer_len(line), &token);

	if (r == 0)
		r = text_unhex(
			buffer_data(line) + 2, 2 * sizeof(found), found, sizeof(found));
	if (r < 0)
		return -EBADMSG;
	if (!secret_equal(found, bytes, sizeof(found)) || token.expires <= now)
		return 0;
	*ret = token;
	return 1;
}

int
auth_token_find(
	struct auth_store *s, const char *text, int64_t now, struct auth_token *ret)
{
	CLEANUP(buffer_wipe) struct buffer line = { 0 };
	uint8_t key[PKI_SHA256_SIZE], bytes[PKI_SHA256_SIZE];
	char word[PKI_PIN_HEX];
	int r = auth_store_key(s, PURPOSE, key);

	if (r == 0)
		r = hash(key, text, bytes, word);
	if (r == 0)
		r = auth_store_find(s, 't', word, &line);
	return r <= 0 ? r : judge(&line, bytes, now, ret);
}

int
auth_token_take(
	struct auth_update *u, const char *text, int64_t now, struct auth_token *ret)
{
	CLEANUP(buffer_wipe) struct buffer line = { 0 };
	uint8_t key[PKI_SHA256_SIZE], bytes[PKI_SHA256_SIZE];
	char word[PKI_PIN_HEX];
	int r = auth_update_key(u, PURPOSE, key);

	if (r == 0)
		r = hash(key, text, bytes, word);
	if (r == 0)
		r = auth_update_find(u, 't', word, &line);
	if (r > 0)
		r = judge(&line, bytes, now, ret);
	if (r <= 0)
		return r;
	r = auth_update_remove(u, 't', word);
	return r < 0 ? r : 1;
}

int
auth_token_any(struct auth_store *s, int64_t now)
{
	CLEANUP(buffer_wipe) struct buffer line = { 0 };
	int64_t until = 0;
	int r = auth_store_find(s, 'w', AUTH_WINDOW_TOKENS, &line);

	if (r <= 0)
		return r;
	r = auth_line_time(
		buffer_data(&line), buffer_len(&line), AUTH_FIELD_UNTIL, &until);
	return r < 0 ? r : until > now;
}

struct tidying {
	struct auth_update *update;
	const char *name; /* whose tokens go, "" for everybody's; or NULL */
	int64_t now;
	int64_t last; /* the end of the token that holds longest */
	size_t withdrawn;
};

/* Whether it is to go though it holds. */
static bool
is_withdrawn(struct tidying *t, const char *line, size_t len)
{
	const char *user;
	size_t n;

	if (!t->name)
		return false;
	if (*t->name && (!auth_line_user(line, len, &user, &n) || n != strlen(t->name) ||
				memcmp(user, t->name, n) != 0))
		return false;
	t->withdrawn++;
	return true;
}

static int
tidy_line(void *context, const char *line, size_t len)
{
	struct tidying *t = context;
	char word[AUTH_NAME_SIZE];
	size_t n = auth_line_key(line, len) - 2;
	int64_t expires = 0;

	auth_line_time(line, len, AUTH_FIELD_EXPIRES, &expires);
	if (expires > t->now && !is_withdrawn(t, line, len)) {
		if (expires > t->last)
			t->last = expires;
		return 0;
	}
	memcpy(word, line + 2, n);
	word[n] = '\0';
	return auth_update_remove(t->update, 't', word);
}

static int
tidy(struct auth_update *u, struct tidying *t)
{
	CLEANUP(buffer_wipe) struct buffer line = { 0 };
	char stamp[AUTH_STAMP_SIZE];
	int r = auth_update_each(u, 't', tidy_line, t);

	if (r < 0)
		return r;
	if (t->last == 0)
		return auth_update_remove(u, 'w', AUTH_WINDOW_TOKENS);
	auth_stamp(t->last, stamp);
	r = buffer_printf(&line, "w %s", AUTH_WINDOW_TOKENS);
	if (r == 0)
		r = auth_line_set(&line, AUTH_FIELD_UNTIL, stamp);
	return r < 0 ? r : auth_update_put(u, buffer_data(&line), buffer_len(&line));
}

int
auth_token_tidy(struct auth_update *u, int64_t now)
{
	return tidy(u, &(struct tidying){ .update = u, .now = now });
}

int
auth_token_withdraw(
	struct auth_update *u, const char *name, int64_t now, size_t *ret_closed)
{
	struct tidying t = { .update = u, .name = name, .now = now };
	int r = tidy(u, &t);

	if (r == 0)
		*ret_closed = t.withdrawn;
	return r;
}
