// SPDX-License-Identifier: ISC
/*
 * What the server shows and whom it trusts, read before the tls process is forked: its
 * certificates, the roots, the priorities, the revocation lists. The private key is not
 * among it: tls/signer.h holds that, in the smtp process.
 */
#ifndef TLS_CREDENTIALS_H
#define TLS_CREDENTIALS_H

#include <stdint.h>

#include "base/buffer.h"
#include "config/config.h"
#include "pki/validity.h"

struct tls_credentials;

/* Reads the files that the configuration names. 0 with *ret, which the caller ends with
 * tls_credentials_free; or a negative errno, with a sentence in fault that names the
 * file: then nobody can be admitted. */
int tls_credentials_load(
	const struct config *config, struct tls_credentials **ret, struct buffer *fault);
void tls_credentials_free(struct tls_credentials *c);

/* From when until when the server's own certificate is valid. 0 or -EBADMSG. */
int tls_credentials_validity(const struct tls_credentials *c, struct pki_validity *ret);

/* Until when, in seconds since 1970, what was loaded may be used: after that the same
 * files may be judged otherwise, since one of the revocation lists is out of date. */
int64_t tls_credentials_until(const struct tls_credentials *c);

/* Whether the private key at tls_key is that of the certificate: reads the key, so never
 * for a process that will fork. 0, or a negative errno with a sentence in fault. */
int tls_credentials_check_key(const struct config *config,
	const struct tls_credentials *c, struct buffer *fault);

#endif
