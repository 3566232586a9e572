// SPDX-License-Identifier: ISC
/*
 * Certificates made anew from earlier ones, whoever made those: all that they say of
 * their holder stays, byte for byte. GnuTLS makes and signs one with the same extensions;
 * it can neither set a subject as it stands elsewhere nor change a certificate that it
 * has read without stumbling over what is optional in it, so the subject is put in here,
 * and the whole signed again. Nothing is kept between calls. Faults: see make.h.
 */
#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "pki/handle.h"
#include "pki/make_parts.h"
#include "pki/pem.h"

enum { X509_VERSION = 3, ISSUER = 3, SUBJECT = 5 /* places in a TBSCertificate */ };

static void
datum_free(gnutls_datum_t *datum)
{
	gnutls_free(datum->data);
}

/* Those of its key and of its issuer are made anew. */
static bool
is_kept(const char *oid)
{
	return strcmp(oid, GNUTLS_X509EXT_OID_SUBJECT_KEY_ID) != 0 &&
	       strcmp(oid, GNUTLS_X509EXT_OID_AUTHORITY_KEY_ID) != 0;
}

static int
copy_extension(gnutls_x509_crt_t from, unsigned i, gnutls_x509_crt_t to)
{
	CLEANUP(datum_free) gnutls_datum_t value = { NULL, 0 };
	char oid[128];
	size_t size = sizeof(oid);
	unsigned critical;
	int r = gnutls_x509_crt_get_extension_info(from, i, oid, &size, &critical);

	if (r == 0 && !is_kept(oid))
		return 0;
	if (r == 0)
		r = gnutls_x509_crt_get_extension_data2(from, i, &value);
	if (r == 0)
		r = gnutls_x509_crt_set_extension_by_oid(
			to, oid, value.data, value.size, critical);
	return r;
}

static int
copy_extensions(gnutls_x509_crt_t from, gnutls_x509_crt_t to)
{
	for (unsigned i = 0;; i++) {
		int r = copy_extension(from, i, to);

		if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return 0;
		if (r < 0)
			return pki_parse_fault(r);
	}
}

static int
set_key(gnutls_x509_crt_t crt, gnutls_x509_crt_t earlier, const struct pki_key *key)
{
	gnutls_pubkey_t public;
	int r;

	if (key)
		return pki_make_fault(gnutls_x509_crt_set_key(crt, pki_key_handle(key)));
	r = gnutls_pubkey_init(&public);
	if (r < 0)
		return pki_make_fault(r);
	r = gnutls_pubkey_import_x509(public, earlier, 0);
	if (r == 0)
		r = gnutls_x509_crt_set_pubkey(crt, public);
	gnutls_pubkey_deinit(public);
	return pki_make_fault(r);
}

static int
set_name(gnutls_x509_crt_t crt, const char *name)
{
	return gnutls_x509_crt_set_dn_by_oid(
		crt, GNUTLS_OID_X520_COMMON_NAME, 0, name, (unsigned)strlen(name));
}

static int
fill(gnutls_x509_crt_t crt, gnutls_x509_crt_t earlier, const struct pki_renewal *renewal)
{
	int r = gnutls_x509_crt_set_version(crt, X509_VERSION);

	if (r == 0)
		r = set_name(crt, renewal->common_name ? renewal->common_name : "CN");
	if (r == 0)
		r = gnutls_x509_crt_set_activation_time(crt, renewal->not_before);
	if (r == 0)
		r = gnutls_x509_crt_set_expiration_time(crt, renewal->not_after);
	if (r < 0)
		return pki_make_fault(r);
	r = copy_extensions(earlier, crt);
	if (r == 0 && renewal->path_length >= 0)
		r = pki_make_fault(gnutls_x509_crt_set_basic_constraints(
			crt, 1, renewal->path_length));
	if (r == 0)
		r = set_key(crt, earlier, renewal->key);
	if (r == 0)
		r = pki_make_set_serial(crt);
	return r < 0 ? r : pki_make_set_key_id(crt);
}

/* The same TBSCertificate with another subject, and with another issuer where the holder
 * is that as well. */
