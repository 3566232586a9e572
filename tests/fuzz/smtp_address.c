// SPDX-License-Identifier: ISC
/*
 * Paths and parameters. The input is a byte that says which kind and form, then what
 * stands behind FROM or TO. Whatever is accepted has to be an address, and the same one
 * when it is read again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/address.h"
#include "smtp/parameters.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
check_printable(const char *text)
{
	for (; *text; text++)
		require(*text >= ' ' && *text <= '~');
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
	require(smtp_domain_is_valid(domain, strlen(domain)) ||
		smtp_literal_is_valid(domain, strlen(domain)));
	len = (size_t)snprintf(again, sizeof(again), ":<%s>", path->address);
	require(smtp_path_parse(again, len, SMTP_PATH_FORWARD, false, "x", &second) == 0);
	require(strcmp(second.address, path->address) == 0);
	require(second.rest_len == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smtp_parameters parameters;
	enum smtp_path_kind kind;
	struct smtp_path path;
	const char *text;
	bool loose;

	if (size < 1)
		return 0;
	kind = data[0] & 1 ? SMTP_PATH_FORWARD : SMTP_PATH_REVERSE;
	loose = data[0] & 2;
	text = (const char *)data + 1;
	size--;
	if (smtp_path_parse(text, size, kind, loose, "447.edu", &path) < 0)
		return 0;
	check_printable(path.address);
	check_printable(path.typed);
	require(strlen(path.typed) <= SMTP_ADDRESS_MAX);
	require(path.rest >= text && path.rest + path.rest_len == text + size);
	if (path.address[0])
		check_address(&path);
	else
		require(kind == SMTP_PATH_REVERSE && path.bracketed);
	smtp_parameters_of_rcpt(path.rest, path.rest_len);
	if (smtp_parameters_of_mail(path.rest, path.rest_len, &parameters) == 0)
		require(parameters.has_size || parameters.size == 0);
	return 0;
}
