// SPDX-License-Identifier: ISC
/*
 * What is said of a certificate, in words and as JSON. Reads the clock.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/text.h"
#include "keys/certificate.h"

enum { DAY = 24 * 60 * 60 };

enum keys_state
keys_certificate_state(
	const struct keys_certificate *c, const struct pki_crl_entry *revoked)
{
	int64_t now = time(NULL);

	if (revoked)
		return KEYS_REVOKED;
	if (now > c->id.not_after)
		return KEYS_EXPIRED;
	if (now < c->id.not_before)
		return KEYS_NOT_YET_VALID;
	return c->id.not_after - now < (int64_t)KEYS_SOON_DAYS * DAY ? KEYS_EXPIRES_SOON
								     : KEYS_VALID;
}

const char *
keys_state_name(enum keys_state state)
{
	static const char *const names[] = {
		[KEYS_VALID] = "valid",
		[KEYS_EXPIRES_SOON] = "expires soon",
		[KEYS_EXPIRED] = "expired",
		[KEYS_REVOKED] = "revoked",
		[KEYS_NOT_YET_VALID] = "not yet valid",
	};

	return names[state];
}

const char *
keys_certificate_purpose(const struct keys_certificate *c)
{
	const struct pki_description *what = &c->what;

	if (what->is_ca)
		return "ca";
	if (what->for_server && what->for_client)
		return "any";
	if (what->for_server)
		return "server";
	return what->for_client ? "client" : "other";
}

bool
keys_certificate_has_users(const struct keys_certificate *c)
{
	return c->what.for_client && !c->what.is_ca && c->id.n_names > 0;
}

static int
put_revocation(struct buffer *b, const struct pki_crl_entry *revoked)
{
	const char *reason = revoked ? pki_reason_name(revoked->reason) : NULL;
	int r;

	if (!revoked)
		return 0;
	r = json_time(b, "revoked", revoked->date);
	return r < 0 ? r : json_member(b, "reason", reason ? reason : "unspecified");
}

/* Of the holder and of the key. */
static int
put_holder(struct buffer *b, const struct keys_certificate *c)
{
	char serial[2 * PKI_SERIAL_MAX + 1];
	char pin[PKI_PIN_HEX];
	int r = json_member(b, "subject", c->what.subject);

	text_hex(c->id.serial, c->id.serial_len, serial);
	text_hex(c->id.pin, sizeof(c->id.pin), pin);
	if (r == 0)
		r = json_member(b, "issuer", c->what.issuer);
	if (r == 0)
		r = json_member(b, "serial", serial);
	if (r == 0)
		r = json_member(b, "names", c->what.others);
	if (r == 0)
		r = json_strings(b, "users", c->id.names,
			keys_certificate_has_users(c) ? c->id.n_names : 0);
	if (r == 0)
		r = json_member(b, "key", c->what.key);
	return r < 0 ? r : json_member(b, "pin", pin);
}

static int
put_use(struct buffer *b, const struct keys_certificate *c)
{
	int r = json_member(b, "uses", c->what.uses);

	if (r == 0 && c->what.is_ca)
		r = json_member(b, "constraints", c->what.constraints);
	if (r == 0 && c->what.is_ca && c->what.path_length >= 0)
		r = json_number(b, "path_length", c->what.path_length);
	return r;
}

int
keys_certificate_json(struct buffer *b, const char *file,
	const struct keys_certificate *c, const struct pki_crl_entry *revoked)
{
	int r = buffer_puts(b, "{");

	if (r == 0)
		r = json_member(b, "file", file);
	if (r == 0)
		r = json_member(
			b, "state", keys_state_name(keys_certificate_state(c, revoked)));
	if (r == 0)
		r = json_member(b, "for", keys_certificate_purpose(c));
	if (r == 0)
		r = json_time(b, "from", c->id.not_before);
	if (r == 0)
		r = json_time(b, "until", c->id.not_after);
	if (r == 0)
		r = put_holder(b, c);
	if (r == 0)
		r = put_use(b, c);
	return r < 0 ? r : put_revocation(b, revoked);
}
