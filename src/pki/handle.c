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

bool
pki_crt_is_self_signed(gnutls_x509_crt_t crt)
{
	unsigned status;

	return gnutls_x509_crt_check_issuer(crt, crt) &&
	       gnutls_x509_crt_verify(crt, &crt, 1,
		       GNUTLS_VERIFY_DISABLE_TIME_CHECKS | GNUTLS_VERIFY_DISABLE_CA_SIGN |
			       GNUTLS_VERIFY_ALLOW_X509_V1_CA_CRT,
		       &status) >= 0 &&
	       status == 0;
}