static int
put_subject(struct pki_der in, const gnutls_datum_t *subject, bool is_issuer,
	struct buffer *ret)
{
	int r = pki_der_take(&in, PKI_DER_SEQUENCE, &in);

	for (int i = 0; r == 0 && in.len > 0; i++) {
		struct pki_der element = { 0 };

		r = pki_der_take_any(&in, &element);
		if (i == SUBJECT || (i == ISSUER && is_issuer))
			element = pki_der_of(subject->data, subject->size);
		if (r == 0)
			r = buffer_append(ret, element.at, element.len);
	}
	return r < 0 ? r : pki_der_wrap(ret, PKI_DER_SEQUENCE);
}

/* The certificate that GnuTLS has made, with the subject of the earlier one. */
static int
sign_again(gnutls_x509_crt_t crt, const gnutls_datum_t *der,
	const gnutls_datum_t *subject, bool is_issuer, const struct pki_key *key,
	struct buffer *ret)
{
	CLEANUP(buffer_free) struct buffer data = { 0 };
	struct pki_der all = pki_der_of(der->data, der->size);
	struct pki_der signed_part = { 0 }, algorithm = { 0 };
	int r = pki_der_take(&all, PKI_DER_SEQUENCE, &all);

	if (r == 0)
		r = pki_der_take_any(&all, &signed_part);
	if (r == 0)
		r = pki_der_take_any(&all, &algorithm);
	if (r == 0)
		r = put_subject(signed_part, subject, is_issuer, &data);
	return r < 0 ? r
		     : pki_make_signed(&data, algorithm,
			       gnutls_x509_crt_get_signature_algorithm(crt), key, ret);
}

static int
finish(gnutls_x509_crt_t crt, gnutls_x509_crt_t earlier,
	const struct pki_renewal *renewal, bool is_issuer, const struct pki_key *signer,
	struct buffer *ret)
{
	CLEANUP(datum_free) gnutls_datum_t der = { NULL, 0 };
	CLEANUP(datum_free) gnutls_datum_t subject = { NULL, 0 };
	CLEANUP(buffer_free) struct buffer again = { 0 };
	CLEANUP(pki_crt_free) gnutls_x509_crt_t check = NULL;
	int r = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &der);

	if (r < 0)
		return pki_make_fault(r);
	if (renewal->common_name)
		return pki_pem_write("CERTIFICATE", der.data, der.size, ret);
	r = gnutls_x509_crt_get_raw_dn(earlier, &subject);
	if (r < 0)
		return pki_parse_fault(r);
	r = sign_again(crt, &der, &subject, is_issuer, signer, &again);
	/* What was put together is read before anybody has it. */
	if (r == 0)
		r = pki_crt_read(buffer_data(&again), buffer_len(&again), &check);
	return r < 0 ? r
		     : pki_pem_write("CERTIFICATE", buffer_data(&again),
			       buffer_len(&again), ret);
}

int
pki_certificate_renew(const void *earlier, size_t earlier_len,
	const struct pki_renewal *renewal, const void *issuer, size_t issuer_len,
	const struct pki_key *issuer_key, struct buffer *ret)
{
	CLEANUP(pki_crt_free) gnutls_x509_crt_t old = NULL;
	CLEANUP(pki_crt_free) gnutls_x509_crt_t crt = NULL;
	CLEANUP(pki_crt_free) gnutls_x509_crt_t ca = NULL;
	int r = pki_crt_read(earlier, earlier_len, &old);

	if (!renewal->key && !issuer_key)
		return -EINVAL;
	if (r == 0 && issuer_key)
		r = pki_crt_read(issuer, issuer_len, &ca);
	if (r < 0)
		return r;
	if (gnutls_x509_crt_init(&crt) < 0)
		return -ENOMEM;
	r = fill(crt, old, renewal);
	if (r == 0)
		r = pki_make_sign(crt, renewal->key, ca, issuer_key);
	return r < 0 ? r
		     : finish(crt, old, renewal, !ca, ca ? issuer_key : renewal->key,
			       ret);
}
