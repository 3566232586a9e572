// SPDX-License-Identifier: ISC
/*
 * GnuTLS' handles, named without its headers: for this room, and for those above it that
 * ask one certificate several questions and would have it read once.
 */
#ifndef PKI_HANDLE_H
#define PKI_HANDLE_H

#include <stddef.h>
#include <stdint.h>

#include "pki/identity.h"

struct gnutls_x509_crt_int;
struct gnutls_x509_privkey_int;
struct pki_key;

/* Reads one DER certificate of at most PKI_CERTIFICATE_MAX bytes. 0, -EBADMSG for what is
 * none, -ENOMEM. The caller ends it with pki_crt_free. */
int pki_crt_read(const void *der, size_t len, struct gnutls_x509_crt_int **ret);

/* Cleanup of a handle's variable; NULL does nothing. */
void pki_crt_free(struct gnutls_x509_crt_int **crt);

/* As pki_identity_read and pki_client_judge, of a certificate that was read. */
int pki_crt_identity(struct gnutls_x509_crt_int *crt, struct pki_identity *ret);
enum pki_verdict pki_crt_judge(struct gnutls_x509_crt_int *crt, int64_t now);

/* Whether it is a CA's that may sign revocation lists (RFC 5280 section 4.2.1.3). */
bool pki_crt_may_sign_lists(struct gnutls_x509_crt_int *crt);

/* Whether the certificate is signed by its own key. */
bool pki_crt_is_self_signed(struct gnutls_x509_crt_int *crt);

/* The handle inside a key, which keeps it. */
struct gnutls_x509_privkey_int *pki_key_handle(const struct pki_key *key);

/* A GnuTLS error of parsing as a negative errno: -ENOMEM or -EBADMSG. */
int pki_parse_fault(int gnutls_error);

#endif
