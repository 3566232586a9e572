// SPDX-License-Identifier: ISC
/*
 * Pins. Their names are hexadecimal, made here.
 */
#include "keys/pins.h"

#include <stdio.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "keys/report.h"
#include "pki/describe.h"

static int
path_of(const char *folder, const char *name, const struct buffer *pem,
	char ret[KEYS_PIN_PATH])
{
	CLEANUP(pki_chain_clear) struct pki_chain chain = { 0 };
	CLEANUP(pki_identity_clear) struct pki_identity id = { 0 };
	char hex[PKI_PIN_HEX];

	if (pki_chain_read(buffer_data(pem), buffer_len(pem), &chain) < 0 ||
		pki_identity_read(
			buffer_data(&chain.der[0]), buffer_len(&chain.der[0]), &id) < 0)
		return keys_fail(
			EX_DATAERR, "%s/%s holds no certificate in PEM", folder, name);
	text_hex(id.pin, sizeof(id.pin), hex);
	snprintf(ret, KEYS_PIN_PATH, KEYS_PINS "/%s", hex);
	return 0;
}

int
keys_pins_find(
	const struct keys_folder *folder, const char *name, char ret[KEYS_PIN_PATH])
{
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	int r = keys_folder_load(folder, name, &pem);

	return r != 0 ? r : path_of(folder->path, name, &pem, ret);
}

int
keys_pins_add(const struct keys_folder *folder, struct keys_set *set, const char *name,
	const struct buffer *pem)
{
	char path[KEYS_PIN_PATH];
	int r = path_of(folder->path, name, pem, path);

	return r != 0 ? r : keys_set_put(set, pem, "%s", path);
}
