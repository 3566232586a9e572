// SPDX-License-Identifier: ISC
/*
 * Messages come one by one from a hook of GnuTLS, in the order in which both sides hash
 * them. Nothing is judged here, and the ClientHello alone is looked into. Faults are
 * GnuTLS' errors.
 */
#include "tls/transcribe.h"

#include <gnutls/gnutls.h>

#include "base/reader.h"
#include "tls/random.h"

enum { EXTENSION_SUPPORTED_VERSIONS = 43, VERSION_13 = 0x0304, HEADER = 4 };

/* One extension of a ClientHello. */
static int
look_for_tls13(void *found, unsigned type, const unsigned char *data, unsigned data_size)
{
	struct reader body = { .at = data, .left = data_size }, list;

	if (type != EXTENSION_SUPPORTED_VERSIONS)
		return 0;
	list = reader_inner(&body, 1);
	while (!list.bad && list.left > 0)
		*(bool *)found |= reader_number(&list, 2) == VERSION_13;
	return 0;
}

/* GnuTLS speaks the highest version that both have, and has to have its random before it
 * looks. A ClientHello that cannot be read is left to it to refuse. */
static int
say_random(gnutls_session_t session, struct tls_transcriber *t, const void *hello,
	size_t len)
{
	gnutls_datum_t body = { (void *)hello, (unsigned)len };
	uint8_t random[TLS_RANDOM_SIZE];
	gnutls_datum_t datum = { random, sizeof random };
	bool offered = false;

	gnutls_ext_raw_parse(
		&offered, look_for_tls13, &body, GNUTLS_EXT_RAW_FLAG_TLS_CLIENT_HELLO);
	t->tls13 = offered && tls_random_has_tls13(t->credentials);
	tls_random_say(t->credentials, t->tls13, t->random, random);
	return gnutls_handshake_set_random(session, &datum);
}

static int
note(struct tls_transcriber *t, unsigned type, const void *body, size_t len)
{
	uint8_t header[HEADER] = { (uint8_t)type, (uint8_t)(len >> 16),
		(uint8_t)(len >> 8), (uint8_t)len };

	if (len > TLS_TRANSCRIPT_MAX - HEADER ||
		buffer_len(&t->text) > TLS_TRANSCRIPT_MAX - HEADER - len)
		return GNUTLS_E_HANDSHAKE_TOO_LARGE;
	if (buffer_append(&t->text, header, sizeof header) < 0 ||
		buffer_append(&t->text, body, len) < 0)
		return GNUTLS_E_MEMORY_ERROR;
	return 0;
}

/* What answers the ClientHello is of a version that leaves proof, and of the one for
 * which its random was said: a ClientHello may be read in two ways. */
static int
check_version(gnutls_session_t session, const struct tls_transcriber *t)
{
	gnutls_protocol_t version = gnutls_protocol_get_version(session);

	if (version < GNUTLS_TLS1_2)
		return GNUTLS_E_UNSUPPORTED_VERSION_PACKET;
	return t->tls13 == (version >= GNUTLS_TLS1_3) ? 0 : GNUTLS_E_ILLEGAL_PARAMETER;
}

int
tls_transcribe(struct tls_transcriber *t, gnutls_session_t session, unsigned type,
	bool incoming, const void *body, size_t len)
{
	int r = 0;

	if (t->whole)
		return 0;
	/* On the wire it is a ServerHello. A hello of SSL 2.0 has no place here. */
	if (type == GNUTLS_HANDSHAKE_HELLO_RETRY_REQUEST)
		type = GNUTLS_HANDSHAKE_SERVER_HELLO;
	if (type > UINT8_MAX)
		return GNUTLS_E_UNEXPECTED_HANDSHAKE_PACKET;
	if (type == GNUTLS_HANDSHAKE_CLIENT_HELLO)
		r = say_random(session, t, body, len);
	else if (type == GNUTLS_HANDSHAKE_SERVER_HELLO)
		r = check_version(session, t);
	if (r < 0)
		return r;
	t->whole = incoming && type == GNUTLS_HANDSHAKE_CERTIFICATE_VERIFY;
	return note(t, type, body, len);
}
