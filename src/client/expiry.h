// SPDX-License-Identifier: ISC
/*
 * Certificates that end soon, told to whoever can renew them while they still hold.
 */
#ifndef CLIENT_EXPIRY_H
#define CLIENT_EXPIRY_H

#include "client/settings.h"
#include "tls/client.h"

/* Says on standard error that the certificate which we have shown, or the server's, ends
 * soon (pki/validity.h): a line for each. */
void client_expiry_warn(const struct client_settings *s, const struct tls_client *t);

#endif
