// SPDX-License-Identifier: ISC
/*
 * PEM (RFC 7468): DER as text, any number of objects in one.
 */
#ifndef PKI_PEM_H
#define PKI_PEM_H

#include <stddef.h>

#include "base/buffer.h"

/* Calls add with the DER of every object of this label in the text, in their order; what
 * stands between is passed over. The first result of add that is not 0 ends it and is
 * answered; -EBADMSG for a damaged object, -ENOMEM. What was decoded is wiped. */
int pki_pem_each(const void *pem, size_t len, const char *label,
	int (*add)(void *context, const void *der, size_t len), void *context);

/* Appends one object. 0, -ENOMEM or -EIO. */
int pki_pem_write(const char *label, const void *der, size_t len, struct buffer *ret);

#endif
