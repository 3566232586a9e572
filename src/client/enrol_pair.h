// SPDX-License-Identifier: ISC
/*
 * The pair of an enrolment: a key, and a certificate that it signs itself. Who looks at
 * the certificate learns this machine's name; the server goes by the key alone.
 */
#ifndef CLIENT_ENROL_PAIR_H
#define CLIENT_ENROL_PAIR_H

#include "base/buffer.h"
#include "client/fault.h"

/* Makes a key where *key is empty, and the certificate, both PEM with a NUL behind. *cert
 * has to be empty. 0, or a negative number with fault set. */
int client_enrol_pair(
	struct buffer *key, struct buffer *cert, struct client_fault *fault);

#endif
