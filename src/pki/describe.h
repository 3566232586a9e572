// SPDX-License-Identifier: ISC
/*
 * Certificates for people: what lies in a file, and what a certificate says in words.
 * Names are as the certificate has them and are to be escaped before they are shown.
 */
#ifndef PKI_DESCRIBE_H
#define PKI_DESCRIBE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "pki/der.h"
#include "pki/make.h"

enum { PKI_CHAIN_MAX = 16 };

/* The certificates of a PEM text, in their order, as DER; the rest of the text is passed
 * over. A zeroed chain is an empty one. */
struct pki_chain {
	struct buffer der[PKI_CHAIN_MAX];
	size_t n;
};

/* 0, -EBADMSG where there is none or a damaged one, -E2BIG for more than PKI_CHAIN_MAX,
 * -ENOMEM. On success the caller ends it with pki_chain_clear. */
int pki_chain_read(const void *pem, size_t len, struct pki_chain *ret);
void pki_chain_clear(struct pki_chain *chain);

/* Appends them as PEM, from the one with index first on. 0, -ENOMEM or -EIO. */
int pki_chain_write(const struct pki_chain *chain, size_t first, struct buffer *ret);

struct pki_description {
	char *subject; /* RFC 4514; empty where there is none */
	char *issuer;
	char *key;    /* as `EC/ECDSA 256 bits` */
	char *others; /* subjectAltNames as `DNS:a, IP:b, email:c`; empty where none */
	char *uses;   /* key usage and its extension as `digitalSignature, clientAuth` */
	char *constraints; /* of a CA, in words; empty where there are none */
	int path_length;   /* of a CA, or -1 where it has no end */
	bool is_ca;
	bool for_server; /* by extended key usage; both where there is none */
	bool for_client;
	bool self_issued; /* subject and issuer are the same */
};

/* 0, -EBADMSG or -ENOMEM. On success the caller ends it with pki_description_clear. */
int pki_describe(const void *der, size_t len, struct pki_description *ret);
void pki_description_clear(struct pki_description *description);

/* A name as DER in the words of RFC 4514. 0, -EBADMSG or -ENOMEM; the caller frees
 * *ret. */
int pki_name_describe(struct pki_der name, char **ret);

/* Whether one certificate is signed by the holder of another, which may be the same and
 * has to be a CA where it is not; dates aside. Both are DER. */
bool pki_certificate_is_from(
	const void *der, size_t len, const void *issuer, size_t issuer_len);

/* Whether a certificate is that of a host with this name or address, as clients see it
 * (RFC 9525). */
bool pki_certificate_names(const void *der, size_t len, const char *host);

/* The type that a key like this certificate's would have; PKI_KEY_P256 for what is made
 * here no more. */
enum pki_key_type pki_certificate_key_type(const void *der, size_t len);

#endif
