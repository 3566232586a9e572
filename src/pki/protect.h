// SPDX-License-Identifier: ISC
/*
 * Private keys kept with a passphrase: PKCS #8 (RFC 5958) encrypted by PBES2 (RFC 8018).
 */
#ifndef PKI_PROTECT_H
#define PKI_PROTECT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "pki/make.h"

/* PBKDF2 rounds of what is written here. */
enum { PKI_PROTECT_ROUNDS = 600000 };

/* Whether a PEM text holds such a key. */
bool pki_key_is_protected(const void *pem, size_t len);

/* Appends the key as PEM, encrypted with AES-256-CBC under PBKDF2 with HMAC-SHA-256 and
 * PKI_PROTECT_ROUNDS. 0, -ENOMEM or -EIO. */
int pki_key_protect(
	const struct pki_key *key, const char *passphrase, struct buffer *ret);

/* Reads the first encrypted key of a PEM text: AES in CBC mode under PBKDF2 with
 * HMAC-SHA-1, 256, 384 or 512, as OpenSSL and GnuTLS write it. -EBADMSG for a text that
 * holds none or a damaged one, -ENOTSUP for one encrypted in another way, -EKEYREJECTED
 * for the wrong passphrase, -EIO, -ENOMEM. The caller ends the key with pki_key_free. */
int pki_key_unprotect(
	const void *pem, size_t len, const char *passphrase, struct pki_key **ret);

#endif
