// SPDX-License-Identifier: ISC
/*
 * The random of the ServerHello: drawn in the smtp process for one connection, said by
 * its tls process, found again in the transcript. Both work out by one rule what is said
 * where a certain random was drawn.
 */
#ifndef TLS_RANDOM_H
#define TLS_RANDOM_H

#include "tls/credentials.h"
#include "tls/transcript.h"

/* 0 or -EIO. */
int tls_random_draw(uint8_t ret[TLS_RANDOM_SIZE]);

/* What the ServerHello says: what was drawn, but for its last eight bytes where TLS 1.2
 * is spoken although TLS 1.3 could be (RFC 8446 section 4.1.3). */
void tls_random_say(const struct tls_credentials *c, bool tls13,
	const uint8_t drawn[TLS_RANDOM_SIZE], uint8_t ret[TLS_RANDOM_SIZE]);

/* Whether TLS 1.3 is spoken with whoever offers it. */
bool tls_random_has_tls13(const struct tls_credentials *c);

#endif
