// SPDX-License-Identifier: ISC
/*
 * A key with its certificates in one file under a passphrase (PKCS #12, RFC 7292): what
 * browsers, mail programs and systems' stores take.
 */
#ifndef PKI_PKCS12_H
#define PKI_PKCS12_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "pki/describe.h"
#include "pki/make.h"

struct pki_pkcs12 {
	const char *name;       /* as a store will show it */
	const char *passphrase; /* UTF-8 */
	const struct pki_key *key;
	const struct pki_chain *chain; /* the key's certificate first */
	const struct pki_chain *roots; /* whom its holder trusts */
	bool legacy; /* 3DES and SHA-1 for devices that know no better; else AES-256
		      * under PBKDF2 with HMAC-SHA-256, and a MAC with SHA-256 */
};

/* Appends the file as DER; the buffer is to be wiped. 0, -EINVAL for a passphrase that
 * cannot be one, -EIO, also where the library makes something weaker than is said above,
 * -ENOMEM. */
int pki_pkcs12_make(const struct pki_pkcs12 *order, struct buffer *ret);

#endif
