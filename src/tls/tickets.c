// SPDX-License-Identifier: ISC
/*
 * GnuTLS does not use the key it is given for tickets but a hash of it with the time, so
 * that it changes every three lifetimes; the first bytes of the hash stand in each
 * ticket. One made before such a change is not known to a session that begins behind it:
 * then there is a whole handshake. Owns nothing; what was received is wiped.
 */
#include "tls/tickets.h"

#include <endian.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/reader.h"
#include "host/tickets.h"

enum {
	EXTENSION_SESSION_TICKET = 35, /* RFC 5077 section 3.2 */
	EXTENSION_PRE_SHARED_KEY = 41, /* RFC 8446 section 4.2.11 */
	ROTATION = 3 * HOST_TICKET_SECONDS,
	DIGEST = 64, /* of SHA3-512 */
};

_Static_assert((int)TLS_TICKET_ID == (int)HOST_TICKET_ID, "id");
_Static_assert((int)TLS_TICKET_KEY == (int)HOST_TICKET_KEY, "key");

struct search {
	unsigned extension;
	const uint8_t *id; /* in the ClientHello, or NULL */
};

/* Of the identities of a pre_shared_key GnuTLS takes the first that it can decrypt: they
 * are looked at as long as there is none that could be a ticket. */
static const uint8_t *
find_identity(const uint8_t *data, size_t len)
{
	struct reader body = { .at = data, .left = len };
	struct reader list = reader_inner(&body, 2);

	while (!list.bad && list.left > 0) {
		struct reader identity = reader_inner(&list, 2);

		reader_number(&list, 4); /* its age */
		if (!list.bad && identity.left >= TLS_TICKET_ID)
			return identity.at;
	}
	return NULL;
}

static int
look_at(void *context, unsigned type, const unsigned char *data, unsigned len)
{
	struct search *s = context;

	if (type != s->extension || s->id)
		return 0;
	if (type == EXTENSION_PRE_SHARED_KEY)
		s->id = find_identity(data, len);
	else if (len >= TLS_TICKET_ID)
		s->id = data;
	return 0;
}

bool
tls_tickets_find(const void *hello, size_t len, bool tls13, uint8_t ret[TLS_TICKET_ID])
{
	struct search s = { .extension = tls13 ? EXTENSION_PRE_SHARED_KEY
					       : EXTENSION_SESSION_TICKET };
	gnutls_datum_t body = { (void *)hello, (unsigned)len };

	if (gnutls_ext_raw_parse(
		    &s, look_at, &body, GNUTLS_EXT_RAW_FLAG_TLS_CLIENT_HELLO) < 0 ||
		!s.id)
		return false;
	memcpy(ret, s.id, TLS_TICKET_ID);
	return true;
}

int
tls_tickets_id(const uint8_t key[TLS_TICKET_KEY], int64_t now, uint8_t ret[TLS_TICKET_ID])
{
	struct {
		uint64_t period;
		uint8_t key[TLS_TICKET_KEY];
	} hashed = { .period = htobe64((uint64_t)(now / ROTATION)) };
	uint8_t digest[DIGEST];
	int r;

	memcpy(hashed.key, key, sizeof hashed.key);
	r = gnutls_hash_fast(GNUTLS_DIG_SHA3_512, &hashed, sizeof hashed, digest);
	if (r >= 0)
		memcpy(ret, digest, TLS_TICKET_ID);
	explicit_bzero(&hashed, sizeof hashed);
	explicit_bzero(digest, sizeof digest);
	return r < 0 ? -EIO : 0;
}

static int
use_key(gnutls_session_t session, const struct tls_message *answer)
{
	gnutls_datum_t key = { (void *)answer->bytes.data, (unsigned)answer->bytes.len };

	if (answer->kind != TLS_STEK)
		return GNUTLS_E_INTERNAL_ERROR;
	if (key.size == 0)
		return 0;
	gnutls_db_set_cache_expiration(session, HOST_TICKET_SECONDS);
	return gnutls_session_ticket_enable_server(session, &key);
}

int
tls_tickets_begin(
	gnutls_session_t session, int control, bool tls13, const void *hello, size_t len)
{
	CLEANUP(buffer_wipe) struct buffer b = { 0 };
	uint8_t id[TLS_TICKET_ID];
	bool found = tls_tickets_find(hello, len, tls13, id);
	struct tls_message m = { .kind = TLS_TICKET,
		.bytes = { id, found ? sizeof id : 0 } };
	int r;

	if (tls_control_send(control, &m) < 0 || tls_control_receive(control, &b, &m) < 0)
		return GNUTLS_E_INTERNAL_ERROR;
	r = use_key(session, &m);
	tls_message_clear(&m);
	return r;
}
