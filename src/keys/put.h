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

/* A line `LABEL       TEXT`, with `none` for "", and one with a time. */
void keys_put_value(const char *label, const char *text);
void keys_put_time(const char *label, int64_t seconds);

#endif
