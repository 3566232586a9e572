// SPDX-License-Identifier: ISC
/*
 * Loading fails as a whole: a missing or stale file leaves no credentials at all, so that
 * nobody enters by a rule that could not be read. GnuTLS skips a revocation list that is
 * expired, not yet valid, forged or missing without a word, so it gets none: for every
 * root one is asked for here, and issuers.c looks at those of each chain.
 */
#include "tls/credentials.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "tls/credentials_private.h"
#include "tls/judge.h"
#include "tls/revocation.h"

/* RSA keys beyond it cost more than they prove. */
enum { KEY_BITS_MAX = 8192 + 8 };

/* Of these roots a list's signature is verified once for all connections. */
enum { TLS_ROOTS_NOTED = 16 };

static void
free_datum(gnutls_datum_t *d)
{
	if (d->data)
		explicit_bzero(d->data, d->size);
	gnutls_free(d->data);
}

static int
complain(struct buffer *fault, int gnutls_error, const char *key, const char *path,
	const char *expected)
{
	int r = gnutls_error == GNUTLS_E_FILE_ERROR ? -errno : -EBADMSG;

	if (gnutls_error == GNUTLS_E_FILE_ERROR && errno)
		buffer_printf(fault, "%s: %s: %s; expected %s", key, path,
			strerror(errno), expected);
	else if (gnutls_error < 0)
		buffer_printf(fault, "%s: %s: %s; expected %s", key, path,
			gnutls_strerror(gnutls_error), expected);
	else
		buffer_printf(fault, "%s: %s: expected %s", key, path, expected);
	return r ? r : -EIO;
}

static int
load_chain(struct tls_credentials *c, const struct config *config, struct buffer *fault)
{
	CLEANUP(free_datum) gnutls_datum_t pem = { NULL, 0 };
	unsigned n = TLS_CHAIN_MAX;
	int r;

	errno = 0;
	r = gnutls_load_file(config->tls_cert, &pem);
	if (r >= 0)
		r = gnutls_pcert_list_import_x509_raw(
			c->chain, &n, &pem, GNUTLS_X509_FMT_PEM, 0);
	if (r < 0)
		return complain(fault, r, "tls_cert", config->tls_cert,
			"the server's certificate in PEM, its issuers behind it");
	c->n_chain = n;
	return 0;
}

static int
load_roots(struct tls_credentials *c, const struct config *config, struct buffer *fault)
{
	CLEANUP(free_datum) gnutls_datum_t pem = { NULL, 0 };
	int r;

	if (!config->tls_ca)
		return 0;
	errno = 0;
	r = gnutls_load_file(config->tls_ca, &pem);
	/* Pinned certificates need no root. */
	if (r == GNUTLS_E_FILE_ERROR && errno == ENOENT && config->tls_pins)
		return 0;
	if (r >= 0)
		r = gnutls_certificate_set_x509_trust_mem(
			c->certificates, &pem, GNUTLS_X509_FMT_PEM);
	if (r <= 0)
		return complain(fault, r, "tls_ca", config->tls_ca,
			"at least one CA certificate in PEM");
	return config->tickets ? pki_sha256(pem.data, pem.size, c->roots) : 0;
}

/* The roots as DER, TLS_ROOTS_NOTED of them at most; the caller frees each. */
static size_t
export_roots(struct tls_credentials *c, gnutls_datum_t ret[TLS_ROOTS_NOTED])
{
	gnutls_x509_trust_list_iter_t iter = NULL;
	gnutls_x509_trust_list_t roots;
	gnutls_x509_crt_t root;
	size_t n = 0;

	gnutls_certificate_get_trust_list(c->certificates, &roots);
	while (n < TLS_ROOTS_NOTED &&
		gnutls_x509_trust_list_iter_get_ca(roots, &iter, &root) >= 0) {
		if (gnutls_x509_crt_export2(root, GNUTLS_X509_FMT_DER, &ret[n]) >= 0)
			n++;
		gnutls_x509_crt_deinit(root);
	}
	gnutls_x509_trust_list_iter_deinit(iter);
	return n;
}

static int
read_lists(struct tls_credentials *c, const struct config *config)
{
	gnutls_datum_t roots[TLS_ROOTS_NOTED];
	struct pki_der cas[TLS_ROOTS_NOTED];
	size_t n = export_roots(c, roots);
	int r;

	for (size_t i = 0; i < n; i++)
		cas[i] = pki_der_of(roots[i].data, roots[i].size);
	r = tls_revocation_load(config->tls_crl, config->cache, cas, n, &c->revocation);
	for (size_t i = 0; i < n; i++)
		gnutls_free(roots[i].data);
	return r;
}

static int
check_lists(struct tls_credentials *c, const struct config *config, struct buffer *fault)
{
	const struct pki_crl_index *index = tls_revocation_index(c->revocation);
	gnutls_x509_trust_list_iter_t iter = NULL;
	gnutls_x509_trust_list_t roots;
	gnutls_x509_crt_t root;
	time_t now = time(NULL);
	int r = 0;

	gnutls_certificate_get_trust_list(c->certificates, &roots);
	while (r == 0 && gnutls_x509_trust_list_iter_get_ca(roots, &iter, &root) >= 0) {
		if (pki_crl_index_ask(index, root, NULL, now) != PKI_TRUSTED)
			r = complain(fault, 0, "tls_crl", config->tls_crl,
				"a current list signed by each CA of tls_ca");
		gnutls_x509_crt_deinit(root);
	}
	gnutls_x509_trust_list_iter_deinit(iter);
	c->until = pki_crl_index_until(index, now);
	return r;
}

