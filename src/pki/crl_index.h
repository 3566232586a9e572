// SPDX-License-Identifier: ISC
/*
 * Revocation lists as one piece of memory in which a certificate is found by binary
 * search, however many there are, and a signature is verified without reading the list
 * again. It is made once for each state of the file of lists, kept in a file of its own,
 * and mapped by whoever asks. Its bytes are of this machine alone, and are believed only
 * as far as they stay inside: whoever can write them can revoke and pardon.
 */
#ifndef PKI_CRL_INDEX_H
#define PKI_CRL_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "pki/crl.h"
#include "pki/der.h"
#include "pki/identity.h"

enum {
	PKI_CRL_SOURCE_SIZE =
		56, /* bytes that tell one state of a file from all others */
	PKI_CRL_LISTS_MAX = 4096,
};

struct gnutls_x509_crt_int;

/* An index that was opened; the memory is its maker's. */
struct pki_crl_index {
	const uint8_t *at;
	size_t len;
	size_t n_lists;
};

/* Appends the index of these lists to *ret, which is empty. What the holders of cas have
 * signed is noted, so that it need not be verified again. 0; -EBADMSG for a serial number
 * of more than PKI_SERIAL_MAX bytes or too many lists, -ENOMEM. */
int pki_crl_index_make(const struct pki_crls *crls,
	const uint8_t source[PKI_CRL_SOURCE_SIZE], const struct pki_der *cas,
	size_t n_cas, struct buffer *ret);

/* Opens an index that lies in memory, and stays there. 0; -ESTALE where it is that of
 * another source or version, -EBADMSG where it is damaged. */
int pki_crl_index_open(const void *data, size_t len,
	const uint8_t source[PKI_CRL_SOURCE_SIZE], struct pki_crl_index *ret);

/* What the current lists that ca has issued and signed say of a certificate: PKI_TRUSTED,
 * PKI_REVOKED, or PKI_BAD where there is no such list. crt may be NULL, to ask for the
 * list alone. */
enum pki_verdict pki_crl_index_ask(const struct pki_crl_index *index,
	struct gnutls_x509_crt_int *ca, struct gnutls_x509_crt_int *crt, int64_t now);

/* Whether a list that bears the name of the certificate's issuer has it, whoever has
 * signed that list: for a certificate whose issuer is not at hand. It can only refuse. A
 * list that is past its time counts, as it pardons nobody; one of the future does not.
 * PKI_REVOKED; PKI_TRUSTED where none has it; PKI_BAD where the certificate cannot be
 * read. */
enum pki_verdict pki_crl_index_ask_by_name(
	const struct pki_crl_index *index, struct gnutls_x509_crt_int *crt, int64_t now);

/* When the first of the lists that are current now is so no more, or INT64_MAX. */
int64_t pki_crl_index_until(const struct pki_crl_index *index, int64_t now);

#endif
