// SPDX-License-Identifier: ISC
/*
 * Keys under a passphrase. The derivation and the cipher are called one by one here, and
 * not inside GnuTLS' PKCS #8, which leaves copies of the passphrase in memory that it has
 * freed; what holds a key in the clear is overwritten before it goes. A wrong passphrase
 * shows by the padding, or by what is then no key.
 */
#include "pki/protect.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <string.h>

#include "base/cleanup.h"
#include "pki/der.h"
#include "pki/digest.h"
#include "pki/handle.h"
#include "pki/identity.h"
#include "pki/pem.h"

enum { SALT_SIZE = 16, BLOCK = 16, KEY_MAX = 32, ROUNDS_MAX = 10000000 };

static const char LABEL[] = "ENCRYPTED PRIVATE KEY";
static const char BEGIN[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----";

struct oid {
	uint8_t len;
	uint8_t der[9];
};

static const struct oid OID_PBES2 = { 9,
	{ 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d } };
static const struct oid OID_PBKDF2 = { 9,
	{ 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c } };

/* The first is what stands for none. */
static const struct {
	struct oid oid;
	gnutls_mac_algorithm_t mac;
} macs[] = {
	{ { 8, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x07 } }, GNUTLS_MAC_SHA1 },
	{ { 8, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x09 } }, GNUTLS_MAC_SHA256 },
	{ { 8, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x0a } }, GNUTLS_MAC_SHA384 },
	{ { 8, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x0b } }, GNUTLS_MAC_SHA512 },
};

static const struct {
	struct oid oid;
	gnutls_cipher_algorithm_t cipher;
	size_t key_len;
} ciphers[] = {
	{ { 9, { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x02 } },
		GNUTLS_CIPHER_AES_128_CBC, 16 },
	{ { 9, { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x16 } },
		GNUTLS_CIPHER_AES_192_CBC, 24 },
	{ { 9, { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a } },
		GNUTLS_CIPHER_AES_256_CBC, 32 },
};

enum { MAC_SHA256 = 1, CIPHER_AES_256 = 2 }; /* rows of the tables */

/* How a key is encrypted. */
struct scheme {
	struct pki_der salt;
	unsigned rounds;
	size_t mac; /* rows of the tables */
	size_t cipher;
	uint8_t iv[BLOCK];
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool
is_oid(struct pki_der der, const struct oid *oid)
{
	return pki_der_equal(der, pki_der_of(oid->der, oid->len));
}

/* Takes an AlgorithmIdentifier apart: its OID, and its parameters. */
static int
take_algorithm(
	struct pki_der *in, struct pki_der *ret_oid, struct pki_der *ret_parameters)
{
	int r = pki_der_take(in, PKI_DER_SEQUENCE, ret_parameters);

