// SPDX-License-Identifier: ISC
/*
 * A certificate from any bytes, up to whom it lets in: what is read of it is bounded and
 * printable, and of its names only those are users' that every other part of the program
 * would take for one.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/line.h"
#include "auth/name.h"
#include "base/cleanup.h"
#include "base/utf8.h"
#include "pki/describe.h"
#include "pki/identity.h"
#include "pki/spki.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
check_name(const struct config *config, const char *name)
{
	char user[AUTH_NAME_SIZE], key[AUTH_KEY_SIZE];
	size_t len = strlen(name);

	check(len > 0 && len <= PKI_NAME_MAX);
	check(utf8_is_valid(name, len) && !strpbrk(name, "\n\r\t\x7f"));
	if (auth_name_read(config, name, len, user) < 0)
		return;
	check(strchr(user, '@') && !strpbrk(user, " */\\"));
	len = auth_key_make('u', user, key);
	check(auth_line_is_whole(key, len));
}

static void
check_identity(const struct config *config, const struct pki_identity *id)
{
	check(id->n_names <= PKI_NAMES_MAX && id->serial_len <= PKI_SERIAL_MAX);
	check(id->has_san || id->n_names <= 1);
	for (size_t i = 0; i < id->n_names; i++)
		check_name(config, id->names[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *domains[] = { (char *)"447.edu", NULL };
	struct config config = { .domains = domains, .n_domains = 1 };
	struct pki_description description;
	struct pki_identity id;
	const void *spki;
	size_t len;

	check(pki_client_judge(data, size, 1900000000) < PKI_VERDICTS);
	if (pki_spki_find(data, size, &spki, &len) == 0)
		check((const uint8_t *)spki >= data && len > 0 &&
			(const uint8_t *)spki + len <= data + size);
	if (pki_describe(data, size, &description) == 0)
		pki_description_clear(&description);
	if (pki_identity_read(data, size, &id) < 0)
		return 0;
	check_identity(&config, &id);
	pki_identity_clear(&id);
	return 0;
}
