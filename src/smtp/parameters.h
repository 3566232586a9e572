// SPDX-License-Identifier: ISC
/*
 * The parameters behind the path of MAIL and RCPT (RFC 5321 section 4.1.2): SIZE (RFC
 * 1870), BODY (RFC 6152, RFC 3030), SMTPUTF8 (RFC 6531) and AUTH (RFC 4954 section 5,
 * read and ignored) of MAIL; RCPT has none.
 */
#ifndef SMTP_PARAMETERS_H
#define SMTP_PARAMETERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "smtp/data.h"

struct smtp_parameters {
	bool has_size;
	bool has_body;
	bool has_auth;
	bool utf8; /* SMTPUTF8 */
	enum smtp_body body;
	uint64_t size; /* declared, in bytes; UINT64_MAX for what is beyond it */
};

/* Reads parameters with blanks between. BODY=BINARYMIME and SMTPUTF8 are known where
 * modern is true alone. 0 with *ret, -EINVAL for one that is malformed, given twice or
 * has a bad value, -ENOTSUP for one that is unknown; the first fault counts. */
int smtp_parameters_of_mail(
	const char *text, size_t len, bool modern, struct smtp_parameters *ret);
int smtp_parameters_of_rcpt(const char *text, size_t len);

/* Takes the word SMTPUTF8 from the end of what stands behind VRFY or EXPN, where another
 * word stands before it (RFC 6531 section 3.7.4.2): whether it was there. */
bool smtp_parameter_of_vrfy(const char *text, size_t *len);

#endif
