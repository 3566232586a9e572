// SPDX-License-Identifier: ISC
/*
 * Any bytes as a control message: refused, or a message that encodes to the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tls/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	struct tls_message m;

	if (tls_message_decode(data, size, &m) < 0)
		return 0;
	if (tls_message_encode(&b, &m) < 0)
		abort();
	if (buffer_len(&b) != size || memcmp(buffer_data(&b), data, size) != 0)
		abort();
	tls_message_clear(&m);
	return 0;
}
