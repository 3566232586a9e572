// SPDX-License-Identifier: ISC
/*
 * Copies of a CA's or a server's certificate, brought up to date. They are known by the
 * key of their first certificate, so that those that a kill has left are found as well.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "keys/renew.h"
#include "pki/file.h"

enum { PINS_MAX = 64 };

struct pins {
	uint8_t pins[PINS_MAX][PKI_PIN_SIZE];
	size_t n;
};

/* Those of a text, as far as there is room. */
static void
add_pins(struct pins *pins, const struct buffer *pem)
{
	CLEANUP(pki_chain_clear) struct pki_chain chain = { 0 };

	if (pki_chain_read(buffer_data(pem), buffer_len(pem), &chain) < 0)
		return;
	for (size_t i = 0; i < chain.n && pins->n < PINS_MAX; i++) {
		CLEANUP(pki_identity_clear) struct pki_identity id = { 0 };
		const struct buffer *der = &chain.der[i];

		if (pki_identity_read(buffer_data(der), buffer_len(der), &id) == 0)
			memcpy(pins->pins[pins->n++], id.pin, PKI_PIN_SIZE);
	}
}

static int
add_old(void *context, const char *path, const struct buffer *pem)
{
	(void)path;
	add_pins(context, pem);
	return 0;
}

static bool
is_copy(const struct pins *pins, const struct buffer *text)
{
	struct pins own = { 0 };

	add_pins(&own, text);
	for (size_t i = 0; own.n > 0 && i < pins->n; i++) {
		if (memcmp(pins->pins[i], own.pins[0], PKI_PIN_SIZE) == 0)
			return true;
	}
	return false;
}

static bool
is_same(const struct buffer *a, const struct buffer *b)
{
	return buffer_len(a) == buffer_len(b) &&
	       memcmp(buffer_data(a), buffer_data(b), buffer_len(a)) == 0;
}

static int
rewrite(const struct keys_copies *copies, const struct pins *pins, const char *path)
{
	CLEANUP(buffer_free) struct buffer text = { 0 };
	CLEANUP(keys_set_clear) struct keys_set set = { 0 };
	int r;

	if (pki_file_read(copies->folder->fd, path, PKI_CERTIFICATE_MAX, &text) < 0 ||
		is_same(&text, copies->new) || !is_copy(pins, &text))
		return 0;
	r = keys_set_put(&set, copies->new, "%s", path);
	return r != 0 ? r : keys_set_store(copies->folder, &set, true);
}

int
keys_copies_rewrite(const struct keys_copies *copies, const char *below, const char *file)
{
	CLEANUP(keys_entries_clear) struct keys_entries entries = { 0 };
	struct pins pins = { 0 };
	int r = keys_folder_list(copies->folder, below, &entries);

	add_pins(&pins, copies->old);
	if (r == 0)
		r = keys_old_each(copies->folder, copies->whose, add_old, &pins);
	for (int i = 0; r == 0 && i < entries.n; i++) {
		char path[KEYS_PATH_MAX];

		if (snprintf(path, sizeof(path), "%s/%s/%s", below,
			    entries.list[i]->d_name, file) < (int)sizeof(path))
			r = rewrite(copies, &pins, path);
	}
	return r;
}
