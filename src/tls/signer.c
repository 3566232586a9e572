// SPDX-License-Identifier: ISC
/*
 * The private key from its file to its one signature. Owns the key and every copy of its
 * file's bytes, and overwrites them. Faults: -errno of reading, -EBADMSG for what is no
 * key, -EALREADY, -EINVAL, -EIO.
 */
#include "tls/signer.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

struct tls_signer {
	gnutls_privkey_t key; /* NULL once used */
};

static void
wipe_datum(gnutls_datum_t *d)
{
	if (d->data)
		explicit_bzero(d->data, d->size);
	gnutls_free(d->data);
}

/* The key's DER, so that it is ours to overwrite: GnuTLS leaves its own copy behind. */
static int
decode_pem(const gnutls_datum_t *pem, gnutls_datum_t *ret)
{
	static const char *const HEADERS[] = { "PRIVATE KEY", "EC PRIVATE KEY",
		"RSA PRIVATE KEY" };
	int r = GNUTLS_E_BASE64_DECODING_ERROR;

	for (size_t i = 0; i < sizeof HEADERS / sizeof *HEADERS && r < 0; i++)
		r = gnutls_pem_base64_decode2(HEADERS[i], pem, ret);
	return r;
}

static int
import_key(gnutls_privkey_t key, const gnutls_datum_t *pem)
{
	gnutls_datum_t der = { NULL, 0 };
	int r = decode_pem(pem, &der);

	if (r < 0)
		return r;
	r = gnutls_privkey_import_x509_raw(key, &der, GNUTLS_X509_FMT_DER, NULL, 0);
	wipe_datum(&der);
	return r;
}

int
tls_signer_load(const char *path, struct tls_signer **ret, struct buffer *fault)
{
	gnutls_datum_t pem = { NULL, 0 };
	struct tls_signer *s = calloc(1, sizeof *s);
	int r;

	if (!s)
		return -ENOMEM;
	if (gnutls_privkey_init(&s->key) < 0) {
		free(s);
		return -ENOMEM;
	}
	errno = 0;
	r = gnutls_load_file(path, &pem);
	if (r == GNUTLS_E_FILE_ERROR) {
		r = errno ? -errno : -EIO;
		buffer_printf(fault, "tls_key: %s: %s", path, strerror(-r));
	} else if (r >= 0) {
		r = import_key(s->key, &pem);
		if (r < 0) {
			buffer_printf(fault, "tls_key: %s: %s", path, gnutls_strerror(r));
			r = -EBADMSG;
		}
	}
	wipe_datum(&pem);
	if (r < 0) {
		tls_signer_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

static void
drop_key(struct tls_signer *s)
{
	if (s->key)
		gnutls_privkey_deinit(s->key);
	s->key = NULL;
}

/* Whether the algorithm is one that TLS uses with a key of this kind. TLS 1.2 signs PKCS
 * #1 with a DigestInfo that is made already (GNUTLS_SIGN_RSA_RAW). */
static bool
is_of_key(gnutls_privkey_t key, const struct tls_sign *request)
{
	unsigned bits;
	int pk = gnutls_privkey_get_pk_algorithm(key, &bits);

	if (pk < 0)
		return false;
	if (request->algorithm == GNUTLS_SIGN_RSA_RAW)
		return pk == GNUTLS_PK_RSA && request->hash;
	return gnutls_sign_supports_pk_algorithm(
		       (gnutls_sign_algorithm_t)request->algorithm,
		       (gnutls_pk_algorithm_t)pk) != 0;
}

int
tls_signer_sign(
	struct tls_signer *s, const struct tls_sign *request, struct buffer *signature)
{
	gnutls_sign_algorithm_t algorithm = (gnutls_sign_algorithm_t)request->algorithm;
	gnutls_datum_t data = { (void *)request->data, (unsigned)request->len }, made;
	int r;

	if (!s->key)
		return -EALREADY;
	if (!is_of_key(s->key, request)) {
		drop_key(s);
		return -EINVAL;
	}
	if (request->hash)
		r = gnutls_privkey_sign_hash2(s->key, algorithm, 0, &data, &made);
	else
		r = gnutls_privkey_sign_data2(s->key, algorithm, 0, &data, &made);
	drop_key(s);
	if (r < 0)
		return -EIO;
	r = buffer_append(signature, made.data, made.size);
	gnutls_free(made.data);
	return r;
}

void
tls_signer_free(struct tls_signer *s)
{
	if (!s)
		return;
	drop_key(s);
	free(s);
}
