// SPDX-License-Identifier: ISC
/*
 * A TCP connection to the first address of a host that answers.
 */
#ifndef CLIENT_CONNECT_H
#define CLIENT_CONNECT_H

#include <stdint.h>

#include "client/settings.h"

/* Tries each address that the resolver gives, in its order, until the deadline
 * (host_clock_ms), which they share out. With CLIENT_TLS_OFF no address but this
 * machine's own is tried. 0 with a non-blocking *ret_fd that the caller closes, or a
 * negative number with fault set. */
int client_connect(const struct client_settings *s, int64_t deadline, int *ret_fd,
	struct client_fault *fault);

#endif
