// SPDX-License-Identifier: ISC
/*
 * Certificates for people. Everything read is copied out; the GnuTLS handles live inside
 * one call. Faults: -EBADMSG for what is no certificate, -E2BIG, -ENOMEM.
 */
#include "pki/describe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pki/describe_parts.h"
#include "pki/handle.h"
#include "pki/identity.h"
#include "pki/pem.h"

static const char LABEL[] = "CERTIFICATE";

static int
chain_add(void *context, const void *der, size_t len)
{
	CLEANUP(pki_crt_free) gnutls_x509_crt_t crt = NULL;
	struct pki_chain *chain = context;
	int r;

	if (chain->n == PKI_CHAIN_MAX)
		return -E2BIG;
	r = pki_crt_read(der, len, &crt);
	if (r == 0)
		r = buffer_append(&chain->der[chain->n], der, len);
	if (r == 0)
		chain->n++;
	return r;
}

int
pki_chain_read(const void *pem, size_t len, struct pki_chain *ret)
{
	CLEANUP(pki_chain_clear) struct pki_chain chain = { 0 };
	int r;

	if (len > PKI_CHAIN_MAX * (size_t)PKI_CERTIFICATE_MAX)
		return -E2BIG;
	r = pki_pem_each(pem, len, LABEL, chain_add, &chain);
	if (r < 0)
		return r;
	if (chain.n == 0)
		return -EBADMSG;
	*ret = TAKE(chain, (struct pki_chain){ 0 });
	return 0;
}

int
pki_chain_write(const struct pki_chain *chain, size_t first, struct buffer *ret)
{
	int r = 0;

	for (size_t i = first; r == 0 && i < chain->n; i++)
		r = pki_pem_write(LABEL, buffer_data(&chain->der[i]),
			buffer_len(&chain->der[i]), ret);
	return r;
}

void
pki_chain_clear(struct pki_chain *chain)
{
	for (size_t i = 0; i < chain->n; i++)
		buffer_free(&chain->der[i]);
	*chain = (struct pki_chain){ 0 };
}

