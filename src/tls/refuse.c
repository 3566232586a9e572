// SPDX-License-Identifier: ISC
/*
 * One write and a linger. What cannot be written into an empty socket is not worth more.
 */
#include "tls/refuse.h"

#include <stdint.h>
#include <unistd.h>

#include "tls/linger.h"

enum { RECORD_ALERT = 21, VERSION_1_2 = 3, LEVEL_FATAL = 2 };

void
tls_refuse_text(const struct host_connection *connection, const char *text, size_t len)
{
	if (write(connection->out, text, len) == (ssize_t)len)
		tls_linger(connection->in, connection->out, -1);
}

void
tls_refuse_alert(const struct host_connection *connection, int alert)
{
	const uint8_t record[] = { RECORD_ALERT, VERSION_1_2, VERSION_1_2, 0, 2,
		LEVEL_FATAL, (uint8_t)alert };

	tls_refuse_text(connection, (const char *)record, sizeof record);
}
