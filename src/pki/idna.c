// SPDX-License-Identifier: ISC
/*
 * The conversion is GnuTLS'. A GnuTLS that was built without it knows no other form of
 * any name, and neither does this. Faults: -ENOMEM, and a domain that has no other
 * form where one is asked for.
 */
#include "pki/idna.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Whether name stands for the domain in both directions: what the library has decoded is
 * not yet a name that it would encode. */
static bool
name_leads_back(const char *name, const char *domain)
{
	gnutls_datum_t back = { NULL, 0 };
	bool same;

	if (gnutls_idna_map(name, (unsigned)strlen(name), &back, 0) < 0)
		return false;
	same = strcmp((const char *)back.data, domain) == 0;
	gnutls_free(back.data);
	return same;
}

/* The other form, or NULL; -ENOMEM. */
static int
name_read(const char *domain, char **ret)
{
	gnutls_datum_t name = { NULL, 0 };
	const char *text;
	int r;

	if (!strstr(domain, "xn--"))
		return 0;
	r = gnutls_idna_reverse_map(domain, (unsigned)strlen(domain), &name, 0);
	if (r < 0)
		return r == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : 0;
	text = (const char *)name.data;
	r = 0;
	if (strcmp(text, domain) != 0 && name_leads_back(text, domain)) {
		*ret = strdup(text);
		r = *ret ? 0 : -ENOMEM;
	}
	gnutls_free(name.data);
	return r;
}

int
pki_idna_all(char *const *domains, size_t n, char ***ret)
{
	char **names = calloc(n, sizeof(*names));
	size_t found = 0;

	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		int r = name_read(domains[i], &names[i]);

		if (r < 0) {
			pki_idna_free(names, n);
			return r;
		}
		found += names[i] != NULL;
	}
	if (found == 0) {
		pki_idna_free(names, n);
		names = NULL;
	}
	*ret = names;
	return 0;
}

int
pki_idna_to_ascii(const char *domain, char **ret)
{
	gnutls_datum_t name = { NULL, 0 };
	int r = gnutls_idna_map(domain, (unsigned)strlen(domain), &name, 0);

	if (r < 0)
		return r == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EINVAL;
	*ret = strdup((const char *)name.data);
	gnutls_free(name.data);
	return *ret ? 0 : -ENOMEM;
}

void
pki_idna_free(char **names, size_t n)
{
	for (size_t i = 0; names && i < n; i++)
		free(names[i]);
	free(names);
}
