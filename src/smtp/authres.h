// SPDX-License-Identifier: ISC
/*
 * Authentication-Results (RFC 8601): the field that says how a peer was authenticated,
 * and the judgement on one that a peer has sent. Whoever reads such a field believes it
 * for the name it begins with, so one that names us must be ours.
 */
#ifndef SMTP_AUTHRES_H
#define SMTP_AUTHRES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

struct smtp_authres {
	const char *hostname;  /* who says so: the authserv-id */
	const char *mechanism; /* of the login: "PLAIN", "classic" */
	const char *user;      /* its canonical address */
	const char *device;    /* the certificate's pin in hexadecimal, or NULL */
	bool crlf;             /* lines end so, instead of with LF */
};

/* The names under which results would be believed to be ours. */
struct smtp_authres_names {
	const char *hostname;
	char *const *domains; /* and whatever is below them */
	size_t n_domains;
};

/* Appends the whole field, folded. The login is the registered method
 * "auth" (section 2.7.4), with its mechanism in a comment; no method is registered for
 * client certificates, so the device is a property of ptype "policy" (section 2.4):
 * without it nobody logs in. 0 or -ENOMEM. */
int smtp_authres_append(struct buffer *b, const struct smtp_authres *a);

/* Whether a field with that value (behind the colon, folded or not) may stay in a message
 * that comes from outside (section 5): it can be read up to the ";" behind its
 * authserv-id, its version is 1, and that is nobody of ours. */
bool smtp_authres_is_foreign(
	const char *value, size_t len, const struct smtp_authres_names *ours);

#endif