	return r < 0 ? r : pki_der_take(ret_parameters, PKI_DER_OID, ret_oid);
}

static int
read_mac(struct pki_der in, struct scheme *s)
{
	struct pki_der oid = { 0 }, rest = { 0 };
	int r;

	s->mac = 0;
	if (in.len == 0)
		return 0;
	r = take_algorithm(&in, &oid, &rest);
	if (r == 0 && rest.len > 0)
		r = pki_der_take(&rest, PKI_DER_NULL, &in);
	if (r < 0)
		return r;
	for (; s->mac < COUNT(macs); s->mac++) {
		if (is_oid(oid, &macs[s->mac].oid))
			return 0;
	}
	return -ENOTSUP;
}

/* PBKDF2-params: a salt, the rounds, perhaps the length of the key, perhaps the PRF. */
static int
read_derivation(struct pki_der *in, struct scheme *s)
{
	struct pki_der oid = { 0 }, inside = { 0 }, number = { 0 };
	int r = take_algorithm(in, &oid, &inside);

	if (r < 0)
		return r;
	if (!is_oid(oid, &OID_PBKDF2))
		return -ENOTSUP;
	r = pki_der_take(&inside, PKI_DER_SEQUENCE, &inside);
	if (r == 0)
		r = pki_der_take(&inside, PKI_DER_OCTETS, &s->salt);
	if (r == 0)
		r = pki_der_take(&inside, PKI_DER_INTEGER, &number);
	if (r < 0)
		return r;
	if (number.len == 0 || number.len > 4)
		return -EBADMSG;
	s->rounds = 0;
	for (size_t i = 0; i < number.len; i++)
		s->rounds = s->rounds << 8 | number.at[i];
	if (s->rounds == 0 || s->rounds > ROUNDS_MAX)
		return -EBADMSG;
	if (pki_der_is(&inside, PKI_DER_INTEGER))
		r = pki_der_take(&inside, PKI_DER_INTEGER, &number);
	return r < 0 ? r : read_mac(inside, s);
}

static int
read_cipher(struct pki_der *in, struct scheme *s)
{
	struct pki_der oid = { 0 }, rest = { 0 }, iv = { 0 };
	int r = take_algorithm(in, &oid, &rest);

	if (r < 0)
		return r;
	for (s->cipher = 0; s->cipher < COUNT(ciphers); s->cipher++) {
		if (is_oid(oid, &ciphers[s->cipher].oid))
			break;
	}
	if (s->cipher == COUNT(ciphers))
		return -ENOTSUP;
	r = pki_der_take(&rest, PKI_DER_OCTETS, &iv);
	if (r < 0)
		return r;
	if (iv.len != sizeof(s->iv))
		return -EBADMSG;
	memcpy(s->iv, iv.at, sizeof(s->iv));
	return 0;
}

/* EncryptedPrivateKeyInfo (RFC 5958 section 3) with PBES2-params (RFC 8018 appendix A.4).
 */
static int
read_scheme(struct pki_der in, struct scheme *ret, struct pki_der *ret_data)
{
	struct pki_der oid = { 0 }, inside = { 0 };
	int r = pki_der_take(&in, PKI_DER_SEQUENCE, &in);

	if (r == 0)
		r = take_algorithm(&in, &oid, &inside);
	if (r < 0)
		return r;
	if (!is_oid(oid, &OID_PBES2))
		return -ENOTSUP;
	r = pki_der_take(&inside, PKI_DER_SEQUENCE, &inside);
	if (r == 0)
		r = read_derivation(&inside, ret);
	if (r == 0)
		r = read_cipher(&inside, ret);
	return r < 0 ? r : pki_der_take(&in, PKI_DER_OCTETS, ret_data);
}

static int
derive(const struct scheme *s, const char *passphrase, uint8_t ret[KEY_MAX])
{
	gnutls_datum_t secret = { (unsigned char *)passphrase,
		(unsigned)strlen(passphrase) };
	gnutls_datum_t salt = { (unsigned char *)s->salt.at, (unsigned)s->salt.len };

	return gnutls_pbkdf2(macs[s->mac].mac, &secret, &salt, s->rounds, ret,
		       ciphers[s->cipher].key_len) < 0
		       ? -EIO
		       : 0;
}

/* En- or decrypts whole blocks where they lie. */
static int
run_cipher(const struct scheme *s, const char *passphrase, void *data, size_t len,
	int (*run)(gnutls_cipher_hd_t, void *, size_t))
{
	uint8_t secret[KEY_MAX];
	gnutls_datum_t key = { secret, (unsigned)ciphers[s->cipher].key_len };
	gnutls_datum_t iv = { (unsigned char *)s->iv, sizeof(s->iv) };
	gnutls_cipher_hd_t handle;
	int r = derive(s, passphrase, secret);

	if (r == 0 &&
		gnutls_cipher_init(&handle, ciphers[s->cipher].cipher, &key, &iv) < 0)
		r = -EIO;
	explicit_bzero(secret, sizeof(secret));
	if (r < 0)
		return r;
	r = run(handle, data, len) < 0 ? -EIO : 0;
	gnutls_cipher_deinit(handle);
	return r;
}

static int
encrypt(gnutls_cipher_hd_t handle, void *data, size_t len)
{
	return gnutls_cipher_encrypt(handle, data, len);
}

static int
decrypt(gnutls_cipher_hd_t handle, void *data, size_t len)
{
	return gnutls_cipher_decrypt(handle, data, len);
}

/* The padding of RFC 8018 section 6.1.1; 0 for what is none. */
static size_t
padding_of(const uint8_t *data, size_t len)
{
	size_t n = data[len - 1];

	if (n == 0 || n > BLOCK)
		return 0;
	for (size_t i = 1; i <= n; i++) {
		if (data[len - i] != n)
			return 0;
	}
	return n;
}

static int
open_key(struct pki_der der, const char *passphrase, struct pki_key **ret)
{
	CLEANUP(buffer_wipe) struct buffer plain = { 0 };
	struct scheme s = { 0 };
	struct pki_der data = { 0 };
	size_t padding;
	int r = read_scheme(der, &s, &data);

	if (r < 0)
		return r;
	if (data.len == 0 || data.len % BLOCK != 0)
		return -EBADMSG;
	r = buffer_append(&plain, data.at, data.len);
	if (r == 0)
		r = run_cipher(&s, passphrase, buffer_data(&plain), data.len, decrypt);
	if (r < 0)
		return r;
	padding = padding_of((uint8_t *)buffer_data(&plain), data.len);
	if (padding == 0)
		return -EKEYREJECTED;
	r = pki_key_read_der(buffer_data(&plain), data.len - padding, ret);
	return r == -EBADMSG ? -EKEYREJECTED : r;
}

bool
pki_key_is_protected(const void *pem, size_t len)
{
	return len > 0 && memmem(pem, len, BEGIN, sizeof(BEGIN) - 1) != NULL;
}

struct opening {
	const char *passphrase;
	struct pki_key *key;
};

/* The first key is enough. */
static int
open_next(void *context, const void *der, size_t len)
{
	struct opening *o = context;
	int r = open_key(pki_der_of(der, len), o->passphrase, &o->key);

	return r < 0 ? r : 1;
}

int
pki_key_unprotect(
	const void *pem, size_t len, const char *passphrase, struct pki_key **ret)
{
	struct opening o = { .passphrase = passphrase };
	int r;

	if (len > PKI_CERTIFICATE_MAX)
		return -EBADMSG;
	r = pki_pem_each(pem, len, LABEL, open_next, &o);
	if (r <= 0)
		return r < 0 ? r : -EBADMSG;
	*ret = o.key;
	return 0;
}

/* Puts an OID in front of parameters, and both into a sequence. */
static int
wrap_algorithm(struct buffer *parameters, const struct oid *oid)
{
	CLEANUP(buffer_free) struct buffer all = { 0 };
	struct buffer old;
	int r = pki_der_put(&all, PKI_DER_OID, oid->der, oid->len);

	if (r == 0)
		r = buffer_append(&all, buffer_data(parameters), buffer_len(parameters));
	if (r == 0)
		r = pki_der_wrap(&all, PKI_DER_SEQUENCE);
	if (r < 0)
		return r;
	old = *parameters;
	*parameters = all;
	all = old;
	return 0;
}

static int
write_derivation(const struct scheme *s, struct buffer *ret)
{
	CLEANUP(buffer_free) struct buffer mac = { 0 };
	int r = pki_der_put(&mac, PKI_DER_NULL, NULL, 0);

	if (r == 0)
		r = wrap_algorithm(&mac, &macs[s->mac].oid);
	if (r == 0)
		r = pki_der_put(ret, PKI_DER_OCTETS, s->salt.at, s->salt.len);
	if (r == 0)
		r = pki_der_put_number(ret, PKI_DER_INTEGER, s->rounds);
	if (r == 0)
		r = buffer_append(ret, buffer_data(&mac), buffer_len(&mac));
	if (r == 0)
		r = pki_der_wrap(ret, PKI_DER_SEQUENCE);
	return r < 0 ? r : wrap_algorithm(ret, &OID_PBKDF2);
}

static int
write_scheme(const struct scheme *s, struct buffer *ret)
{
	CLEANUP(buffer_free) struct buffer cipher = { 0 };
	int r = pki_der_put(&cipher, PKI_DER_OCTETS, s->iv, sizeof(s->iv));

	if (r == 0)
		r = wrap_algorithm(&cipher, &ciphers[s->cipher].oid);
	if (r == 0)
		r = write_derivation(s, ret);
	if (r == 0)
		r = buffer_append(ret, buffer_data(&cipher), buffer_len(&cipher));
	if (r == 0)
		r = pki_der_wrap(ret, PKI_DER_SEQUENCE);
	return r < 0 ? r : wrap_algorithm(ret, &OID_PBES2);
}

/* The key as DER, padded to whole blocks. */
static int
write_plain(const struct pki_key *key, struct buffer *ret)
{
	uint8_t padding[BLOCK];
	int r = pki_key_write_der(key, ret);

	if (r < 0)
		return r;
	memset(padding, BLOCK - (int)(buffer_len(ret) % BLOCK), sizeof(padding));
	return buffer_append(ret, padding, padding[0]);
}

int
pki_key_protect(const struct pki_key *key, const char *passphrase, struct buffer *ret)
{
	CLEANUP(buffer_wipe) struct buffer data = { 0 };
	CLEANUP(buffer_free) struct buffer whole = { 0 };
	uint8_t salt[SALT_SIZE];
	struct scheme s = { .salt = pki_der_of(salt, sizeof(salt)),
		.rounds = PKI_PROTECT_ROUNDS,
		.mac = MAC_SHA256,
		.cipher = CIPHER_AES_256 };
	int r = pki_random(salt, sizeof(salt));

	if (r == 0)
		r = pki_random(s.iv, sizeof(s.iv));
	if (r == 0)
		r = write_plain(key, &data);
	if (r == 0)
		r = run_cipher(
			&s, passphrase, buffer_data(&data), buffer_len(&data), encrypt);
	if (r == 0)
		r = write_scheme(&s, &whole);
	if (r == 0)
		r = pki_der_put(
			&whole, PKI_DER_OCTETS, buffer_data(&data), buffer_len(&data));
	if (r == 0)
		r = pki_der_wrap(&whole, PKI_DER_SEQUENCE);
	return r < 0 ? r
		     : pki_pem_write(LABEL, buffer_data(&whole), buffer_len(&whole), ret);
}
