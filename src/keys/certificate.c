// SPDX-License-Identifier: ISC
/*
 * Certificates read from files of the folder.
 */
#include "keys/certificate.h"

#include <sysexits.h>

#include "base/cleanup.h"
#include "keys/report.h"

int
keys_certificate_read(const struct buffer *der, struct keys_certificate *ret)
{
	CLEANUP(keys_certificate_clear) struct keys_certificate c = { 0 };
	int r = pki_identity_read(buffer_data(der), buffer_len(der), &c.id);

	if (r == 0)
		r = pki_describe(buffer_data(der), buffer_len(der), &c.what);
	if (r != 0)
		return r;
	*ret = TAKE(c, (struct keys_certificate){ 0 });
	return 0;
}

void
keys_certificate_clear(struct keys_certificate *c)
{
	pki_identity_clear(&c->id);
	pki_description_clear(&c->what);
}

int
keys_certificate_load(const struct keys_folder *folder, const char *name,
	struct buffer *ret_pem, struct pki_chain *ret_chain, struct keys_certificate *ret)
{
	CLEANUP(pki_chain_clear) struct pki_chain chain = { 0 };
	int r = keys_folder_load(folder, name, ret_pem);

	if (r != 0)
		return r;
	r = pki_chain_read(buffer_data(ret_pem), buffer_len(ret_pem), &chain);
	if (r == 0)
		r = keys_certificate_read(&chain.der[0], ret);
	if (r != 0)
		return keys_fail(EX_DATAERR, "%s/%s holds no certificate in PEM",
			folder->path, name);
	*ret_chain = TAKE(chain, (struct pki_chain){ 0 });
	return 0;
}
