// SPDX-License-Identifier: ISC
/*
 * Hashes, PBKDF2, random bytes and base64, so that rooms that may not include GnuTLS can
 * use it. Every call answers 0 or a negative errno; a fault of the library is -EIO.
 */
#ifndef PKI_DIGEST_H
#define PKI_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum { PKI_SHA256_SIZE = 32 };

int pki_sha256(const void *data, size_t len, uint8_t ret[PKI_SHA256_SIZE]);

int pki_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
	uint8_t ret[PKI_SHA256_SIZE]);

/* PBKDF2 with HMAC-SHA-256 (RFC 8018 section 5.2), one block of output. */
int pki_pbkdf2_sha256(const void *password, size_t password_len, const void *salt,
	size_t salt_len, unsigned iterations, uint8_t ret[PKI_SHA256_SIZE]);

/* Bytes fit for keys. */
int pki_random(void *ret, size_t len);

/* RFC 4648 section 4, on one line. *ret is a string that the caller frees. */
int pki_base64_encode(const void *data, size_t len, char **ret);

/* The strict reverse: no blank, no line end, padding as it must be; -EINVAL otherwise. A
 * NUL that is not counted follows the bytes; the caller wipes and frees them. */
int pki_base64_decode(const char *text, size_t len, uint8_t **ret, size_t *ret_len);

#endif
