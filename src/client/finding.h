// SPDX-License-Identifier: ISC
/*
 * What a check finds, one line each as it is found, for people; or as JSON at the end.
 */
#ifndef CLIENT_FINDING_H
#define CLIENT_FINDING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

enum client_finding_kind { CLIENT_FINE, CLIENT_WARNING, CLIENT_ERROR };

/* Zeroed but for json, nothing was found. */
struct client_findings {
	bool json;
	size_t n, errors;
	struct buffer objects; /* for JSON */
};

/* One finding: what was looked at, in a word, and what is so. remedy: what to do, or
 * NULL. */
void client_finding_add(struct client_findings *f, enum client_finding_kind kind,
	const char *what, const char *remedy, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Writes what is still to be written, and frees. */
void client_findings_end(struct client_findings *f);

#endif
