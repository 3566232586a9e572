// SPDX-License-Identifier: ISC
/*
 * The secret number of an elliptic curve's key, written as RFC 5915 section 3 has it: in
 * as many bytes as the curve's order, no matter how small or large it is. GnuTLS writes
 * it as a signed integer, in a byte more or in fewer, and some libraries refuse that.
 */
#ifndef PKI_SCALAR_H
#define PKI_SCALAR_H

#include <stddef.h>

#include "base/buffer.h"

/* Reads a key as PKCS #8 (RFC 5958), DER, of a curve whose order has that many bytes. 1
 * with the key as it is to be in *ret, which is to be wiped; 0 where it is so already;
 * -EBADMSG for what is no such key, or -ENOMEM. */
int pki_scalar_fit(const void *der, size_t len, size_t size, struct buffer *ret);

#endif
