// SPDX-License-Identifier: ISC
/*
 * Paths and parameters. The input is a byte that says which kind and form, then what
 * stands behind FROM or TO. Whatever is accepted has to be an address, the same one when
 * it is read again, and one that has a folder.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "smtp/address.h"
#include "smtp/parameters.h"
#include "spool/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* ASCII that can be seen, and more where that is allowed. */
static void
check_printable(const char *text, bool utf8)
{
	size_t len = strlen(text);

	while (len > 0) {
		uint32_t c;
		size_t n = utf8_char(text, len, &c);

		require(n == 1 || (n > 1 && utf8 && smtp_name_may_hold(c)));
		require(n > 1 || (c >= ' ' && c <= '~'));
		text += n;
		len -= n;
	}
}

static void
check_folder(const char *address)
{
	char domain_folder[SPOOL_NAME_SIZE], local_folder[SPOOL_NAME_SIZE];

	require(spool_name_address(address, domain_folder, local_folder) == 0);
	require(!strchr(domain_folder, '/') && !strchr(local_folder, '/'));
	require(*domain_folder && *domain_folder != '.' && *domain_folder != '-');
	require(*local_folder && *local_folder != '.' && *local_folder != '-');
}

static void
check_address(const struct smtp_path *path)
{
	const char *at = strrchr(path->address, '@'), *domain = smtp_path_domain(path);
	char again[SMTP_ADDRESS_MAX + 8];
	struct smtp_path second;
	size_t len;

	require(at && domain == at + 1);
	require(strlen(path->address) <= SMTP_ADDRESS_MAX);
	require(at > path->address && at - path->address <= SMTP_LOCAL_PART_MAX);
	require(smtp_domain_is_valid_utf8(domain, strlen(domain)) ||
		smtp_literal_is_valid(domain, strlen(domain)));
	len = (size_t)snprintf(again, sizeof(again), ":<%s>", path->address);
	require(smtp_path_parse(again, len, SMTP_PATH_FORWARD, false, "x", &second) == 0);
	require(strcmp(second.address, path->address) == 0);
	require(second.rest_len == 0);
	if (smtp_domain_is_valid(domain, strlen(domain)))
		check_folder(path->address);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smtp_parameters parameters;
	enum smtp_path_kind kind;
	struct smtp_path path;
	const char *text;
	bool loose, modern;

	if (size < 1)
		return 0;
	kind = data[0] & 1 ? SMTP_PATH_FORWARD : SMTP_PATH_REVERSE;
	loose = data[0] & 2;
	modern = data[0] & 4;
	text = (const char *)data + 1;
	size--;
	if (smtp_path_parse(text, size, kind, loose, "447.edu", &path) < 0)
		return 0;
	check_printable(path.address, path.utf8);
	check_printable(path.typed, path.utf8);
	require(strlen(path.typed) <= SMTP_ADDRESS_MAX);
	require(path.rest >= text && path.rest + path.rest_len == text + size);
	if (path.address[0])
		check_address(&path);
	else
		require(kind == SMTP_PATH_REVERSE && path.bracketed);
	smtp_parameters_of_rcpt(path.rest, path.rest_len);
	if (smtp_parameters_of_mail(path.rest, path.rest_len, modern, &parameters) < 0)
		return 0;
	require(parameters.has_size || parameters.size == 0);
	require(modern || (!parameters.utf8 && parameters.body == SMTP_BODY_TEXT));
	return 0;
}
