// SPDX-License-Identifier: ISC
/*
 * Passwords. SASLprep is libgsasl's, so that a password set here is the one that its
 * SCRAM computes with. What is derived on the way is overwritten. Faults: -EINVAL for
 * what is no password, -EIO, -ENOMEM, -ELIBACC for want of libgsasl.
 */
#include "auth/password.h"

#include <errno.h>
#include <gsasl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "auth/gsasl_on_demand.h"
#include "base/cleanup.h"
#include "base/secret.h"

enum { GROUPS = 6, GROUP = 4, DIGITS = GROUPS * GROUP };

_Static_assert(GROUPS *(GROUP + 1) == AUTH_PASSWORD_SIZE, "groups, hyphens and a NUL");

/* 32 of them: five random bits each. */
static const char ALPHABET[] = "abcdefghijkmnpqrstuvwxyz23456789";

int
auth_password_generate(char ret[AUTH_PASSWORD_SIZE])
{
	uint8_t random[DIGITS];
	char *at = ret;
	int r = pki_random(random, sizeof(random));

	if (r < 0)
		return r;
	for (size_t i = 0; i < DIGITS; i++) {
		if (i > 0 && i % GROUP == 0)
			*at++ = '-';
		*at++ = ALPHABET[random[i] % 32];
	}
	*at = '\0';
	explicit_bzero(random, sizeof(random));
	return 0;
}

/* SASLprep leaves printable ASCII as it is (RFC 4013). */
static bool
is_printable(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

/* *ret is for secret_free. */
static int
prepare_with(const char *password, Gsasl_saslprep_flags flags, char **ret)
{
	char *prepared;

	switch (gsasl_saslprep(password, flags, &prepared, NULL)) {
	case GSASL_OK:
		/* The library's memory is the library's to free. */
		*ret = strdup(prepared);
		explicit_bzero(prepared, strlen(prepared));
		gsasl_free(prepared);
		return *ret ? 0 : -ENOMEM;
	case GSASL_MALLOC_ERROR:
		return auth_gsasl_available() ? -ENOMEM : -ELIBACC;
	default:
		return -EINVAL;
	}
}

/* SASLprep, of a stored string and of a query (RFC 4013 section 2.5): a character that
 * Unicode 3.2 does not know is allowed in one of them only, so that with it a mechanism
 * that asks for the other would not know the password. */
static int
prepare(const char *password, char **ret)
{
	CLEANUP_SECRET char *query = NULL;
	int r;

	if (is_printable(password)) {
		*ret = strdup(password);
		return *ret ? 0 : -ENOMEM;
	}
	r = prepare_with(password, GSASL_ALLOW_UNASSIGNED, &query);
	return r < 0 ? r : prepare_with(password, 0, ret);
}

/* StoredKey and ServerKey by salt and iterations of c (RFC 5802 section 3). */
static int
compute_keys(const char *prepared, const struct auth_credentials *c,
	uint8_t ret_stored[PKI_SHA256_SIZE], uint8_t ret_server[PKI_SHA256_SIZE])
{
	static const char client_text[] = "Client Key", server_text[] = "Server Key";
	uint8_t salted[PKI_SHA256_SIZE], client[PKI_SHA256_SIZE];
	int r = pki_pbkdf2_sha256(
		prepared, strlen(prepared), c->salt, c->salt_len, c->iterations, salted);

	if (r == 0)
		r = pki_hmac_sha256(salted, sizeof(salted), client_text,
			sizeof(client_text) - 1, client);
	if (r == 0)
		r = pki_sha256(client, sizeof(client), ret_stored);
	if (r == 0)
		r = pki_hmac_sha256(salted, sizeof(salted), server_text,
			sizeof(server_text) - 1, ret_server);
	explicit_bzero(salted, sizeof(salted));
	explicit_bzero(client, sizeof(client));
	return r;
}

int
auth_password_derive(
	const char *password, unsigned iterations, struct auth_credentials *ret)
{
	CLEANUP_SECRET char *prepared = NULL;
	struct auth_credentials c = { .salt_len = AUTH_SALT_SIZE,
		.iterations = iterations };
	int r;

	if (strlen(password) > AUTH_PASSWORD_MAX || iterations > AUTH_ITERATIONS_MAX)
		return -EINVAL;
	r = prepare(password, &prepared);
	if (r < 0)
		return r;
	if (!*prepared || strlen(prepared) > AUTH_PASSWORD_MAX)
		return -EINVAL;
	r = pki_random(c.salt, c.salt_len);
	if (r == 0)
		r = compute_keys(prepared, &c, c.stored, c.server);
	if (r == 0)
		*ret = c;
	explicit_bzero(&c, sizeof(c));
	return r;
}

int
auth_password_check(const struct auth_credentials *c, const char *password, size_t len)
{
	CLEANUP_SECRET char *prepared = NULL;
	uint8_t stored[PKI_SHA256_SIZE], server[PKI_SHA256_SIZE];
	int r;

	if (memchr(password, '\0', len) || len > AUTH_PASSWORD_MAX)
		return 0;
	r = prepare(password, &prepared);
	if (r < 0)
		return r == -EINVAL ? 0 : r;
	r = compute_keys(prepared, c, stored, server);
	if (r == 0)
		r = secret_equal(stored, c->stored, sizeof(stored));
	explicit_bzero(stored, sizeof(stored));
	explicit_bzero(server, sizeof(server));
	return r;
}