static int
load_crls(struct tls_credentials *c, const struct config *config, struct buffer *fault)
{
	int r;

	if (!config->tls_crl)
		return 0;
	r = read_lists(c, config);
	if (r == -EBADMSG)
		return complain(fault, 0, "tls_crl", config->tls_crl,
			"revocation lists in PEM, none of them damaged");
	if (r < 0) {
		buffer_printf(fault, "tls_crl: %s: %s; expected a revocation list in PEM",
			config->tls_crl, strerror(-r));
		return r;
	}
	return check_lists(c, config, fault);
}

static int
load_priority(
	struct tls_credentials *c, const struct config *config, struct buffer *fault)
{
	const char *at = "";

	c->verify_flags = tls_judge_flags(config->tls_priority);
	if (gnutls_priority_init(&c->priority, config->tls_priority, &at) >= 0)
		return 0;
	c->priority = NULL;
	buffer_printf(
		fault, "tls_priority: expected a GnuTLS priority string, not \"%s\"", at);
	return -EINVAL;
}

int
tls_credentials_load(
	const struct config *config, struct tls_credentials **ret, struct buffer *fault)
{
	struct tls_credentials *c = calloc(1, sizeof *c);
	int r;

	if (!c)
		return -ENOMEM;
	/* The library counts, and tears itself down only when nobody is left: at the end
	 * of a process that is work for nothing. */
	gnutls_global_init();
	c->chain = calloc(TLS_CHAIN_MAX, sizeof *c->chain);
	if (!c->chain || gnutls_certificate_allocate_credentials(&c->certificates) < 0) {
		free(c->chain);
		free(c);
		return -ENOMEM;
	}
	c->until = INT64_MAX;
	/* The proof that key and certificate match costs a third of the start; a key that
	 * does not match fails the first handshake, and -t says it beforehand. */
	gnutls_certificate_set_flags(
		c->certificates, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
	gnutls_certificate_set_verify_limits(
		c->certificates, KEY_BITS_MAX, TLS_PEER_CHAIN_MAX);
	if ((r = load_priority(c, config, fault)) < 0 ||
		(r = load_chain(c, config, fault)) < 0 ||
		(r = load_roots(c, config, fault)) < 0 ||
		(r = load_crls(c, config, fault)) < 0) {
		tls_credentials_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

int64_t
tls_credentials_until(const struct tls_credentials *c)
{
	return c->until;
}

void
tls_credentials_free(struct tls_credentials *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < c->n_chain && !c->chain_taken; i++)
		gnutls_pcert_deinit(&c->chain[i]);
	if (c->priority)
		gnutls_priority_deinit(c->priority);
	tls_revocation_free(c->revocation);
	gnutls_certificate_free_credentials(c->certificates);
	free(c->chain);
	free(c);
}

int
tls_credentials_validity(const struct tls_credentials *c, struct pki_validity *ret)
{
	return pki_validity_read(c->chain[0].cert.data, c->chain[0].cert.size, ret);
}

static int
same_key(gnutls_pubkey_t a, gnutls_pubkey_t b)
{
	uint8_t id_a[64], id_b[64];
	size_t len_a = sizeof id_a, len_b = sizeof id_b;

	if (gnutls_pubkey_get_key_id(a, GNUTLS_KEYID_USE_SHA256, id_a, &len_a) < 0 ||
		gnutls_pubkey_get_key_id(b, GNUTLS_KEYID_USE_SHA256, id_b, &len_b) < 0)
		return 0;
	return len_a == len_b && memcmp(id_a, id_b, len_a) == 0;
}

int
tls_credentials_check_key(const struct config *config, const struct tls_credentials *c,
	struct buffer *fault)
{
	CLEANUP(free_datum) gnutls_datum_t pem = { NULL, 0 };
	gnutls_privkey_t key;
	gnutls_pubkey_t public;
	int r;

	if (gnutls_privkey_init(&key) < 0)
		return -ENOMEM;
	if (gnutls_pubkey_init(&public) < 0) {
		gnutls_privkey_deinit(key);
		return -ENOMEM;
	}
	errno = 0;
	r = gnutls_load_file(config->tls_key, &pem);
	if (r >= 0)
		r = gnutls_privkey_import_x509_raw(
			key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (r >= 0)
		r = gnutls_pubkey_import_privkey(public, key, 0, 0);
	if (r < 0)
		r = complain(
			fault, r, "tls_key", config->tls_key, "a private key in PEM");
	else if (!same_key(public, c->chain[0].pubkey))
		r = complain(fault, 0, "tls_key", config->tls_key,
			"the key of the certificate in tls_cert");
	gnutls_pubkey_deinit(public);
	gnutls_privkey_deinit(key);
	return r < 0 ? r : 0;
}
