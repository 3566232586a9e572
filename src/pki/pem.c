// SPDX-License-Identifier: ISC
/*
 * PEM by GnuTLS, which decodes the first object of a text; where the next one begins is
 * found here. Nothing is kept.
 */
#include "pki/pem.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "pki/handle.h"

static int
decode(const char *label, const char *text, size_t len,
	int (*add)(void *context, const void *der, size_t len), void *context)
{
	gnutls_datum_t pem = { (unsigned char *)text, (unsigned)len };
	gnutls_datum_t der = { NULL, 0 };
	int r = gnutls_pem_base64_decode2(label, &pem, &der);

	if (r < 0)
		return pki_parse_fault(r);
	r = add(context, der.data, der.size);
	explicit_bzero(der.data, der.size);
	gnutls_free(der.data);
	return r;
}

int
pki_pem_each(const void *pem, size_t len, const char *label,
	int (*add)(void *context, const void *der, size_t len), void *context)
{
	const char *at = pem;
	const char *end = at + len;
	char begin[64];
	size_t n = (size_t)snprintf(begin, sizeof(begin), "-----BEGIN %s-----", label);
	int r = 0;

	if (len > UINT32_MAX || n >= sizeof(begin))
		return -EBADMSG;
	while (r == 0 && len > 0 && at < end &&
		(at = memmem(at, (size_t)(end - at), begin, n)) != NULL) {
		r = decode(label, at, (size_t)(end - at), add, context);
		at += n;
	}
	return r;
}

int
pki_pem_write(const char *label, const void *der, size_t len, struct buffer *ret)
{
	gnutls_datum_t data = { (unsigned char *)der, (unsigned)len };
	gnutls_datum_t pem = { NULL, 0 };
	int r = gnutls_pem_base64_encode2(label, &data, &pem);

	if (r < 0)
		return r == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EIO;
	r = buffer_append(ret, pem.data, pem.size);
	gnutls_free(pem.data);
	return r;
}
