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
 * machine's own is tried. Once the descriptor cancel (or -1) is readable, no more is; the
 * signals that a person sends end the program while the resolver runs. 0 with a
 * non-blocking *ret_fd that the caller closes, CLIENT_LINK_CANCELLED, or a negative
 * number with fault set. */
int client_connect(const struct client_settings *s, int cancel, int64_t deadline,
	int *ret_fd, struct client_fault *fault);

#endif
