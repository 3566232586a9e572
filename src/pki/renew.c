// SPDX-License-Identifier: ISC
/*
 * Certificates made anew from earlier ones, whoever made those: all that they say of
 * their holder stays, byte for byte. Nothing is kept between calls. Faults: see make.h.
 */
#include <errno.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "pki/handle.h"
#include "pki/make_parts.h"

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

/* GnuTLS adds to a subject, and replaces none: another one needs another certificate. */
static int
begin_renamed(gnutls_x509_crt_t earlier, const char *common_name, gnutls_x509_crt_t *ret)
{
	CLEANUP(pki_crt_free) gnutls_x509_crt_t crt = NULL;
	int r;

	if (gnutls_x509_crt_init(&crt) < 0)
		return -ENOMEM;
	r = pki_make_fault(gnutls_x509_crt_set_version(crt, 3));
	if (r == 0)
		r = pki_make_fault(
			gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0,
				common_name, (unsigned)strlen(common_name)));
	if (r == 0)
		r = copy_extensions(earlier, crt);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(crt);
	return 0;
}

static int
alter(gnutls_x509_crt_t crt, const struct pki_renewal *renewal)
{
	int r = 0;

	if (renewal->key)
		r = gnutls_x509_crt_set_key(crt, pki_key_handle(renewal->key));
	if (r == 0)
		r = gnutls_x509_crt_set_activation_time(crt, renewal->not_before);
	if (r == 0)
		r = gnutls_x509_crt_set_expiration_time(crt, renewal->not_after);
	if (r == 0 && renewal->path_length >= 0)
		r = gnutls_x509_crt_set_basic_constraints(crt, 1, renewal->path_length);
	if (r < 0)
		return pki_make_fault(r);
	r = pki_make_set_serial(crt);
	if (r == 0 && renewal->key)
		r = pki_make_set_key_id(crt, renewal->key);
	return r;
}

int
pki_certificate_renew(const void *earlier, size_t earlier_len,
	const struct pki_renewal *renewal, const void *issuer, size_t issuer_len,
	const struct pki_key *issuer_key, struct buffer *ret)
{
	CLEANUP(pki_crt_free) gnutls_x509_crt_t old = NULL;
	CLEANUP(pki_crt_free) gnutls_x509_crt_t renamed = NULL;
	CLEANUP(pki_crt_free) gnutls_x509_crt_t ca = NULL;
	gnutls_x509_crt_t crt;
	int r = pki_crt_read(earlier, earlier_len, &old);

	if (!renewal->key && (renewal->common_name || !issuer_key))
		return -EINVAL;
	if (r == 0 && renewal->common_name)
		r = begin_renamed(old, renewal->common_name, &renamed);
	crt = renamed ? renamed : old;
	if (r == 0)
		r = alter(crt, renewal);
	if (r == 0 && issuer_key)
		r = pki_crt_read(issuer, issuer_len, &ca);
	return r < 0 ? r : pki_make_finish(crt, renewal->key, ca, issuer_key, ret);
}
