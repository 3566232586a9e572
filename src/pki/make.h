// SPDX-License-Identifier: ISC
/*
 * Private keys and certificates made: a CA, and servers' and clients' certificates that
 * it signs or that sign themselves. What they say is fixed here, once for all programs.
 */
#ifndef PKI_MAKE_H
#define PKI_MAKE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

enum pki_key_type { PKI_KEY_P256, PKI_KEY_ED25519, PKI_KEY_RSA3072 };

struct pki_key;

/* A new key. 0, -ENOMEM, or -EIO; the caller ends it with pki_key_free. */
int pki_key_make(enum pki_key_type type, struct pki_key **ret);

/* Reads the first private key of a PEM text that no password protects. -EBADMSG for what
 * holds none. */
int pki_key_read(const void *pem, size_t len, struct pki_key **ret);

/* Appends the key as PEM (PKCS #8, RFC 5958); the buffer is to be wiped. */
int pki_key_write(const struct pki_key *key, struct buffer *ret);

/* The same as DER. */
int pki_key_read_der(const void *der, size_t len, struct pki_key **ret);
int pki_key_write_der(const struct pki_key *key, struct buffer *ret);

/* Cleanup of a key's variable; NULL does nothing. */
void pki_key_free(struct pki_key **key);

/* SHA-256 of the key's SubjectPublicKeyInfo, as pki_identity has it of a certificate. */
int pki_key_pin(const struct pki_key *key, uint8_t ret[32]);

enum pki_role { PKI_ROLE_CA, PKI_ROLE_SERVER, PKI_ROLE_CLIENT };

struct pki_order {
	enum pki_role role;
	const char *common_name;  /* ASCII or UTF-8, at most 64 characters */
	const char *const *hosts; /* DNS names and IP addresses in text, of a server */
	size_t n_hosts;
	const char *mail;   /* rfc822Name of a client, or NULL */
	int64_t not_before; /* seconds since 1970 */
	int64_t not_after;
	unsigned path_length;       /* of a CA: how many may stand below it in a chain */
	const char *const *permits; /* of a CA: domains it may sign for; none: all */
	size_t n_permits;
};

/* Makes a certificate for key and appends it as PEM: signed by issuer_key, which must be
 * that of the certificate issuer (DER), or by itself where issuer_key is NULL. An order
 * that lasts longer than the issuer ends with it. -EINVAL for a host or mail that cannot
 * be written, -EKEYREJECTED where issuer and issuer_key do not belong together, -EBADMSG
 * for an issuer that is no certificate of a CA, -EIO. */
int pki_certificate_make(const struct pki_order *order, const struct pki_key *key,
	const void *issuer, size_t issuer_len, const struct pki_key *issuer_key,
	struct buffer *ret);

/* What is to be another than in an earlier certificate. */
struct pki_renewal {
	const struct pki_key
		*key; /* whose the certificate is; the earlier one, or another */
	const char *common_name; /* the whole new subject, or NULL */
	int path_length;         /* of a CA, or -1 */
	int64_t not_before;
	int64_t not_after;
};

/* Makes a certificate that says what an earlier one (DER) says, but for the above and a
 * new serial number; signed, and with the same faults, as above. Where there is no key
 * there has to be an issuer: -EINVAL. */
int pki_certificate_renew(const void *earlier, size_t earlier_len,
	const struct pki_renewal *renewal, const void *issuer, size_t issuer_len,
	const struct pki_key *issuer_key, struct buffer *ret);

#endif
