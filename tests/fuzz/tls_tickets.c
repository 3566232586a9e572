// SPDX-License-Identifier: ISC
/*
 * Any bytes as a ClientHello in which a ticket is looked for: what is found stands there.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tls/tickets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t id[TLS_TICKET_ID];

	for (int tls13 = 0; tls13 < 2; tls13++)
		if (tls_tickets_find(data, size, tls13, id) &&
			!memmem(data, size, id, sizeof id))
			abort();
	return 0;
}
