// SPDX-License-Identifier: ISC
/*
 * Names checked before they reach a certificate or a path. Pure. What is not plainly
 * allowed is refused: no slash, no leading dot or hyphen, no byte beyond ASCII.
 */
#include "keys/name.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#include "base/text.h"

enum { LABEL_MAX = 63, DOMAIN_MAX = 253 }; /* RFC 1035 section 2.3.4 */

/* Letters, digits and inner hyphens (RFC 1123 section 2.1). */
static bool
is_label(const char *label, size_t len)
{
	if (len == 0 || len > LABEL_MAX || label[0] == '-' || label[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!text_is_letter_or_digit(label[i]) && label[i] != '-')
			return false;
	}
	return true;
}

static bool
is_number(const char *label)
{
	return label[strspn(label, "0123456789")] == '\0';
}

/* Labels between dots, of which the last is no number: that would be an address. */
static bool
is_domain(const char *domain)
{
	if (strlen(domain) > DOMAIN_MAX)
		return false;
	for (;;) {
		size_t len = strcspn(domain, ".");

		if (!is_label(domain, len))
			return false;
		if (domain[len] == '\0')
			return !is_number(domain);
		domain += len + 1;
	}
}

static bool
is_local_part(const char *name, size_t len)
{
	if (len == 0 || !(text_is_letter_or_digit(name[0]) || name[0] == '_') ||
		name[len - 1] == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!text_is_letter_or_digit(name[i]) && !strchr("._+=-", name[i]))
			return false;
		if (name[i] == '.' && name[i + 1] == '.')
			return false;
	}
	return true;
}

const char *
keys_name_fault(const char *name)
{
	const char *at = strchr(name, '@');

	if (strlen(name) > KEYS_NAME_MAX)
		return "is longer than 64 bytes";
	if (!is_local_part(name, at ? (size_t)(at - name) : strlen(name)))
		return "is no user's name: letters, digits and . _ + = - are allowed, "
		       "with a letter, a digit or _ first";
	if (at && !is_domain(at + 1))
		return "has no domain behind the @";
	return NULL;
}

const char *
keys_ca_name_fault(const char *name)
{
	if (strlen(name) > KEYS_CA_NAME_MAX)
		return "is longer than 48 bytes";
	if (!is_local_part(name, strlen(name)))
		return "is no CA's name: letters, digits and . _ + = - are allowed, with "
		       "a letter, a digit or _ first";
	return NULL;
}

const char *
keys_domain_fault(const char *domain)
{
	return is_domain(domain) ? NULL : "is no DNS domain";
}

const char *
keys_host_fault(const char *host)
{
	unsigned char address[16];

	if (inet_pton(AF_INET, host, address) == 1 ||
		inet_pton(AF_INET6, host, address) == 1)
		return NULL;
	if (!is_domain(host))
		return "is neither a DNS name nor an IP address";
	return NULL;
}
