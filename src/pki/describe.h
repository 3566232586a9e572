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

struct pki_description {
	char *subject; /* RFC 4514; empty where there is none */
	char *issuer;
	char *key;    /* as `EC/ECDSA 256 bits` */
	char *others; /* subjectAltNames as `DNS:a, IP:b, email:c`; empty where none */
	bool is_ca;
	bool for_server; /* by extended key usage; both where there is none */
	bool for_client;
	bool self_issued; /* subject and issuer are the same */
};

/* 0, -EBADMSG or -ENOMEM. On success the caller ends it with pki_description_clear. */
int pki_describe(const void *der, size_t len, struct pki_description *ret);
void pki_description_clear(struct pki_description *description);

#endif
