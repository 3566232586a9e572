// SPDX-License-Identifier: ISC
/*
 * A checksum and hash of 64 bits: finds damage and spreads keys over a table. It keeps no
 * secret and withstands no forger.
 */
#ifndef BASE_SUM_H
#define BASE_SUM_H

#include <stddef.h>
#include <stdint.h>

/* The sum of n bytes; another seed gives another one. */
uint64_t sum_64(const void *data, size_t n, uint64_t seed);

#endif
