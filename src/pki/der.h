// SPDX-License-Identifier: ISC
/*
 * The little of DER (X.690) that is read and written here by hand: what GnuTLS has no
 * call for. Faults: -EBADMSG for what is no DER of a definite, minimal length; -ENOMEM.
 */
#ifndef PKI_DER_H
#define PKI_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

enum {
	PKI_DER_BOOLEAN = 0x01,
	PKI_DER_INTEGER = 0x02,
	PKI_DER_BITS = 0x03,
	PKI_DER_OCTETS = 0x04,
	PKI_DER_NULL = 0x05,
	PKI_DER_OID = 0x06,
	PKI_DER_ENUMERATED = 0x0a,
	PKI_DER_UTC_TIME = 0x17,
	PKI_DER_TIME = 0x18, /* GeneralizedTime */
	PKI_DER_SEQUENCE = 0x30,
	PKI_DER_CONTEXT_0 = 0xa0,
};

/* Bytes that somebody else owns. */
struct pki_der {
	const uint8_t *at;
	size_t len;
};

static inline struct pki_der
pki_der_of(const void *data, size_t len)
{
	return (struct pki_der){ data, len };
}

/* Whether what comes next has this tag. */
bool pki_der_is(const struct pki_der *in, uint8_t tag);

/* Takes the next element of this tag from the front; *ret is what it holds. */
int pki_der_take(struct pki_der *in, uint8_t tag, struct pki_der *ret);

/* Takes the next element, whatever it is; *ret is all of it, its head included. */
int pki_der_take_any(struct pki_der *in, struct pki_der *ret);

/* Whether both hold the same bytes. */
bool pki_der_equal(struct pki_der a, struct pki_der b);

/* A time as RFC 5280 section 4.1.2.5 writes it, taken from the front: seconds since 1970.
 */
int pki_der_take_time(struct pki_der *in, int64_t *ret);

/* Appends one element. */
int pki_der_put(struct buffer *b, uint8_t tag, const void *data, size_t len);

/* Appends a number, and a time as above, which is to be between 1970 and 9999. */
int pki_der_put_number(struct buffer *b, uint8_t tag, uint32_t number);
int pki_der_put_time(struct buffer *b, int64_t seconds);

/* Puts all that the buffer holds into one element; on a fault it is as it was. */
int pki_der_wrap(struct buffer *b, uint8_t tag);

#endif
