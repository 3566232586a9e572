// SPDX-License-Identifier: ISC
/*
 * SRV records (RFC 2782) by which clients find a submission server (RFC 6186, RFC 8314):
 * _submissions._tcp below a domain. Whoever answers may be anybody, so what they say is
 * shown and never believed.
 */
#ifndef CLIENT_SRV_H
#define CLIENT_SRV_H

#include <stddef.h>
#include <stdint.h>

enum { CLIENT_SRV_MAX = 16, CLIENT_SRV_NAME = 256 };

struct client_srv {
	unsigned priority, weight, port;
	char target[CLIENT_SRV_NAME]; /* "" where the service is not offered: "." */
};

/* Asks the resolver of this machine. The number of records in *ret, the preferred first
 * (lowest priority, then greatest weight); -ENOENT where there are none, -EAGAIN where
 * nobody answers, -EBADMSG for an answer that makes no sense. */
int client_srv_find(
	const char *service, const char *domain, struct client_srv ret[CLIENT_SRV_MAX]);

/* The same for an answer that has come. */
int client_srv_parse(
	const uint8_t *answer, size_t len, struct client_srv ret[CLIENT_SRV_MAX]);

#endif
