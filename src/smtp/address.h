// SPDX-License-Identifier: ISC
/*
 * Paths as MAIL and RCPT carry them: the strict form of RFC 5321 section 4.1.2 with its
 * angle brackets, and the loose forms that a person types. Source routes are read and
 * dropped, quoted local parts that need no quotes lose them. Local parts and domains may
 * hold well-formed UTF-8 (RFC 6531 section 3.3); whether they may here and now is the
 * caller's matter.
 */
#ifndef SMTP_ADDRESS_H
#define SMTP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "smtp/domain.h"

/* RFC 5321 section 4.5.3.1, in bytes; the whole address is a path of 256 without its
 * brackets. */
enum {
	SMTP_LOCAL_PART_MAX = 64,
	SMTP_ADDRESS_MAX = 254,
};

enum smtp_path_kind {
	SMTP_PATH_REVERSE, /* of MAIL: may be the null path */
	SMTP_PATH_FORWARD, /* of RCPT: "postmaster" needs no domain */
};

struct smtp_path {
	char address[SMTP_ADDRESS_MAX + 1]; /* "local@domain"; "" for the null path */
	size_t domain_at; /* where in it the domain begins, which is in lower case */
	char typed[SMTP_ADDRESS_MAX + 3]; /* as it came, without brackets and route */
	bool bracketed;
	bool utf8;        /* something of it is not ASCII */
	const char *rest; /* behind the path, its blanks skipped */
	size_t rest_len;
};

static inline const char *
smtp_path_domain(const struct smtp_path *path)
{
	return path->address + path->domain_at;
}

/* Reads a path from what stands behind "FROM" or "TO": a colon and angle brackets where
 * loose is false; where it is true both may be missing, blanks may stand between, and a
 * name without a domain gets default_domain. A domain may be an address literal, which
 * is kept with its brackets. 0 with *ret, or -EINVAL for what is none of this or too
 * long. */
int smtp_path_parse(const char *text, size_t len, enum smtp_path_kind kind, bool loose,
	const char *default_domain, struct smtp_path *ret);

/* Gives the path another spelling of its domain. 0, or -EINVAL where that is too long. */
int smtp_path_set_domain(struct smtp_path *path, const char *domain);

#endif
