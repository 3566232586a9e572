// SPDX-License-Identifier: ISC
/*
 * What a server's first message of SCRAM asks for (RFC 5802 section 7), looked at before
 * the mechanism works on it: with too few rounds of hashing the server would learn the
 * password by guessing, with too many it would keep this machine at work for hours.
 */
#ifndef CLIENT_CHALLENGE_H
#define CLIENT_CHALLENGE_H

#include <stdint.h>

enum {
	CLIENT_ROUNDS_MIN = 4096, /* RFC 7677 section 4 */
	CLIENT_ROUNDS_MAX = 10000000,
};

/* Reads the rounds from a challenge in base64. 0 with *ret, of any size; -EINVAL where it
 * is no such message; -ENOMEM. */
int client_challenge_rounds(const char *challenge, uint64_t *ret);

#endif
