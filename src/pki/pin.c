// SPDX-License-Identifier: ISC
/*
 * The directory of pinned certificates: one PEM file for each key, named by the SHA-256
 * of its SubjectPublicKeyInfo in lower-case hexadecimal. The name is made here from the
 * pin, so nothing the peer sends is ever part of a path. Faults: -ENOENT for a key that
 * is not pinned, -EBADMSG for a file that holds no certificate, else those of reading.
 */
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "pki/file.h"
#include "pki/handle.h"
#include "pki/identity.h"

static void
datum_cleanup(gnutls_datum_t *datum)
{
	gnutls_free(datum->data);
}

static int
read_pin_file(const char *directory, const char *name, gnutls_datum_t *ret_der)
{
	CLEANUP_FD int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	gnutls_datum_t text;
	int r;

	/* A missing directory is no answer to the question whether a key lies in it. */
	if (folder < 0)
		return errno == ENOENT ? -ENOTDIR : -errno;
	r = pki_file_read(folder, name, PKI_CERTIFICATE_MAX, &pem);
	if (r < 0)
		return r;
	text = (gnutls_datum_t){ (unsigned char *)buffer_data(&pem),
		(unsigned)buffer_len(&pem) };
	if (text.size == 0)
		return -EBADMSG;
	r = gnutls_pem_base64_decode2("CERTIFICATE", &text, ret_der);
	if (r < 0)
		return r == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EBADMSG;
	return 0;
}

int
pki_pin_find(const char *directory, const uint8_t pin[PKI_PIN_SIZE], int64_t now,
	struct pki_identity *ret, enum pki_verdict *ret_verdict,
	gnutls_x509_crt_t *ret_crt)
{
	CLEANUP(datum_cleanup) gnutls_datum_t der = { NULL, 0 };
	CLEANUP(pki_crt_free) gnutls_x509_crt_t crt = NULL;
	char name[PKI_PIN_HEX];
	int r;

	text_hex(pin, PKI_PIN_SIZE, name);
	r = read_pin_file(directory, name, &der);
	if (r == 0)
		r = pki_crt_read(der.data, der.size, &crt);
	if (r == 0)
		r = pki_crt_identity(crt, ret);
	if (r < 0)
		return r;
	if (memcmp(ret->pin, pin, PKI_PIN_SIZE) != 0)
		*ret_verdict = PKI_BAD;
	else
		*ret_verdict = pki_crt_judge(crt, now);
	if (ret_crt)
		*ret_crt = TAKE_PTR(crt);
	return 0;
}