static int
copy_dn(gnutls_x509_crt_t crt, int (*get)(gnutls_x509_crt_t, gnutls_datum_t *, unsigned),
	char **ret)
{
	gnutls_datum_t dn = { NULL, 0 };
	int r = get(crt, &dn, 0);

	if (r < 0 && r != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return pki_parse_fault(r);
	*ret = strndup(dn.data ? (const char *)dn.data : "", dn.size);
	gnutls_free(dn.data);
	return *ret ? 0 : -ENOMEM;
}

int
pki_name_describe(struct pki_der name, char **ret)
{
	const gnutls_datum_t der = { (unsigned char *)name.at, (unsigned)name.len };
	gnutls_datum_t text = { NULL, 0 };
	gnutls_x509_dn_t dn;
	int r = gnutls_x509_dn_init(&dn);

	if (r < 0)
		return -ENOMEM;
	r = gnutls_x509_dn_import(dn, &der);
	if (r == 0)
		r = gnutls_x509_dn_get_str2(dn, &text, 0);
	gnutls_x509_dn_deinit(dn);
	if (r < 0)
		return pki_parse_fault(r);
	*ret = strndup(text.data ? (const char *)text.data : "", text.size);
	gnutls_free(text.data);
	return *ret ? 0 : -ENOMEM;
}

static int
describe_key(gnutls_x509_crt_t crt, char **ret)
{
	CLEANUP(buffer_free) struct buffer text = { 0 };
	unsigned bits = 0;
	int algorithm = gnutls_x509_crt_get_pk_algorithm(crt, &bits);
	const char *name = NULL;
	int r;

	if (algorithm > 0)
		name = gnutls_pk_algorithm_get_name((gnutls_pk_algorithm_t)algorithm);
	r = buffer_printf(&text, "%s %u bits", name ? name : "unknown", bits);
	if (r < 0)
		return r;
	*ret = strndup(buffer_data(&text), buffer_len(&text));
	return *ret ? 0 : -ENOMEM;
}

/* One subjectAltName in the words of OpenSSL; what is no text is named by its kind. */
static int
add_other(struct buffer *text, unsigned type, const void *name, size_t len)
{
	static const char *const kinds[] = {
		[GNUTLS_SAN_DNSNAME] = "DNS:",
		[GNUTLS_SAN_RFC822NAME] = "email:",
		[GNUTLS_SAN_URI] = "URI:",
	};
	char address[INET6_ADDRSTRLEN];
	int r = buffer_len(text) > 0 ? buffer_puts(text, ", ") : 0;

	if (r < 0)
		return r;
	if (type == GNUTLS_SAN_IPADDRESS && (len == 4 || len == 16) &&
		inet_ntop(len == 4 ? AF_INET : AF_INET6, name, address, sizeof(address)))
		return buffer_printf(text, "IP:%s", address);
	if (type >= sizeof(kinds) / sizeof(kinds[0]) || !kinds[type])
		return buffer_puts(text, "other");
	r = buffer_puts(text, kinds[type]);
	return r < 0 ? r : buffer_append(text, name, len);
}

static int
describe_others(gnutls_x509_crt_t crt, char **ret)
{
	CLEANUP(buffer_free) struct buffer text = { 0 };
	char name[1024];
	const char *string;
	int r = 0;

	for (unsigned i = 0; i < PKI_NAMES_MAX && r == 0; i++) {
		size_t size = sizeof(name);
		unsigned type = 0;
		int found = gnutls_x509_crt_get_subject_alt_name2(
			crt, i, name, &size, &type, NULL);

		if (found == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (found == GNUTLS_E_SHORT_MEMORY_BUFFER)
			r = add_other(&text, UINT32_MAX, NULL, 0);
		else if (found < 0)
			return pki_parse_fault(found);
		else
			r = add_other(&text, type, name, size);
	}
	if (r < 0)
		return r;
	string = buffer_string(&text);
	*ret = string ? strdup(string) : NULL;
	return *ret ? 0 : -ENOMEM;
}

static int
describe_purpose(gnutls_x509_crt_t crt, struct pki_description *d)
{
	for (unsigned i = 0;; i++) {
		char oid[128];
		size_t size = sizeof(oid);
		int r = gnutls_x509_crt_get_key_purpose_oid(crt, i, oid, &size, NULL);
		bool any;

		if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) {
			d->for_server |= i == 0;
			d->for_client |= i == 0;
			return 0;
		}
		if (r == GNUTLS_E_SHORT_MEMORY_BUFFER)
			continue;
		if (r < 0)
			return pki_parse_fault(r);
		any = strcmp(oid, GNUTLS_KP_ANY) == 0;
		d->for_server |= any || strcmp(oid, GNUTLS_KP_TLS_WWW_SERVER) == 0;
		d->for_client |= any || strcmp(oid, GNUTLS_KP_TLS_WWW_CLIENT) == 0;
	}
}

int
pki_describe(const void *der, size_t len, struct pki_description *ret)
{
	CLEANUP(pki_crt_free) gnutls_x509_crt_t crt = NULL;
	CLEANUP(pki_description_clear) struct pki_description d = { 0 };
	int r = pki_crt_read(der, len, &crt);

	if (r == 0)
		r = copy_dn(crt, gnutls_x509_crt_get_dn3, &d.subject);
	if (r == 0)
		r = copy_dn(crt, gnutls_x509_crt_get_issuer_dn3, &d.issuer);
	if (r == 0)
		r = describe_key(crt, &d.key);
	if (r == 0)
		r = describe_others(crt, &d.others);
	if (r == 0)
		r = describe_purpose(crt, &d);
	if (r == 0)
		r = pki_describe_use(crt, &d);
	if (r < 0)
		return r;
	d.self_issued = strcmp(d.subject, d.issuer) == 0;
	*ret = TAKE(d, (struct pki_description){ 0 });
	return 0;
}

void
pki_description_clear(struct pki_description *d)
{
	free(d->subject);
	free(d->issuer);
	free(d->key);
	free(d->others);
	free(d->uses);
	free(d->constraints);
	*d = (struct pki_description){ 0 };
}
