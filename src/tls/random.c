// SPDX-License-Identifier: ISC
/*
 * GnuTLS marks a random that it draws itself against downgrades, and leaves one that it
 * was given as it is: the mark is made here. No fault but that of drawing.
 */
#include "tls/random.h"

#include <gnutls/gnutls.h>
#include <string.h>

#include "pki/digest.h"
#include "tls/credentials_private.h"

static const uint8_t DOWNGRADE[8] = "DOWNGRD\x01";

int
tls_random_draw(uint8_t ret[TLS_RANDOM_SIZE])
{
	return pki_random(ret, TLS_RANDOM_SIZE);
}

/* The library may have been told to leave a version that the priorities name. */
static bool
is_supported(gnutls_protocol_t version)
{
	const gnutls_protocol_t *p = gnutls_protocol_list();

	while (*p && *p != version)
		p++;
	return *p == version;
}

bool
tls_random_has_tls13(const struct tls_credentials *c)
{
	const unsigned *list;
	int n = gnutls_priority_protocol_list(c->priority, &list);

	for (int i = 0; i < n; i++)
		if (list[i] == GNUTLS_TLS1_3)
			return is_supported(GNUTLS_TLS1_3);
	return false;
}

void
tls_random_say(const struct tls_credentials *c, bool tls13,
	const uint8_t drawn[TLS_RANDOM_SIZE], uint8_t ret[TLS_RANDOM_SIZE])
{
	memcpy(ret, drawn, TLS_RANDOM_SIZE);
	if (!tls13 && tls_random_has_tls13(c))
		memcpy(ret + TLS_RANDOM_SIZE - sizeof DOWNGRADE, DOWNGRADE,
			sizeof DOWNGRADE);
}
