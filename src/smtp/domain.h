// SPDX-License-Identifier: ISC
/*
 * Names of hosts as addresses and greetings carry them: domain names in ASCII, those with
 * letters of other scripts, and address literals (RFC 5321 sections 4.1.2 and 4.1.3, RFC
 * 6531 section 3.3). Only the form is judged; whether a name exists is nobody's matter
 * here.
 */
#ifndef SMTP_DOMAIN_H
#define SMTP_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 5321 section 4.5.3.1.2, RFC 1034 section 3.1. */
enum {
	SMTP_DOMAIN_MAX = 255,
	SMTP_LABEL_MAX = 63,
};

/* Whether text is a domain name: labels of letters, digits and inner hyphens. */
bool smtp_domain_is_valid(const char *text, size_t len);

/* The same where labels may hold characters beyond ASCII in well-formed UTF-8, as
 * U-labels do (RFC 5890 section 2.3.2.1). No tables of Unicode are asked: a label may be
 * one that no registry would take. */
bool smtp_domain_is_valid_utf8(const char *text, size_t len);

/* Whether a character beyond ASCII may stand in a name: all but controls, what looks like
 * a blank, and what turns the direction of writing or is not seen: all that Unicode calls
 * White_Space or Default_Ignorable_Code_Point, and others like them. */
bool smtp_name_may_hold(uint32_t c);

/* Whether text is an address literal: an IPv4 address, an IPv6 address behind "IPv6:", or
 * the general form of a tag and what is behind it, in brackets. */
bool smtp_literal_is_valid(const char *text, size_t len);

#endif
