// SPDX-License-Identifier: ISC
/*
 * Text of certificates on standard output, escaped so that a line stays one.
 */
#ifndef KEYS_PUT_H
#define KEYS_PUT_H

#include "keys/certificate.h"

void keys_put_escaped(const char *text);

/* Its users, with commas between. */
void keys_put_names(const struct keys_certificate *c);

#endif
