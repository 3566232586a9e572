// SPDX-License-Identifier: ISC
/*
 * Hashes, PBKDF2, random bytes and base64 by GnuTLS. Nothing here keeps state; copies of
 * what was decoded are overwritten before they are freed. Faults: -EIO where the library
 * fails, -ENOMEM, -EINVAL for text that is no base64 and for numbers out of range.
 */
#include "pki/digest.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* GnuTLS lengths are unsigned int; a datum of no bytes points to some all the same. */
static int
datum_set(gnutls_datum_t *datum, const void *data, size_t len)
{
	if (len > UINT_MAX)
		return -EINVAL;
	datum->data = len > 0 ? (unsigned char *)data : (unsigned char *)"";
	datum->size = (unsigned)len;
	return 0;
}

int
pki_sha256(const void *data, size_t len, uint8_t ret[PKI_SHA256_SIZE])
{
	int r = gnutls_hash_fast(GNUTLS_DIG_SHA256, len > 0 ? data : "", len, ret);

	return r < 0 ? -EIO : 0;
}

int
pki_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
	uint8_t ret[PKI_SHA256_SIZE])
{
	int r = gnutls_hmac_fast(GNUTLS_MAC_SHA256, key_len > 0 ? key : "", key_len,
		len > 0 ? data : "", len, ret);

	return r < 0 ? -EIO : 0;
}

int
pki_pbkdf2_sha256(const void *password, size_t password_len, const void *salt,
	size_t salt_len, unsigned iterations, uint8_t ret[PKI_SHA256_SIZE])
{
	gnutls_datum_t key;
	gnutls_datum_t salted;
	int r;

	if (iterations == 0)
		return -EINVAL;
	r = datum_set(&key, password, password_len);
	if (r < 0)
		return r;
	r = datum_set(&salted, salt, salt_len);
	if (r < 0)
		return r;
	r = gnutls_pbkdf2(
		GNUTLS_MAC_SHA256, &key, &salted, iterations, ret, PKI_SHA256_SIZE);
	return r < 0 ? -EIO : 0;
}

int
pki_random(void *ret, size_t len)
{
	return len > 0 && gnutls_rnd(GNUTLS_RND_KEY, ret, len) < 0 ? -EIO : 0;
}

int
pki_base64_encode(const void *data, size_t len, char **ret)
{
	gnutls_datum_t plain;
	gnutls_datum_t coded = { NULL, 0 };
	char *text;
	int r;

	r = datum_set(&plain, data, len);
	if (r < 0)
		return r;
	if (len > 0) {
		r = gnutls_base64_encode2(&plain, &coded);
		if (r < 0)
			return r == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EIO;
	}
	text = malloc((size_t)coded.size + 1);
	if (text) {
		if (coded.size > 0)
			memcpy(text, coded.data, coded.size);
		text[coded.size] = '\0';
		*ret = text;
	}
	if (coded.data) {
		explicit_bzero(coded.data, coded.size);
		gnutls_free(coded.data);
	}
	return text ? 0 : -ENOMEM;
}

static bool
is_base64_digit(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '+' || c == '/';
}

/* Groups of four digits, the last one with at most two `=` at its end. */
static bool
is_base64_text(const char *text, size_t len)
{
	size_t digits = len;

	if (len % 4 != 0)
		return false;
	while (len - digits < 2 && digits > 0 && text[digits - 1] == '=')
		digits--;
	for (size_t i = 0; i < digits; i++) {
		if (!is_base64_digit(text[i]))
			return false;
	}
	return true;
}

int
pki_base64_decode(const char *text, size_t len, uint8_t **ret, size_t *ret_len)
{
	gnutls_datum_t coded;
	gnutls_datum_t plain = { NULL, 0 };
	uint8_t *bytes;
	int r;

	r = datum_set(&coded, text, len);
	if (r < 0)
		return r;
	if (!is_base64_text(text, len))
		return -EINVAL;
	if (len > 0) {
		/* Bits left over in the last digit that are not zero are an error too. */
		r = gnutls_base64_decode2(&coded, &plain);
		if (r < 0)
			return r == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EINVAL;
	}
	bytes = malloc((size_t)plain.size + 1);
	if (bytes) {
		if (plain.size > 0)
			memcpy(bytes, plain.data, plain.size);
		bytes[plain.size] = '\0';
		*ret = bytes;
		*ret_len = plain.size;
	}
	if (plain.data) {
		explicit_bzero(plain.data, plain.size);
		gnutls_free(plain.data);
	}
	return bytes ? 0 : -ENOMEM;
}
