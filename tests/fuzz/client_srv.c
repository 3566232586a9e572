// SPDX-License-Identifier: ISC
/*
 * Answers of DNS: whatever they are, the records that are found are in order and their
 * names fit to be shown.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/srv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct client_srv found[CLIENT_SRV_MAX];
	int n = client_srv_parse(data, size, found);

	require((n > 0 && n <= CLIENT_SRV_MAX) || n == -ENOENT || n == -EBADMSG);
	for (int i = 0; i < n; i++) {
		require(memchr(found[i].target, '\0', CLIENT_SRV_NAME) != NULL);
		for (const char *p = found[i].target; *p; p++)
			require(*p > ' ' && *p < 0x7f);
		require(found[i].port <= 65535);
		require(i == 0 || found[i - 1].priority <= found[i].priority);
	}
	return 0;
}
