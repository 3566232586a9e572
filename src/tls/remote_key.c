// SPDX-License-Identifier: ISC
/*
 * GnuTLS' private key by callbacks. Faults: whatever goes wrong on the control channel is
 * GNUTLS_E_PK_SIGN_FAILED, which ends the handshake.
 */
#include "tls/remote_key.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <string.h>

#include "base/cleanup.h"
#include "tls/control.h"

/* What GnuTLS asks about the key is answered from our certificate's public key. One
 * process serves one connection, so that one of it is enough. */
static struct {
	int control;
	int algorithm; /* gnutls_pk_algorithm_t */
	unsigned bits;
} remote;

static int
ask(bool hash, gnutls_sign_algorithm_t algorithm, const gnutls_datum_t *data,
	gnutls_datum_t *signature)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	struct tls_message m = { .kind = TLS_SIGN,
		.sign = { hash, (uint32_t)algorithm, data->data, data->size } };

	if (tls_control_send(remote.control, &m) < 0 ||
		tls_control_receive(remote.control, &b, &m) < 0)
		return GNUTLS_E_PK_SIGN_FAILED;
	if (m.kind != TLS_SIGNATURE || m.bytes.len == 0) {
		tls_message_clear(&m);
		return GNUTLS_E_PK_SIGN_FAILED;
	}
	signature->data = gnutls_malloc(m.bytes.len);
	if (!signature->data)
		return GNUTLS_E_MEMORY_ERROR;
	memcpy(signature->data, m.bytes.data, m.bytes.len);
	signature->size = (unsigned)m.bytes.len;
	return 0;
}

static int
sign_data(gnutls_privkey_t key, gnutls_sign_algorithm_t algorithm, void *user,
	unsigned flags, const gnutls_datum_t *data, gnutls_datum_t *signature)
{
	(void)key, (void)user, (void)flags;
	return ask(false, algorithm, data, signature);
}

static int
sign_hash(gnutls_privkey_t key, gnutls_sign_algorithm_t algorithm, void *user,
	unsigned flags, const gnutls_datum_t *hash, gnutls_datum_t *signature)
{
	(void)key, (void)user, (void)flags;
	return ask(true, algorithm, hash, signature);
}

static int
info(gnutls_privkey_t key, unsigned flags, void *user)
{
	(void)key, (void)user;
	if (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO)
		return gnutls_sign_supports_pk_algorithm(GNUTLS_FLAGS_TO_SIGN_ALGO(flags),
			       (gnutls_pk_algorithm_t)remote.algorithm) != 0;
	if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO)
		return remote.algorithm;
	if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS)
		return (int)remote.bits;
	return -1;
}

int
tls_remote_key_bind(struct tls_credentials *c, int control)
{
	/* One pair serves every name, so those in the certificate are not looked for. */
	const char *names[1] = { NULL };
	gnutls_privkey_t key;

	remote.control = control;
	remote.algorithm = gnutls_pubkey_get_pk_algorithm(
		c->chain[0].pubkey, &remote.bits);
	if (remote.algorithm < 0 || gnutls_privkey_init(&key) < 0)
		return -EINVAL;
	if (gnutls_privkey_import_ext4(
		    key, NULL, sign_data, sign_hash, NULL, NULL, info, 0) < 0) {
		gnutls_privkey_deinit(key);
		return -EINVAL;
	}
	/* On success key and chain belong to the credentials. */
	if (gnutls_certificate_set_key(
		    c->certificates, names, 0, c->chain, (int)c->n_chain, key) < 0) {
		gnutls_privkey_deinit(key);
		return -EINVAL;
	}
	c->chain_taken = true;
	return 0;
}
