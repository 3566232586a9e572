// SPDX-License-Identifier: ISC
/*
 * Revocation lists (RFC 5280 section 5) as files: read, checked, searched, made.
 */
#ifndef PKI_CRL_H
#define PKI_CRL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "pki/der.h"
#include "pki/identity.h"
#include "pki/make.h"

enum {
	PKI_CRL_FILE_MAX = 64 << 20, /* bytes of a file of lists */
	PKI_CRL_NUMBER_MAX = 20,     /* RFC 5280 section 5.2.3 */
};

/* RFC 5280 section 5.3.1. */
enum pki_reason {
	PKI_REASON_UNSPECIFIED = 0,
	PKI_REASON_KEY_COMPROMISE = 1,
	PKI_REASON_CA_COMPROMISE = 2,
	PKI_REASON_AFFILIATION_CHANGED = 3,
	PKI_REASON_SUPERSEDED = 4,
	PKI_REASON_CESSATION = 5,
	PKI_REASON_PRIVILEGE_WITHDRAWN = 9,
	PKI_REASON_MAX = 10
};

/* The name in the RFC, as `keyCompromise`, or NULL for one that is not used. */
const char *pki_reason_name(unsigned reason);

/* The reverse, upper and lower case aside. 0 or -EINVAL. */
int pki_reason_parse(const char *name, enum pki_reason *ret);

/* One certificate of a list. */
struct pki_crl_entry {
	struct pki_der serial; /* as the list has it: no sign, the first byte not 0 */
	int64_t date;
	unsigned reason;
};

/* One list. What is read of it lies in der. */
struct pki_crl {
	struct buffer der;
	struct pki_der issuer;  /* its name, as DER */
	struct pki_der revoked; /* all entries, as they stand there */
	struct pki_der head;    /* what is signed before the entries, and behind them */
	struct pki_der tail;
	struct pki_der algorithm; /* of the signature */
	uint8_t number[PKI_CRL_NUMBER_MAX];
	size_t number_len; /* 0: the list has none */
	int64_t this_update;
	int64_t next_update; /* INT64_MAX where there is none */
	bool restricted; /* a critical extension says that it is not about all there is */
	struct pki_crl_entry *entries; /* sorted by serial */
	size_t n_entries;
};

struct pki_crls {
	struct pki_crl *lists;
	size_t n;
};

/* The lists of a PEM text, in their order; the rest of the text is passed over. 0, also
 * where there is none; -EBADMSG for a damaged one, -ENOMEM. Whether anything in them is
 * to be believed is what pki_crl_is_from says. The caller ends it with pki_crls_clear. */
int pki_crls_read(const void *pem, size_t len, struct pki_crls *ret);
void pki_crls_clear(struct pki_crls *crls);

/* Reads one list as DER. On success the caller ends it with pki_crl_clear. */
int pki_crl_read(const void *der, size_t len, struct pki_crl *ret);
void pki_crl_clear(struct pki_crl *crl);

/* Whether the holder of this CA certificate (DER) has issued and signed the list. */
bool pki_crl_is_from(const struct pki_crl *crl, const void *ca, size_t ca_len);

/* How the list is signed (gnutls_sign_algorithm_t), 0 where that cannot be read. */
int pki_crl_algorithm(const struct pki_crl *crl);

/* Whether the list is that of the issuer of this certificate (DER), by its name. */
bool pki_crl_is_about(const struct pki_crl *crl, const void *der, size_t len);

/* The entry with this serial number, or NULL. */
const struct pki_crl_entry *pki_crl_find(
	const struct pki_crl *crl, const void *serial, size_t len);

/* The list as PEM, appended. */
int pki_crl_write(const struct pki_crl *crl, struct buffer *ret);

/* A list to be made. */
struct pki_crl_order {
	int64_t this_update; /* seconds since 1970 */
	int64_t next_update;
	const struct pki_crl *earlier; /* whose entries stay, as they are; or NULL */
	const struct pki_crl_entry *more;
	size_t n_more; /* those that stand among the earlier ones are passed over */
};

/* Makes a list of the CA whose certificate is issuer (DER) and whose key is key, and
 * appends it as PEM. Its number is above the earlier one's, and no less than the seconds
 * since 1970, so that it grows even where the earlier list was lost. -EBADMSG for an
 * issuer that is no certificate, -EKEYREJECTED for one whose key it is not, -EIO,
 * -ENOMEM. */
int pki_crl_make(const struct pki_crl_order *order, const void *issuer, size_t issuer_len,
	const struct pki_key *key, struct buffer *ret);

#endif
