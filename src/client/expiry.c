// SPDX-License-Identifier: ISC
/*
 * Both ends' certificates as the handshake has shown them. Keeps nothing. What cannot be
 * read is not told of: the handshake has judged it.
 */
#include "client/expiry.h"

#include "base/calendar.h"
#include "base/cleanup.h"
#include "client/fault.h"
#include "host/clock.h"
#include "pki/validity.h"

/* Whether it ends soon, and on which day. */
static bool
ends_soon(const struct tls_client *t,
	int (*certificate)(const struct tls_client *t, struct buffer *ret),
	char ret_day[CALENDAR_STAMP_SIZE])
{
	CLEANUP(buffer_free) struct buffer der = { 0 };
	struct pki_validity v;

	if (certificate(t, &der) < 0 ||
		pki_validity_read(buffer_data(&der), buffer_len(&der), &v) < 0 ||
		!pki_validity_ends_soon(&v, host_clock_now()))
		return false;
	calendar_day(v.until, ret_day);
	return true;
}

void
client_expiry_warn(const struct client_settings *s, const struct tls_client *t)
{
	char day[CALENDAR_STAMP_SIZE];

	if (ends_soon(t, tls_client_own, day))
		client_say("your certificate%s%s expires on %s: have it renewed",
			s->cert ? " " : "", s->cert ? s->cert : "", day);
	if (ends_soon(t, tls_client_peer, day))
		client_say("the certificate of %s expires on %s: tell its "
			   "administrator",
			s->host, day);
}
