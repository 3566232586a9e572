// SPDX-License-Identifier: ISC
/*
 * Name constraints (RFC 5280 section 4.2.1.10): for which names a CA may sign at all.
 */
#ifndef PKI_CONSTRAINTS_H
#define PKI_CONSTRAINTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

struct gnutls_x509_crt_int;

enum pki_name_kind { PKI_NAME_DNS, PKI_NAME_MAIL, PKI_NAME_ADDRESS };

/* Whether the constraints of a CA certificate (DER) allow a name: a DNS name, a mail
 * address, the text of an IP address. Names are compared byte for byte. 1 or 0, also 0
 * for an address that is none; -EBADMSG, -ENOMEM. */
int pki_constraints_allow(
	const void *ca, size_t len, enum pki_name_kind kind, const char *name);

/* Whether they say anything about names of this kind. 1 or 0; -EBADMSG, -ENOMEM. */
int pki_constraints_are_about(const void *ca, size_t len, enum pki_name_kind kind);

/* Whether the constraints of a CA let it name a user by a CN: where they are about mail
 * addresses at all, the CN has to be one that they allow. 1 or 0; -EBADMSG, -ENOMEM. */
int pki_crt_allows_user(struct gnutls_x509_crt_int *ca, const char *name);

/* Appends them in words, as `permitted DNS:a, email:b`; nothing where there are none. */
int pki_constraints_describe(const void *ca, size_t len, struct buffer *ret);

/* Lets a certificate that is being made sign for these domains and those below them
 * alone: DNS names and mail addresses. Nothing for none. 0, -EINVAL, -EIO or -ENOMEM. */
int pki_constraints_set(
	struct gnutls_x509_crt_int *crt, const char *const *domains, size_t n);

#endif
