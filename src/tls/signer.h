// SPDX-License-Identifier: ISC
/*
 * The server's private key, in the smtp process alone. It signs once for its connection,
 * with algorithms of its own kind, and is dropped.
 */
#ifndef TLS_SIGNER_H
#define TLS_SIGNER_H

#include <stdint.h>

#include "base/buffer.h"
#include "tls/control.h"

struct tls_signer;

/* Reads the key at path. Never call it in a process that will fork a tls process. 0 with
 * *ret, or a negative errno with a sentence in fault that names the file. */
int tls_signer_load(const char *path, struct tls_signer **ret, struct buffer *fault);

/* Signs and drops the key. 0 with the signature appended to signature; -EALREADY for a
 * second request; -EINVAL for an algorithm that is not of this key; -EIO. */
int tls_signer_sign(
	struct tls_signer *s, const struct tls_sign *request, struct buffer *signature);

void tls_signer_free(struct tls_signer *s); /* NULL does nothing */

#endif
