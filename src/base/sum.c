// SPDX-License-Identifier: ISC
/*
 * Eight bytes at a time, multiplied and folded, the way of many non-cryptographic hashes.
 */
#include "base/sum.h"

#include <string.h>

static const uint64_t ODD = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t
mix(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * ODD;
	return sum ^ (sum >> 32);
}

uint64_t
sum_64(const void *data, size_t n, uint64_t seed)
{
	const unsigned char *at = data;
	uint64_t sum = mix(seed, n), word;

	for (; n >= sizeof word; n -= sizeof word, at += sizeof word) {
		memcpy(&word, at, sizeof word);
		sum = mix(sum, word);
	}
	word = 0;
	if (n > 0)
		memcpy(&word, at, n);
	return mix(mix(sum, word), ODD);
}
