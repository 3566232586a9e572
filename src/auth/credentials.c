// SPDX-License-Identifier: ISC
/*
 * The four fields of a user's line that a password leaves behind: iterations, salt,
 * stored and server, the last three in base64. They stand in a line together or not at
 * all. Faults: -EBADMSG for damaged ones, those of auth_line_set, -ENOMEM.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "auth/line.h"
#include "base/cleanup.h"
#include "base/number.h"
#include "base/secret.h"

enum { SALT_MIN = 8, ITERATIONS_TEXT = 16 };

static const char *const FIELDS[] = { "iterations", "salt", "stored", "server" };

/* Bytes of a base64 field, between min and max of them. */
static int
get_bytes(const char *line, size_t len, const char *field, size_t min, size_t max,
	uint8_t *ret, size_t *ret_len)
{
	uint8_t *bytes;
	const char *value;
	size_t value_len, n;
	int r;

	if (!auth_line_get(line, len, field, &value, &value_len))
		return -EBADMSG;
	r = pki_base64_decode(value, value_len, &bytes, &n);
	if (r < 0)
		return r == -EINVAL ? -EBADMSG : r;
	if (n >= min && n <= max) {
		memcpy(ret, bytes, n);
		*ret_len = n;
	} else {
		r = -EBADMSG;
	}
	explicit_bzero(bytes, n);
	free(bytes);
	return r;
}

static int
get_iterations(const char *line, size_t len, unsigned *ret)
{
	const char *value;
	size_t value_len;
	uint64_t n;

	if (!auth_line_get(line, len, FIELDS[0], &value, &value_len))
		return -EBADMSG;
	if (number_parse(value, value_len, 1, AUTH_ITERATIONS_MAX, &n) < 0)
		return -EBADMSG;
	*ret = (unsigned)n;
	return 0;
}

int
auth_line_credentials(const char *line, size_t len, struct auth_credentials *ret)
{
	struct auth_credentials c = { 0 };
	size_t key_len, found = 0;
	int r;

	for (size_t i = 0; i < sizeof(FIELDS) / sizeof(FIELDS[0]); i++)
		found += auth_line_has(line, len, FIELDS[i]);
	if (found == 0)
		return 0;
	r = get_iterations(line, len, &c.iterations);
	if (r == 0)
		r = get_bytes(
			line, len, "salt", SALT_MIN, AUTH_SALT_MAX, c.salt, &c.salt_len);
	if (r == 0)
		r = get_bytes(line, len, "stored", PKI_SHA256_SIZE, PKI_SHA256_SIZE,
			c.stored, &key_len);
	if (r == 0)
		r = get_bytes(line, len, "server", PKI_SHA256_SIZE, PKI_SHA256_SIZE,
			c.server, &key_len);
	if (r == 0)
		*ret = c;
	explicit_bzero(&c, sizeof(c));
	return r < 0 ? r : 1;
}

static int
set_bytes(struct buffer *line, const char *field, const uint8_t *bytes, size_t n)
{
	CLEANUP_SECRET char *text = NULL;
	int r = pki_base64_encode(bytes, n, &text);

	return r < 0 ? r : auth_line_set(line, field, text);
}

int
auth_line_set_credentials(struct buffer *line, const struct auth_credentials *c)
{
	char iterations[ITERATIONS_TEXT];
	int r = 0;

	if (!c) {
		for (size_t i = 0; r == 0 && i < sizeof(FIELDS) / sizeof(FIELDS[0]); i++)
			r = auth_line_set(line, FIELDS[i], NULL);
		return r;
	}
	snprintf(iterations, sizeof(iterations), "%u", c->iterations);
	r = auth_line_set(line, "iterations", iterations);
	if (r == 0)
		r = set_bytes(line, "salt", c->salt, c->salt_len);
	if (r == 0)
		r = set_bytes(line, "stored", c->stored, sizeof(c->stored));
	if (r == 0)
		r = set_bytes(line, "server", c->server, sizeof(c->server));
	return r;
}
