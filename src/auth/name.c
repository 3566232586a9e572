// SPDX-License-Identifier: ISC
/*
 * Names of users: what is let through is listed, all else is refused. Pure: no file, no
 * state, no memory that outlives a call.
 */
#include "auth/name.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

static bool
is_local(const char *text, size_t len)
{
	if (len == 0 || len > AUTH_LOCAL_MAX)
		return false;
	if (!text_is_letter_or_digit(text[0]) && text[0] != '_')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text_is_letter_or_digit(text[i]))
			continue;
		if (text[i] == '\0' || !strchr("._+-=", text[i]))
			return false;
		if (text[i] == '.' && (i + 1 == len || text[i + 1] == '.'))
			return false;
	}
	return true;
}

/* Labels of letters, digits and inner hyphens (RFC 5321 section 2.3.5). */
static bool
is_domain(const char *text, size_t len)
{
	char before = '.';

	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		char after = i + 1 < len ? text[i + 1] : '.';

		if (text[i] == '.' && before == '.')
			return false;
		if (text[i] == '-' && (before == '.' || after == '.'))
			return false;
		if (text[i] != '.' && text[i] != '-' && !text_is_letter_or_digit(text[i]))
			return false;
		before = text[i];
	}
	return before != '.';
}

int
auth_address_read(const char *text, size_t len, char ret[AUTH_NAME_SIZE])
{
	const char *at;
	size_t local;

	if (len > AUTH_NAME_MAX)
		return -EINVAL;
	at = memchr(text, '@', len);
	if (!at)
		return -EINVAL;
	local = (size_t)(at - text);
	if (!is_local(text, local) || !is_domain(at + 1, len - local - 1))
		return -EINVAL;
	memcpy(ret, text, len);
	ret[len] = '\0';
	text_lower(ret, len);
	return 0;
}

int
auth_name_read(const struct config *config, const char *text, size_t len,
	char ret[AUTH_NAME_SIZE])
{
	char name[AUTH_NAME_SIZE];
	size_t domain_len;
	int r;

	if (len > AUTH_NAME_MAX)
		return -EINVAL;
	if (memchr(text, '@', len)) {
		r = auth_address_read(text, len, name);
		if (r < 0)
			return r;
		if (!config_serves(config, strchr(name, '@') + 1))
			return -EADDRNOTAVAIL;
		memcpy(ret, name, len + 1);
		return 0;
	}
	domain_len = strlen(config->domains[0]);
	if (!is_local(text, len) || len + 1 + domain_len > AUTH_NAME_MAX)
		return -EINVAL;
	memcpy(ret, text, len);
	text_lower(ret, len);
	ret[len] = '@';
	memcpy(ret + len + 1, config->domains[0], domain_len + 1);
	return 0;
}

bool
auth_name_listed(
	const struct config *config, char *const *names, size_t n_names, const char *user)
{
	char name[AUTH_NAME_SIZE];

	for (size_t i = 0; i < n_names; i++) {
		if (auth_name_read(config, names[i], strlen(names[i]), name) < 0)
			continue;
		if (strcmp(name, user) == 0)
			return true;
	}
	return false;
}
