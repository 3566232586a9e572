// SPDX-License-Identifier: ISC
/*
 * GnuTLS' certificate handle: made from DER, freed at the end of a scope. Faults:
 * -EBADMSG for what is no certificate, -ENOMEM.
 */
#include "pki/handle.h"

#include <errno.h>
#include <gnutls/x509.h>

#include "base/cleanup.h"
#include "pki/identity.h"

int
pki_parse_fault(int gnutls_error)
{
	return gnutls_error == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EBADMSG;
}

void
pki_crt_free(gnutls_x509_crt_t *crt)
{
	if (*crt)
		gnutls_x509_crt_deinit(*crt);
	*crt = NULL;
}

int
pki_crt_read(const void *der, size_t len, gnutls_x509_crt_t *ret)
{
	CLEANUP(pki_crt_free) gnutls_x509_crt_t crt = NULL;
	gnutls_datum_t datum = { (unsigned char *)der, (unsigned)len };
	int r;

	if (len == 0 || len > PKI_CERTIFICATE_MAX)
		return -EBADMSG;
	if (gnutls_x509_crt_init(&crt) < 0)
		return -ENOMEM;
	r = gnutls_x509_crt_import(crt, &datum, GNUTLS_X509_FMT_DER);
	if (r < 0)
		return pki_parse_fault(r);
	*ret = TAKE_PTR(crt);
	return 0;
}
